import type { Database, Statement } from 'better-sqlite3';
import { collectableAcceptance } from '#domain/generation-key.ts';
import type { Job } from '#domain/job.ts';

/** A row of the table `retry_facts`. */
export interface RetryFactColumns {
  readonly num: number;
  readonly workspace: string;
  readonly input_hash: string;
  readonly is_live: number;
  readonly generation_id: string;
  readonly reserved: number;
  readonly captured: number;
  readonly refunded: number;
  readonly pending: number;
  readonly acceptance_id: string | null;
}

/** Writes what plans of retries ask of jobs that are not completed. Every method belongs into a transaction. */
export class RetryFactsTable {
  readonly #upsert: Statement<RetryFactColumns>;
  readonly #delete: Statement<[number]>;

  constructor(db: Database) {
    this.#upsert = db.prepare(
      `INSERT INTO retry_facts VALUES (@num, @workspace, @input_hash, @is_live, @generation_id, @reserved, @captured, @refunded,
         @pending, @acceptance_id)
       ON CONFLICT (num) DO UPDATE SET
         workspace = excluded.workspace, input_hash = excluded.input_hash, is_live = excluded.is_live,
         generation_id = excluded.generation_id, reserved = excluded.reserved, captured = excluded.captured,
         refunded = excluded.refunded, pending = excluded.pending, acceptance_id = excluded.acceptance_id`,
    );
    this.#delete = db.prepare('DELETE FROM retry_facts WHERE num = ?');
  }

  /** Writes the facts of a job whose number is new. */
  insert(num: number, job: Job): void {
    if (job.state !== 'completed') this.#upsert.run(toFacts(num, job));
  }

  /** Writes the facts of a job over those that stand; a completed one has none. */
  put(num: number, job: Job): void {
    if (job.state === 'completed') this.#delete.run(num);
    else this.#upsert.run(toFacts(num, job));
  }

  remove(num: number): void {
    this.#delete.run(num);
  }
}

function toFacts(num: number, job: Job): RetryFactColumns {
  const { generationId, reserved, captured, refunded, pending } = job.billing;
  return {
    num,
    workspace: job.workspaceId,
    input_hash: job.input.hash,
    is_live: job.state === 'failed' ? 0 : 1,
    generation_id: generationId,
    reserved,
    captured,
    refunded,
    pending: pending.length,
    acceptance_id: job.state === 'failed' ? collectableAcceptance(job) : null,
  };
}
