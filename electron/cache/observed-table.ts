import type { Database, Statement } from 'better-sqlite3';
import type { Job, JobState } from '#domain/job.ts';

/** When something was seen, by the server's clock: it happened after the one time, where that is known, and not after the other. */
export interface Seen {
  /** Up to then the copy missed nothing, so that the change was not there yet; milliseconds since 1970. */
  readonly afterMs: number | null;
  readonly seenMs: number;
}

/** A change of state that was seen of a job whose document keeps no history. */
export interface ObservedChange extends Seen {
  readonly seq: number;
  /** Null where the job was seen for the first time. */
  readonly from: JobState | null;
  readonly to: JobState;
}

/** Keeps what was seen of jobs whose documents keep no history. Both methods belong into a transaction. */
export class ObservedTable {
  readonly #insert: Statement<[{ id: string; from: string | null; to: string; after: number | null; seen: number }]>;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    // What was seen last bounds what comes next as well as the copy's own time does. A bound behind the time of seeing is of a clock that
    // has gone back since, and bounds nothing.
    this.#insert = db.prepare(
      `INSERT INTO observed
       SELECT @id, seq, from_state, @to, iif(bound_ms <= @seen, bound_ms, NULL), @seen
       FROM (
         SELECT coalesce(last.seq, 0) + 1 AS seq, coalesce(last.to_state, @from) AS from_state,
           coalesce(max(last.seen_ms, @after), last.seen_ms, @after) AS bound_ms
         FROM (SELECT 1) LEFT JOIN (SELECT * FROM observed WHERE job_id = @id ORDER BY seq DESC LIMIT 1) AS last)
       WHERE from_state IS NOT @to AND @from IS NOT @to`,
    );
    this.#delete = db.prepare('DELETE FROM observed WHERE job_id = ?');
  }

  /**
   * Notes the state of a job where it is another than the one seen last. A job that is seen for the first time came to its state some
   * time after it was made.
   * @param from the state of its row, null where there is none
   */
  see(job: Job, from: JobState | null, { afterMs, seenMs }: Seen): void {
    const after = from === null ? job.createdAt.getTime() : afterMs;
    this.#insert.run({ id: job._id, from, to: job.state, after, seen: seenMs });
  }

  forget(jobId: string): void {
    this.#delete.run(jobId);
  }
}

/** Reads what {@link ObservedTable} keeps. */
export class ObservedReader {
  readonly #ofJob: Statement<
    [string],
    { seq: number; from_state: JobState | null; to_state: JobState; after_ms: number | null; seen_ms: number }
  >;

  constructor(db: Database) {
    this.#ofJob = db.prepare(
      'SELECT seq, from_state, to_state, after_ms, seen_ms FROM observed WHERE job_id = ? ORDER BY seq',
    );
  }

  /** Changes of a job, oldest first; none where its document keeps its own history. */
  read(jobId: string): readonly ObservedChange[] {
    return this.#ofJob.all(jobId).map((row) => ({
      seq: row.seq,
      from: row.from_state,
      to: row.to_state,
      afterMs: row.after_ms,
      seenMs: row.seen_ms,
    }));
  }
}
