import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { creditsSchema, formatCredits } from '#domain/credits.ts';
import { generationIdSchema } from '#domain/job.ts';
import {
  creditAccountSchema,
  entryFromPending,
  entryKey,
  entryTypeSchema,
  ledgerEntrySchema,
  netCreditsOf,
  periodOf,
  periodSchema,
  type EntryType,
  type PendingEntry,
} from '#domain/ledger.ts';

const AT = new Date('2026-10-31T23:59:59.999Z');

function pending(fields: Partial<PendingEntry> = {}): PendingEntry {
  const actor = { type: 'system', id: 'test' } as const;
  return { key: 'g:capture:1', type: 'capture', credits: 100, attempt: 1, at: AT, actor, reason: 'test', ...fields };
}

describe('the accounting month', () => {
  it.each([
    { at: '2026-10-01T00:00:00.000Z', period: '2026-10' },
    { at: '2026-09-30T23:59:59.999Z', period: '2026-09' },
    { at: '2026-12-31T23:59:59.999Z', period: '2026-12' },
    { at: '2027-01-01T00:00:00.000Z', period: '2027-01' },
    { at: '2024-02-29T12:00:00.000Z', period: '2024-02' },
    // Berlin left daylight-saving time at 01:00 UTC on this day; UTC does not know of it.
    { at: '2026-10-25T00:59:59.999Z', period: '2026-10' },
    { at: '2026-11-01T01:30:00+02:00', period: '2026-10' },
    { at: '1970-01-01T00:00:00.000Z', period: '1970-01' },
    { at: '9999-12-31T23:59:59.999Z', period: '9999-12' },
  ])('of $at is $period', ({ at, period }) => {
    expect(periodOf(new Date(at))).toBe(period);
  });

  it('never falls as time goes on, and is always a period', () => {
    const date = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(date, date, (one, other) => {
        const [earlier, later] = one <= other ? [one, other] : [other, one];
        expect(periodOf(earlier) <= periodOf(later)).toBe(true);
        expect(periodSchema.safeParse(periodOf(one)).success).toBe(true);
      }),
    );
  });

  it.each(['2026-00', '2026-13', '26-10', '2026-1', '2026-10-01', '', '2026-10\n'])('is not %j', (text) => {
    expect(periodSchema.safeParse(text).success).toBe(false);
  });
});

describe('an entry', () => {
  it.each<{ type: EntryType; net: number }>([
    { type: 'grant', net: 100 },
    { type: 'reserve', net: 0 },
    { type: 'capture', net: -100 },
    { type: 'release', net: 0 },
    { type: 'refund', net: 100 },
    { type: 'adjust', net: 100 },
  ])('of 100 of the type $type adds $net to its account', ({ type, net }) => {
    expect(netCreditsOf({ type, credits: 100 })).toBe(net);
  });

  it('that a pending entry stands for keeps its key, its amount and its time, and belongs to the month of that time', () => {
    const job = { _id: 'j1', workspaceId: 'w1', generationId: 'g' };
    const entry = entryFromPending(pending(), job);
    expect(ledgerEntrySchema.parse(entry)).toEqual({
      _id: 'g:capture:1',
      workspaceId: 'w1',
      jobId: 'j1',
      generationId: 'g',
      attempt: 1,
      type: 'capture',
      credits: 100,
      at: AT,
      actor: { type: 'system', id: 'test' },
      reason: 'test',
      period: '2026-10',
    });
  });

  it('has a key of its own for each generation, type and number', () => {
    const part = fc.tuple(
      fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
      fc.constantFrom(...entryTypeSchema.options),
      fc.integer({ min: 1, max: 99 }),
    );
    fc.assert(
      fc.property(part, part, (one, other) => {
        const isSame = one.every((value, index) => value === other[index]);
        expect(entryKey(...one) === entryKey(...other)).toBe(isSame);
      }),
    );
  });
});

describe('names that become fields of a document', () => {
  it.each(['', 'a.b', '$a', 'a b', 'a\0b', '__proto__', 'x'.repeat(101)])('%j is no generation', (id) => {
    expect(generationIdSchema.safeParse(id).success).toBe(false);
  });

  it.each(['', 'a.b', '$a', 'a$', 'a\0', '__proto__', 'x'.repeat(301)])('%j is no key of an entry', (key) => {
    const entry = entryFromPending(pending(), { _id: 'j1', workspaceId: 'w1', generationId: 'g' });
    expect(ledgerEntrySchema.safeParse({ ...entry, _id: key }).success).toBe(false);
  });
});

describe('credits', () => {
  it.each([0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5', null])('%j is no amount', (value) => {
    expect(creditsSchema.safeParse(value).success).toBe(false);
  });

  it.each([
    { credits: 0, scale: 0, text: '0' },
    { credits: 0, scale: 2, text: '0.00' },
    { credits: 7, scale: 2, text: '0.07' },
    { credits: 1250, scale: 2, text: '12.50' },
    { credits: -1250, scale: 2, text: '-12.50' },
    { credits: 1234567, scale: 0, text: '1,234,567' },
    { credits: 123456789, scale: 2, text: '1,234,567.89' },
    { credits: -5, scale: 3, text: '-0.005' },
    { credits: Number.MAX_SAFE_INTEGER, scale: 9, text: '9,007,199.254740991' },
  ])('$credits of scale $scale are shown as $text', ({ credits, scale, text }) => {
    expect(formatCredits(credits, scale)).toBe(text);
  });

  it('are shown without losing a unit', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 9 }), (credits, scale) => {
        expect(Number(formatCredits(credits, scale).replaceAll(/[,.]/g, ''))).toBe(credits === 0 ? 0 : credits);
      }),
    );
  });

  it('an account holds integers only', () => {
    const account = { _id: 'w1', available: 1, held: 0, holds: {}, posting: {}, version: 1 };
    expect(creditAccountSchema.safeParse(account).success).toBe(true);
    expect(creditAccountSchema.safeParse({ ...account, available: 0.5 }).success).toBe(false);
    expect(creditAccountSchema.safeParse({ ...account, held: -1 }).success).toBe(false);
  });
});
