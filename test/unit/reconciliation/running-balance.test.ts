import { describe, expect, it } from 'vitest';
import { NO_BALANCE, runningBalance } from '#domain/reconciliation/running-balance.ts';
import type { EntryType, LedgerEntry } from '#domain/ledger.ts';

function entryOf(type: EntryType, credits: number): LedgerEntry {
  return {
    _id: `g:${type}:1`,
    workspaceId: 'w1',
    jobId: null,
    generationId: 'g',
    attempt: null,
    type,
    credits,
    at: new Date('2026-10-01T00:00:00Z'),
    actor: { type: 'system', id: 'test' },
    reason: '',
    period: '2026-10',
  };
}

describe('the running balance', () => {
  it.each<[EntryType, number, { total: number; held: number }]>([
    ['grant', 70, { total: 170, held: 40 }],
    ['adjust', -70, { total: 30, held: 40 }],
    ['refund', 30, { total: 130, held: 40 }],
    ['reserve', 30, { total: 100, held: 70 }],
    ['release', 30, { total: 100, held: 10 }],
    ['capture', 30, { total: 70, held: 10 }],
  ])('behind a %s of %i on top of 100 with 40 held is %j', (type, credits, expected) => {
    expect(runningBalance([entryOf(type, credits)], { total: 100, held: 40 })[0]?.after).toEqual(expected);
  });

  it('counts each entry on top of the one before, in the order given', () => {
    const entries = [entryOf('grant', 100), entryOf('reserve', 60), entryOf('capture', 60), entryOf('refund', 60)];
    expect(runningBalance(entries, NO_BALANCE).map(({ after }) => [after.total, after.held])).toEqual([
      [100, 0],
      [100, 60],
      [40, 0],
      [100, 0],
    ]);
  });
});
