import type { Database, Statement } from 'better-sqlite3';
import type { JobState } from '#domain/job.ts';

/** Whose jobs are summed up. */
export type Owner = 'workspace' | 'user';

/** All jobs of a workspace or a user, summed up. Credits in the smallest unit. */
export interface OwnerTotals {
  readonly jobs: number;
  readonly byState: Readonly<Record<JobState, number>>;
  /** Of the failed ones. */
  readonly cancelled: number;
  readonly attempts: number;
  /** Captured less refunded. */
  readonly earnedCredits: number;
  /** The price of failed jobs, less what was kept of it. */
  readonly lostCredits: number;
  readonly costMicroUsd: number;
  /** Jobs that cost more at the provider than is known. */
  readonly unknownCosts: number;
}

type OwnerRow = Readonly<
  Record<JobState | 'jobs' | 'cancelled' | 'attempts' | 'earned' | 'lost' | 'cost' | 'unknown_costs', number>
>;

/** Reads the totals of workspaces and users from the roll-ups. */
export class OwnerReader {
  readonly #one: Statement<[string, string], OwnerRow>;

  constructor(db: Database) {
    this.#one = db.prepare('SELECT * FROM owner_totals WHERE owner = ? AND id = ?');
  }

  totals(owner: Owner, id: string): OwnerTotals {
    const row = this.#one.get(owner, id);
    return {
      jobs: row?.jobs ?? 0,
      byState: {
        queued: row?.queued ?? 0,
        running: row?.running ?? 0,
        validating: row?.validating ?? 0,
        completed: row?.completed ?? 0,
        failed: row?.failed ?? 0,
        retrying: row?.retrying ?? 0,
      },
      cancelled: row?.cancelled ?? 0,
      attempts: row?.attempts ?? 0,
      earnedCredits: row?.earned ?? 0,
      lostCredits: row?.lost ?? 0,
      costMicroUsd: row?.cost ?? 0,
      unknownCosts: row?.unknown_costs ?? 0,
    };
  }
}
