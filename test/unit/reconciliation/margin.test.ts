import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '#domain/ledger.ts';
import { CountedMonths } from '#domain/reconciliation/counted-month.ts';
import { MarginBook, type Margin } from '#domain/reconciliation/margin.ts';
import { compareWithSeen, NOTHING_SEEN } from '#domain/reconciliation/seen-entries.ts';
import { buildStatements } from '#domain/reconciliation/statements.ts';
import { makeCleanWorld } from '../../bench/worlds/seeded-world.ts';
import { freeEntry, post, remember, viewOf, type World } from '../../bench/worlds/world.ts';

const MONTHS = ['2026-08', '2026-09', '2026-10', '2026-11'] as const;

function makeWorld(closedPeriods: readonly string[]): World {
  const world = { ...makeCleanWorld(4, { jobs: 120, workspaces: 3 }), closedPeriods, seen: NOTHING_SEEN };
  remember(world);
  return world;
}

function marginOf(world: World, period: string): readonly Margin[] {
  const book = new MarginBook(period, new CountedMonths(world.closedPeriods.at(-1) ?? null, world.seen));
  for (const job of world.jobs.values()) book.addJob(job);
  for (const entry of world.ledger.values()) book.addEntry(entry);
  return book.lines();
}

function earnedIn(world: World, period: string): number {
  return marginOf(world, period).reduce((sum, { earnedCredits }) => sum + earnedCredits, 0);
}

/** A refund of a generation that was captured, dated into a month. */
function refundIn(world: World, period: string): LedgerEntry {
  const capture = [...world.ledger.values()].find((entry) => entry.type === 'capture' && entry.period <= period);
  if (capture === undefined) throw new Error('nothing was captured');
  const entry = freeEntry(`${capture.generationId}:refund:99`, capture.workspaceId, 'refund', 7);
  const at = new Date(`${period}-28T00:00:00Z`);
  return { ...entry, generationId: capture.generationId, jobId: capture.jobId, at, period };
}

describe.each([
  ['no month', []],
  ['two months', ['2026-08', '2026-09']],
])('the margin, with %s closed', (_what, closedPeriods) => {
  it.each(MONTHS)('of %s earns what its statements spend, less their refunds', (period) => {
    const world = makeWorld(closedPeriods);
    if (closedPeriods.length > 0) post(world, refundIn(world, '2026-09'));
    const view = viewOf(world);
    const { sealedIn } = compareWithSeen(view, world.seen);
    const closed = { through: closedPeriods.at(-1) ?? null, sealedIn };
    const statements = buildStatements(view, { period, workspaceId: null, closed });
    const spent = statements.flatMap(({ spend }) => spend).reduce((sum, { credits }) => sum + credits, 0);
    const refunded = statements.reduce((sum, { refunds }) => sum + refunds, 0);
    expect(earnedIn(world, period)).toBe(spent - refunded);
  });
});

describe('the margin', () => {
  it('has what each attempt cost under the kind, provider and model that it was made with', () => {
    const world = makeWorld([]);
    const expected = new Map<string, number>();
    for (const job of world.jobs.values()) {
      for (const { provider, model, providerCost, endedAt } of job.attempts) {
        if (endedAt?.toISOString().startsWith('2026-10') !== true) continue;
        const name = [job.kind, provider, model].join(' ');
        expected.set(name, (expected.get(name) ?? 0) + (providerCost ?? 0));
      }
    }
    const lines = marginOf(world, '2026-10');
    const found = new Map(lines.map((line) => [[line.kind, line.provider, line.model].join(' '), line.costMicroUsd]));
    expect(expected.size).toBeGreaterThan(1);
    for (const [name, cost] of expected) expect([name, found.get(name)]).toEqual([name, cost]);
    expect(lines.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0)).toBe(
      [...expected.values()].reduce((sum, cost) => sum + cost, 0),
    );
  });

  it('of a closed month stays as it was when an entry comes late, and the first open month has it', () => {
    const world = makeWorld(['2026-08', '2026-09']);
    const [closed, open] = [marginOf(world, '2026-09'), earnedIn(world, '2026-10')];
    post(world, refundIn(world, '2026-09'));
    expect(marginOf(world, '2026-09')).toEqual(closed);
    expect(earnedIn(world, '2026-10')).toBe(open - 7);
  });

  it('of an open month moves with an entry that is dated into it', () => {
    const world = makeWorld(['2026-08']);
    const before = earnedIn(world, '2026-09');
    post(world, refundIn(world, '2026-09'));
    expect(earnedIn(world, '2026-09')).toBe(before - 7);
  });
});
