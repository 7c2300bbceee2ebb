import { mixNumber } from '../hash53.ts';
import { NO_JOB, type LedgerView } from '../view.ts';
import { MultisetDigest } from './multiset-digest.ts';

/** How many documents a view was made of. */
export interface InputCounts {
  readonly jobs: number;
  readonly unreadableJobs: number;
  readonly accounts: number;
  readonly entries: number;
}

/** What a view was made of: how many documents, and a digest of all that they say. */
export interface InputSum {
  readonly counts: InputCounts;
  /** See {@link MultisetDigest}. */
  readonly lanes: readonly number[];
}

/** Which rows of a view are counted. */
export interface CountedRows {
  readonly entries: Iterable<number>;
  readonly generations: Iterable<number>;
  /** Each row once. */
  readonly jobs: ReadonlySet<number> | 'all';
  /** Workspaces whose accounts are counted, each row once. */
  readonly workspaces: ReadonlySet<number> | 'all';
  readonly holds: Iterable<number>;
}

/** The sum of documents of which none was read. */
export const NO_INPUTS: InputSum = { counts: { jobs: 0, unreadableJobs: 0, accounts: 0, entries: 0 }, lanes: [] };

/**
 * Adds up the rows of a view: equal for the same documents in whatever order they came. What a view concludes from others
 * (generations that it gives to the job which their entries name) is left out.
 */
export function sumInputs(view: LedgerView): InputSum {
  const all = {
    entries: upTo(view.entries.count),
    generations: upTo(view.generations.count),
    holds: upTo(view.holds.count),
  };
  return changeSum(NO_INPUTS, view, { ...all, jobs: 'all', workspaces: 'all' }, 1);
}

function* upTo(count: number): Iterable<number> {
  for (let row = 0; row < count; row += 1) yield row;
}

/** A sum with other rows beside it (`by` 1), or without them (`by` -1). */
export function changeSum(sum: InputSum, view: LedgerView, counted: CountedRows, by: 1 | -1): InputSum {
  const digest = new MultisetDigest(sum.lanes);
  const put = by === 1 ? (hash: number) => digest.add(hash) : (hash: number) => digest.remove(hash);
  const { entries, generations, jobs, accounts, holds, pending } = view;
  let [jobCount, unreadable, accountCount, entryCount] = [0, 0, 0, 0];
  for (const row of counted.entries) {
    entryCount += 1;
    put(mixNumber(entries.content[row] ?? 0, entries.isPosting[row] ?? 0));
  }
  const generationHash = (row: number): number => generations.hash[row] ?? 0;
  for (const row of counted.generations) {
    if (generations.outcome[row] === NO_JOB || generations.isAdopted[row] === 1) continue;
    let hash = mixNumber(2, generationHash(row));
    hash = mixNumber(hash, view.jobIds.hash(generations.job[row] ?? 0));
    hash = mixNumber(hash, generations.outcome[row] ?? 0);
    hash = mixNumber(hash, generations.price[row] ?? 0);
    hash = mixNumber(hash, generations.due[row] ?? 0);
    hash = mixNumber(hash, generations.startedAtMs[row] ?? 0);
    put(mixNumber(hash, generations.costMicroUsd[row] ?? 0));
  }
  for (const row of counted.jobs === 'all' ? upTo(jobs.presence.length) : counted.jobs) {
    const presence = jobs.presence[row] ?? 0;
    if (presence === 0) continue;
    let hash = mixNumber(mixNumber(3, presence), view.jobIds.hash(row));
    if (presence === 1) {
      jobCount += 1;
      hash = mixNumber(hash, view.workspaces.hash(jobs.workspace[row] ?? 0));
      hash = mixNumber(hash, view.kinds.hash(jobs.kind[row] ?? 0));
      hash = mixNumber(hash, jobs.isOver[row] ?? 0);
      hash = mixNumber(hash, jobs.leaseExpiresAtMs[row] ?? 0);
      hash = mixNumber(hash, generationHash(jobs.generation[row] ?? 0));
    } else {
      unreadable += 1;
    }
    put(hash);
  }
  for (const row of counted.workspaces === 'all' ? upTo(accounts.isPresent.length) : counted.workspaces) {
    if (accounts.isPresent[row] !== 1) continue;
    accountCount += 1;
    const hash = mixNumber(mixNumber(4, view.workspaces.hash(row)), accounts.available[row] ?? 0);
    put(mixNumber(hash, accounts.held[row] ?? 0));
  }
  for (const row of counted.holds) {
    let hash = mixNumber(mixNumber(5, generationHash(holds.generation[row] ?? 0)), holds.credits[row] ?? 0);
    hash = mixNumber(hash, view.workspaces.hash(holds.workspace[row] ?? 0));
    put(mixNumber(hash, holds.atMs[row] ?? 0));
  }
  for (let row = 0; row < pending.count; row += 1) {
    if (counted.jobs !== 'all' && !counted.jobs.has(pending.job[row] ?? 0)) continue;
    let hash = mixNumber(mixNumber(6, view.keys.hash(pending.key[row] ?? 0)), pending.type[row] ?? 0);
    hash = mixNumber(hash, view.jobIds.hash(pending.job[row] ?? 0));
    hash = mixNumber(hash, pending.credits[row] ?? 0);
    put(mixNumber(hash, pending.atMs[row] ?? 0));
  }
  const { counts } = sum;
  return {
    lanes: digest.lanes,
    counts: {
      jobs: counts.jobs + by * jobCount,
      unreadableJobs: counts.unreadableJobs + by * unreadable,
      accounts: counts.accounts + by * accountCount,
      entries: counts.entries + by * entryCount,
    },
  };
}

/** Two sums in one (`by` 1), or the first without the second (`by` -1). */
export function combineSums(sum: InputSum, other: InputSum, by: 1 | -1): InputSum {
  const digest = new MultisetDigest(sum.lanes);
  digest.combine(other.lanes, by);
  return {
    lanes: digest.lanes,
    counts: {
      jobs: sum.counts.jobs + by * other.counts.jobs,
      unreadableJobs: sum.counts.unreadableJobs + by * other.counts.unreadableJobs,
      accounts: sum.counts.accounts + by * other.counts.accounts,
      entries: sum.counts.entries + by * other.counts.entries,
    },
  };
}
