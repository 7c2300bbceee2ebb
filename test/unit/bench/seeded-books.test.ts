import { describe, expect, it } from 'vitest';
import { netCreditsOf, creditAccountSchema, ledgerEntrySchema } from '#domain/ledger.ts';
import { parseJob } from '#domain/job.ts';
import { SeededBooks } from '../../bench/cache/seeded-books.ts';

function make(jobs: number, seed: number) {
  const books = new SeededBooks(jobs, seed);
  const blocks = [...books.blocks(500)];
  return {
    jobs: blocks.flatMap((block) => block.jobs),
    entries: blocks.flatMap((block) => block.entries),
    accounts: books.accounts(),
  };
}

describe('seeded books', () => {
  it('hold so many jobs and three times as many entries, all of them as their schemas want them', () => {
    const { jobs, entries, accounts } = make(2000, 5);
    expect([jobs.length, entries.length]).toEqual([2000, 6000]);
    expect(jobs.flatMap((job) => (parseJob(job).ok ? [] : [job._id]))).toEqual([]);
    expect(entries.filter((entry) => !ledgerEntrySchema.safeParse(entry).success)).toEqual([]);
    expect(accounts.filter((account) => !creditAccountSchema.safeParse(account).success)).toEqual([]);
    expect(new Set(jobs.map(({ _id }) => _id)).size).toBe(2000);
    expect(new Set(entries.map(({ _id }) => _id)).size).toBe(6000);
  });

  it('sum up to what stands in the accounts', () => {
    const { entries, accounts } = make(1500, 6);
    const sums = new Map<string, number>();
    for (const entry of entries) {
      sums.set(entry.workspaceId, (sums.get(entry.workspaceId) ?? 0) + netCreditsOf(entry));
    }
    expect(new Map(accounts.map(({ _id, available, held }) => [_id, available + held]))).toEqual(sums);
  });

  it('are the same for the same seed, others for another, and come in the order of their creation', () => {
    const first = make(300, 1);
    expect(make(300, 1)).toEqual(first);
    expect(make(300, 2).jobs).not.toEqual(first.jobs);
    const times = first.jobs.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual(times.toSorted((left, right) => left - right));
  });
});
