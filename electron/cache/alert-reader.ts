import type { Database } from 'better-sqlite3';
import type { AlertScope } from '#domain/alerts/alert-rule.ts';
import { StatementPool } from './statement-pool.ts';

/** The most jobs that are read of one part of the past. */
const PAST_JOBS_MAX = 5_000;

/** A job of the past, as far as waiting and running go. Milliseconds since 1970. */
export interface PastJob {
  readonly id: string;
  /** When it could have been begun first. */
  readonly readyMs: number;
  /** When it was begun, or ended without that; null where it still waits. */
  readonly begunMs: number | null;
}

/** Jobs that waited, or ran, for long in a part of the past, in no order. */
export interface PastJobs {
  readonly jobs: readonly PastJob[];
  /** False where there were more. */
  readonly isWhole: boolean;
}

/** A part of the past, in milliseconds since 1970. */
export interface PastQuery {
  /** By the time of creation; the end is not included. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Up to when what still waits or runs has done so. */
  readonly nowMs: number;
  /** Waits, or runs, that took less than so many milliseconds are left out. */
  readonly leastMs: number;
}

/** Reads what alerts look at and nothing else does. */
export class AlertReader {
  readonly #pool: StatementPool;

  constructor(db: Database) {
    this.#pool = new StatementPool(db);
  }

  /** How many jobs have been running, or validating, since before a time. */
  stuckJobs(beforeMs: number): number {
    const sql = `SELECT count(*) AS found FROM jobs INDEXED BY jobs_state_created
      WHERE state IN ('running', 'validating') AND state_since_ms <= @beforeMs`;
    return this.#pool.get<{ found: number }>(sql, { beforeMs })?.found ?? 0;
  }

  /** Jobs of a part of the past that waited for long before they were begun. */
  longWaits(query: PastQuery, scope: AlertScope): PastJobs {
    // A retry's time of being due is later than the first start and says nothing of the first wait.
    return this.#read(
      `SELECT id, CASE WHEN begun_ms IS NULL OR not_before_ms <= begun_ms THEN max(created_ms, not_before_ms) ELSE created_ms END
         AS readyMs, begun_ms AS begunMs
       FROM (SELECT *, coalesce(started_ms, ended_ms) AS begun_ms FROM jobs INDEXED BY jobs_created
             WHERE created_ms >= @fromMs AND created_ms < @toMs
               AND (@kind IS NULL OR kind = @kind) AND (@provider IS NULL OR provider = @provider)
               AND (@model IS NULL OR model = @model))
       WHERE coalesce(begun_ms, @nowMs) - created_ms >= @leastMs LIMIT @limit`,
      { ...query, ...scope },
    );
  }

  /** Jobs of a part of the past that were long under way, from the first start to the end; what is between is in their history. */
  longRuns(query: PastQuery): PastJobs {
    return this.#read(
      `SELECT id, started_ms AS readyMs, started_ms AS begunMs FROM jobs INDEXED BY jobs_created
       WHERE created_ms >= @fromMs AND created_ms < @toMs AND started_ms IS NOT NULL
         AND coalesce(ended_ms, @nowMs) - started_ms >= @leastMs LIMIT @limit`,
      query,
    );
  }

  #read(sql: string, params: object): PastJobs {
    const jobs = this.#pool.all<PastJob>(sql, { ...params, limit: PAST_JOBS_MAX + 1 });
    return { jobs: jobs.slice(0, PAST_JOBS_MAX), isWhole: jobs.length <= PAST_JOBS_MAX };
  }
}
