import type { Database, Statement } from 'better-sqlite3';
import type { RetryExperience } from '#domain/retry-preview.ts';
import type { FailureClass } from '#domain/failure.ts';
import type { Attempt, Job } from '#domain/job.ts';
import { toCachedDocument } from './parsed-documents.ts';

/** What is asked of earlier jobs. */
export interface ExperienceQuery {
  readonly kind: string;
  readonly model: string;
  /** Null asks for costs only. */
  readonly failureClass: FailureClass | null;
  /** Jobs created from then on, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly windowMs: number;
}

/** Which jobs are the same order, given twice. */
export interface TwinQuery {
  readonly workspaceId: string;
  readonly inputHash: string;
  readonly exceptId: string;
}

/** Earlier jobs of a kind that are looked at; more would tell little more, and take longer than a dialog may. */
const JOBS_MAX = 400;
const COSTS_MAX = 50;
/** The latest jobs of a workspace among which twins are looked for. */
const WORKSPACE_JOBS_MAX = 500;
const TWINS_MAX = 20;

/** Reads what earlier jobs tell of a retry, in bounded time whatever the copy holds. */
export class ExperienceReader {
  readonly #ofKind: Statement<[string, number, number], { document: Buffer }>;
  readonly #open: Statement<[string, number], { document: Buffer }>;

  constructor(db: Database) {
    this.#ofKind = db.prepare(
      `SELECT document FROM jobs JOIN job_documents USING (num)
       WHERE kind = ? AND created_ms >= ? ORDER BY created_ms DESC, id DESC LIMIT ?`,
    );
    this.#open = db.prepare(
      `SELECT document FROM
         (SELECT num, state FROM jobs WHERE workspace = ? ORDER BY created_ms DESC, id DESC LIMIT ?)
       JOIN job_documents USING (num) WHERE state NOT IN ('completed', 'failed')`,
    );
  }

  experience(query: ExperienceQuery): RetryExperience {
    // One by one: all of these documents may be more than a process can hold.
    const attempts: AttemptInTurn[] = [];
    for (const { document } of this.#ofKind.iterate(query.kind, query.sinceMs, JOBS_MAX)) {
      attempts.push(...attemptsOf(document, query.model));
    }
    const costs = attempts.flatMap(({ attempt, isCompleted }) =>
      isCompleted && attempt.providerCost !== null ? [attempt.providerCost] : [],
    );
    const retried = attempts.filter(
      ({ attempt, next }) => attempt.failure?.class === query.failureClass && next !== null && next.endedAt !== null,
    );
    return {
      costs: costs.slice(0, COSTS_MAX),
      retried: retried.length,
      succeeded: retried.filter(({ next }) => next?.failure === null).length,
      windowMs: query.windowMs,
    };
  }

  twins(query: TwinQuery): readonly string[] {
    const twins: string[] = [];
    for (const { document } of this.#open.iterate(query.workspaceId, WORKSPACE_JOBS_MAX)) {
      for (const { _id: id, input } of jobOf(document)) {
        if (input.hash === query.inputHash && id !== query.exceptId) twins.push(id);
      }
      if (twins.length >= TWINS_MAX) break;
    }
    return twins;
  }
}

interface AttemptInTurn {
  readonly attempt: Attempt;
  /** The attempt after it, whichever generation it was for. */
  readonly next: Attempt | null;
  readonly isCompleted: boolean;
}

function attemptsOf(document: Buffer, model: string): readonly AttemptInTurn[] {
  return jobOf(document).flatMap((job) =>
    job.attempts
      .map((attempt, index) => ({
        attempt,
        next: job.attempts[index + 1] ?? null,
        isCompleted: attempt.endedAt !== null && attempt.failure === null,
      }))
      .filter(({ attempt }) => attempt.model === model),
  );
}

/** The job, or nothing: rows of the list were jobs when they were written, by a schema that may have been another. */
function jobOf(document: Buffer): readonly Job[] {
  const parsed = toCachedDocument(document);
  return parsed.type === 'job' ? [parsed.job] : [];
}
