import { describe, expect, it } from 'vitest';
import { sha256OfText } from '#cache/sha256.ts';
import { PeriodDigest } from '#console/reconciliation/period-digest.ts';
import { expectOk } from '../../support/expect-ok.ts';
import type { Finding } from '#domain/reconciliation/finding.ts';
import {
  closePeriod,
  findBrokenLink,
  type ClosedPeriod,
  type CloseRequest,
} from '#domain/reconciliation/period-close.ts';
import { buildStatements } from '#domain/reconciliation/statements.ts';
import {
  compareWithSeen,
  mergeSeen,
  NOTHING_SEEN,
  pickSeen,
  rememberSeen,
} from '#domain/reconciliation/seen-entries.ts';
import { periodCode } from '#domain/reconciliation/view.ts';
import { makeCleanWorld } from '../../bench/worlds/seeded-world.ts';
import { freeEntry, post, remember, viewOf, type World } from '../../bench/worlds/world.ts';

const NOW_MS = Date.parse('2026-11-10T12:00:00Z');

function requestFor(period: string, fields: Partial<CloseRequest> = {}): CloseRequest {
  return {
    period,
    closedBy: 'ann',
    nowMs: NOW_MS,
    closed: [],
    openFindings: [],
    openCreditsMax: 0,
    entries: 3,
    netCredits: 70,
    entriesDigest: sha256OfText(period),
    ...fields,
  };
}

function finding(credits: number, period: string | null): Finding {
  return {
    id: 'x',
    rule: 'refund_owed',
    ruleNumber: 7,
    case: 'not_made',
    subject: { type: 'generation', id: 'g' },
    workspaceId: 'w',
    jobId: null,
    generationId: 'g',
    credits,
    period,
    entryKeys: [],
    evidence: '',
  };
}

function chainOf(...periods: readonly string[]): ClosedPeriod[] {
  return periods.reduce<ClosedPeriod[]>(
    (closed, period) => [...closed, expectOk(closePeriod(requestFor(period, { closed }), sha256OfText))],
    [],
  );
}

describe('closing a month', () => {
  it('chains each month to the one before, across the turn of a year', () => {
    const chain = chainOf('2025-11', '2025-12', '2026-01');
    expect(chain[0]?.previousHash).toBeNull();
    expect(chain[1]?.previousHash).toBe(chain[0]?.hash);
    expect(chain[2]?.previousHash).toBe(chain[1]?.hash);
    expect(findBrokenLink(chain, sha256OfText)).toBeNull();
  });

  it.each([
    ['an amount', (record: ClosedPeriod) => ({ ...record, netCredits: record.netCredits + 1 })],
    ['the name of who closed it', (record: ClosedPeriod) => ({ ...record, closedBy: 'bob' })],
    ['the digest of its entries', (record: ClosedPeriod) => ({ ...record, entriesDigest: sha256OfText('other') })],
    ['its own hash', (record: ClosedPeriod) => ({ ...record, hash: sha256OfText('other') })],
  ])('is shown to be broken by a change of %s afterwards', (_what, change) => {
    const chain = chainOf('2026-07', '2026-08', '2026-09');
    const changed = chain.map((record) => (record.period === '2026-08' ? change(record) : record));
    expect(findBrokenLink(changed, sha256OfText)).toBe('2026-08');
  });

  it('is shown to be broken by a month that is taken out', () => {
    const chain = chainOf('2026-07', '2026-08', '2026-09');
    expect(findBrokenLink(chain.toSpliced(1, 1), sha256OfText)).toBe('2026-09');
  });

  it.each([
    ['a month that is not over', requestFor('2026-11'), /not over/],
    ['a text that is no month', requestFor('2026-13'), /no month/],
    ['a month twice', requestFor('2026-08', { closed: chainOf('2026-08') }), /closed already/],
    [
      'a month before the one that comes next',
      requestFor('2026-10', { closed: chainOf('2026-08') }),
      /2026-09 is to be closed first/,
    ],
    [
      'while a finding of that month is open',
      requestFor('2026-10', { openFindings: [finding(-1, '2026-10')] }),
      /1 open finding worth/,
    ],
    [
      'while a finding of an earlier month is open',
      requestFor('2026-10', { openFindings: [finding(1, '2026-02')] }),
      /1 open finding worth/,
    ],
    [
      'while an account is in question',
      requestFor('2026-10', { openFindings: [finding(1, null)] }),
      /1 open finding worth/,
    ],
    [
      'what is worth more than may be open, and tells how much that is as the window shows it',
      requestFor('2026-10', { openFindings: [finding(5001, '2026-10')], openCreditsMax: 5000 }),
      /1 open finding worth more than 50\.00 credits each/,
    ],
  ])('refuses %s', (_what, request, sentence) => {
    const refused = closePeriod(request, sha256OfText);
    expect(refused).toMatchObject({ ok: false, error: { detail: expect.stringMatching(sentence) as unknown } });
  });

  it.each([
    ['a finding of a later month', [finding(1000, '2026-11')]],
    ['a finding within the threshold', [finding(50, '2026-10'), finding(-50, '2026-10')]],
  ])('is not kept from it by %s', (_what, openFindings) => {
    expect(closePeriod(requestFor('2026-10', { openFindings, openCreditsMax: 50 }), sha256OfText).ok).toBe(true);
  });

  it('comes to one digest for the same entries in any order, and to another for any change', () => {
    const entries = [...makeCleanWorld(4, { jobs: 40, workspaces: 2 }).ledger.values()];
    const totalsOf = (list: typeof entries) => {
      const digest = new PeriodDigest();
      for (const entry of list) digest.add(entry);
      return digest.totals();
    };
    expect(totalsOf(entries.toReversed())).toEqual(totalsOf(entries));
    const [first, ...rest] = entries;
    if (first === undefined) throw new Error('the world is empty');
    const { entriesDigest } = totalsOf(entries);
    expect(totalsOf([{ ...first, reason: 'other' }, ...rest]).entriesDigest).not.toBe(entriesDigest);
    expect(totalsOf(rest).entriesDigest).not.toBe(entriesDigest);
    expect(totalsOf([first, ...entries]).entriesDigest).not.toBe(entriesDigest);
  });
});

const NOTHING_CLOSED = { through: null, sealedIn: new Uint16Array(0) };

function statementsOf(world: World, period: string) {
  const view = viewOf(world);
  const { sealedIn } = compareWithSeen(view, world.seen);
  const closed = { through: world.closedPeriods.at(-1) ?? null, sealedIn };
  return { late: buildStatements(view, { period, workspaceId: null, closed }) };
}

describe('statements', () => {
  const world = makeCleanWorld(4, { jobs: 90, workspaces: 3 });
  const view = viewOf(world);

  it.each(['2026-08', '2026-09', '2026-10', '2026-11'])(
    'of %s begin where those of the month before end, and add up',
    (period) => {
      const statements = buildStatements(view, { period, workspaceId: null, closed: NOTHING_CLOSED });
      expect(statements.length).toBeGreaterThan(0);
      for (const statement of statements) {
        const spent = statement.spend.reduce((sum, line) => sum + line.credits, 0);
        expect(statement.closing).toBe(
          statement.opening + statement.grants - spent + statement.refunds + statement.adjustments,
        );
      }
      if (period === '2026-08') return;
      const before = `2026-${String(Number(period.slice(5)) - 1).padStart(2, '0')}`;
      const earlier = buildStatements(view, { period: before, workspaceId: null, closed: NOTHING_CLOSED });
      for (const { workspaceId, closing } of earlier) {
        expect(statements.find((statement) => statement.workspaceId === workspaceId)?.opening).toBe(closing);
      }
    },
  );

  it('of the last month end with what the accounts have', () => {
    const statements = buildStatements(view, { period: '2026-11', workspaceId: null, closed: NOTHING_CLOSED });
    const closings = new Map(statements.map(({ workspaceId, closing }) => [workspaceId, closing]));
    const standing = [...world.accounts.values()].map(({ _id, available, held }) => [_id, available + held] as const);
    expect(standing.length).toBeGreaterThan(0);
    expect(closings).toEqual(new Map(standing));
  });

  it('can be asked for one workspace, and are none for one that is not there', () => {
    const one = buildStatements(view, { period: '2026-10', workspaceId: 'workspace-1', closed: NOTHING_CLOSED });
    expect(one.map(({ workspaceId }) => workspaceId)).toEqual(['workspace-1']);
    expect(buildStatements(view, { period: '2026-10', workspaceId: 'nobody', closed: NOTHING_CLOSED })).toEqual([]);
  });

  it('of a closed month stay as they were when an entry comes late, and the first open month lists it', () => {
    const closing = { ...makeCleanWorld(4, { jobs: 90, workspaces: 3 }), closedPeriods: ['2026-08', '2026-09'] };
    remember(closing);
    const before = statementsOf(closing, '2026-09');
    const open = statementsOf(closing, '2026-10').late.find(({ workspaceId }) => workspaceId === 'workspace-1');
    post(closing, freeEntry('late:grant:1', 'workspace-1', 'grant', 77, Date.parse('2026-09-20T00:00:00Z')));
    expect(statementsOf(closing, '2026-09')).toEqual(before);
    const after = statementsOf(closing, '2026-10').late.find(({ workspaceId }) => workspaceId === 'workspace-1');
    expect(after?.grants).toBe((open?.grants ?? 0) + 77);
    expect(after?.lateEntries).toBe(1);
    expect(after?.opening).toBe(open?.opening);
  });
  it('of a closed month list for ever what came late into it from months before', () => {
    const closing = { ...makeCleanWorld(4, { jobs: 90, workspaces: 3 }), closedPeriods: ['2026-08', '2026-09'] };
    remember(closing);
    post(closing, freeEntry('late:grant:1', 'workspace-1', 'grant', 77, Date.parse('2026-09-20T00:00:00Z')));
    const next = { ...closing, closedPeriods: ['2026-08', '2026-09', '2026-10'] };
    next.seen = rememberSeen(viewOf(next), next.seen, { period: periodCode('2026-10'), after: periodCode('2026-09') });
    const listed = statementsOf(next, '2026-10');
    expect(listed.late.find(({ workspaceId }) => workspaceId === 'workspace-1')?.lateEntries).toBe(1);
    post(next, freeEntry('later:grant:1', 'workspace-1', 'grant', 5, Date.parse('2026-09-21T00:00:00Z')));
    expect(statementsOf(next, '2026-10')).toEqual(listed);
    expect(statementsOf(next, '2026-11').late.find(({ workspaceId }) => workspaceId === 'workspace-1')).toMatchObject({
      lateEntries: 1,
    });
  });
});

describe('two memories in one', () => {
  it('are the memory that they were taken from, wherever it is cut, and the closed month is right where they differ', () => {
    const { seen } = makeCleanWorld(4, { jobs: 60, workspaces: 2 });
    for (const step of [2, 3, 7]) {
      const [some, others] = [pickSeen(seen, (row) => row % step === 0), pickSeen(seen, (row) => row % step !== 0)];
      expect(mergeSeen(some, others)).toEqual(seen);
      expect(mergeSeen(others, some)).toEqual(seen);
    }
    const unsealed = { ...seen, sealedIn: new Uint16Array(seen.count), content: seen.content.map((hash) => hash + 1) };
    expect(mergeSeen(seen, unsealed)).toEqual(seen);
    expect(mergeSeen(NOTHING_SEEN, seen)).toEqual(seen);
    expect(mergeSeen(seen, NOTHING_SEEN)).toEqual(seen);
  });
});
