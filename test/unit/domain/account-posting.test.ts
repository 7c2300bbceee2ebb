import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { postEntries, type PostingOutcome } from '#domain/account-posting.ts';
import {
  creditAccountSchema,
  netCreditsOf,
  type CreditAccount,
  type EntryType,
  type LedgerEntry,
} from '#domain/ledger.ts';

const AT = new Date('2026-10-01T09:00:00Z');

function account(fields: Partial<CreditAccount> = {}): CreditAccount {
  return { _id: 'w1', available: 0, held: 0, holds: {}, posting: {}, version: 1, ...fields };
}

function entry(type: EntryType, credits: number, generationId: string | null = 'g', n = 1): LedgerEntry {
  return {
    _id: `${generationId ?? 'x'}:${type}:${n}`,
    workspaceId: 'w1',
    jobId: 'j1',
    generationId,
    attempt: null,
    type,
    credits,
    at: AT,
    actor: { type: 'system', id: 'test' },
    reason: 'test',
    period: '2026-10',
  };
}

const none: ReadonlyMap<string, LedgerEntry> = new Map();
const hold = (credits: number): Pick<CreditAccount, 'held' | 'holds'> => ({
  held: credits,
  holds: { g: { credits, at: AT } },
});

function told(outcome: PostingOutcome | undefined): string {
  return outcome?.type === 'refused' ? outcome.code : (outcome?.type ?? 'nothing');
}

describe('posting an entry', () => {
  it.each<{
    given: Partial<CreditAccount>;
    type: EntryType;
    credits: number;
    available: number;
    held: number;
    outcome: string;
  }>([
    { given: {}, type: 'grant', credits: 100, available: 100, held: 0, outcome: 'applied' },
    { given: { available: 100 }, type: 'adjust', credits: -30, available: 70, held: 0, outcome: 'applied' },
    { given: {}, type: 'refund', credits: 100, available: 100, held: 0, outcome: 'applied' },
    { given: { available: 100 }, type: 'reserve', credits: 100, available: 0, held: 100, outcome: 'applied' },
    { given: { available: 99 }, type: 'reserve', credits: 100, available: 99, held: 0, outcome: 'insufficient_credit' },
    { given: hold(100), type: 'capture', credits: 100, available: 0, held: 0, outcome: 'applied' },
    { given: hold(100), type: 'capture', credits: 40, available: 0, held: 60, outcome: 'applied' },
    { given: hold(100), type: 'release', credits: 100, available: 100, held: 0, outcome: 'applied' },
    { given: hold(100), type: 'capture', credits: 101, available: 0, held: 100, outcome: 'no_hold' },
    { given: { available: 500 }, type: 'capture', credits: 100, available: 500, held: 0, outcome: 'no_hold' },
    { given: { available: 500 }, type: 'release', credits: 100, available: 500, held: 0, outcome: 'no_hold' },
  ])('$type of $credits on $given is $outcome', ({ given, type, credits, available, held, outcome }) => {
    const before = account(given);
    const posted = postEntries(before, [entry(type, credits)], none);
    expect(told(posted.outcomes[0])).toBe(outcome);
    expect(posted.account).toMatchObject({ available, held, version: outcome === 'applied' ? 2 : 1 });
    expect(posted.account === before).toBe(outcome !== 'applied');
  });

  it.each<{ case: string; again: LedgerEntry; outcome: string }>([
    { case: 'the same parameters', again: entry('reserve', 100), outcome: 'in_posting' },
    { case: 'another amount', again: entry('reserve', 50), outcome: 'key_reused' },
    { case: 'another type', again: { ...entry('release', 100), _id: 'g:reserve:1' }, outcome: 'key_reused' },
    { case: 'another workspace', again: { ...entry('reserve', 100), workspaceId: 'w2' }, outcome: 'key_reused' },
    { case: 'another job', again: { ...entry('reserve', 100), jobId: 'j2' }, outcome: 'key_reused' },
    { case: 'no job', again: { ...entry('reserve', 100), jobId: null }, outcome: 'in_posting' },
  ])('a key that comes back with $case is $outcome and changes nothing', ({ again, outcome }) => {
    const once = postEntries(account({ available: 300 }), [entry('reserve', 100)], none).account;
    const twice = postEntries(once, [again], none);
    expect(told(twice.outcomes[0])).toBe(outcome);
    expect(twice.account).toBe(once);
    const standing = new Map([['g:reserve:1', entry('reserve', 100)]]);
    expect(told(postEntries(account(), [again], standing).outcomes[0])).toBe(
      outcome === 'in_posting' ? 'already_posted' : outcome,
    );
  });

  // These are properties of every object; a hold, or an entry, by that name is there only when somebody put it there.
  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    'a generation named %s has no hold until one is reserved',
    (name) => {
      const before = account({ available: 300 });
      expect(told(postEntries(before, [entry('capture', 100, name)], none).outcomes[0])).toBe('no_hold');
      const named = { ...entry('grant', 5, null), _id: name };
      expect(told(postEntries(before, [named], none).outcomes[0])).toBe('applied');
      const reserved = postEntries(before, [entry('reserve', 100, name)], none).account;
      expect(reserved.holds).toEqual({ [name]: { credits: 100, at: AT } });
      const released = postEntries(reserved, [entry('release', 100, name)], none).account;
      expect(released).toMatchObject({ available: 300, held: 0, holds: {} });
    },
  );
});

describe('whatever is posted', () => {
  const anyEntry = fc
    .record({
      type: fc.constantFrom<EntryType>('grant', 'reserve', 'capture', 'release', 'refund', 'adjust'),
      credits: fc.nat({ max: 300 }),
      generation: fc.constantFrom('g', 'h', 'constructor'),
      n: fc.integer({ min: 1, max: 3 }),
    })
    .map(({ type, credits, generation, n }) => entry(type, credits, generation, n));
  const entries = fc.array(anyEntry, { maxLength: 20 });

  it('posting the same entries again, all at once or in any part, changes nothing', () => {
    fc.assert(
      fc.property(entries, fc.array(fc.nat(), { maxLength: 5 }), (list, picks) => {
        const first = postEntries(account({ available: 200 }), list, none);
        const applied = first.outcomes.flatMap((outcome) => (outcome.type === 'applied' ? [outcome.entry] : []));
        const some = picks.flatMap((pick) => applied[pick % Math.max(applied.length, 1)] ?? []);
        for (const again of [applied, some])
          expect(postEntries(first.account, again, none).account).toBe(first.account);
        // The same holds once they stand in the ledger and have left the account.
        const settled = { ...first.account, posting: {} };
        const standing = new Map(applied.map((one) => [one._id, one]));
        expect(postEntries(settled, applied, standing).account).toBe(settled);
      }),
    );
  });

  it('available and held together grow by exactly what was applied, never below zero, and the holds add up', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const before = account({ available: 200 });
        const { account: after, outcomes } = postEntries(before, list, none);
        const net = outcomes.reduce((sum, one) => sum + (one.type === 'applied' ? netCreditsOf(one.entry) : 0), 0);
        expect(after.available + after.held).toBe(200 + net);
        expect(after.available).toBeGreaterThanOrEqual(0);
        expect(Object.values(after.holds).reduce((sum, one) => sum + one.credits, 0)).toBe(after.held);
        expect(creditAccountSchema.safeParse(after).success).toBe(true);
      }),
    );
  });

  it('the account that it was given is left as it was', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const before = account({ available: 200, ...hold(50) });
        const copy = structuredClone(before);
        postEntries(before, list, none);
        expect(before).toEqual(copy);
      }),
    );
  });

  it('posting entries one by one gives the same figures as posting them together', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const together = postEntries(account({ available: 200 }), list, none).account;
        let apart = account({ available: 200 });
        for (const one of list) apart = postEntries(apart, [one], none).account;
        expect({ ...apart, version: 0 }).toEqual({ ...together, version: 0 });
      }),
    );
  });
});

describe('a reservation that is given back at once', () => {
  it('is posted although the account cannot pay, costs nothing and uses its key up', () => {
    const pair = [entry('reserve', 100), entry('release', 100)];
    const posted = postEntries(account({ available: 30 }), pair, none);
    expect(posted.outcomes.map(told)).toEqual(['applied', 'applied']);
    expect(posted.account).toMatchObject({ available: 30, held: 0, holds: {} });
    const late = postEntries({ ...posted.account, available: 500 }, [entry('reserve', 100)], none);
    expect(late.outcomes.map(told)).toEqual(['in_posting']);
    expect(late.account.available).toBe(500);
  });

  it.each([
    { case: 'of another amount', next: entry('release', 99) },
    { case: 'of another generation', next: entry('release', 100, 'h') },
    { case: 'that is a capture', next: entry('capture', 100) },
  ])('is refused where what follows is one $case', ({ next }) => {
    const posted = postEntries(account({ available: 30 }), [entry('reserve', 100), next], none);
    expect(posted.outcomes.map(told)).toEqual(['insufficient_credit', 'no_hold']);
  });
});
