import type { Db } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { failureDecisionSchema, type FailureDecision } from '#domain/failure-groups.ts';
import { ok, type Result } from '#domain/result.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import { replaceWithNext } from './next-version.ts';
import { listedOf, type Listed } from './parsed.ts';

/** The most decisions that are read at once. */
const DECISIONS_MAX = 20_000;

/** What people decided about groups of failures (`failure_groups`), so that colleagues share it. */
export class FailureDecisionStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Every decision; a document that is none is named beside them. */
  async all(): Promise<Result<Listed<FailureDecision>, AppError>> {
    const found = await attemptCall(() => this.#decisions().find().sort({ _id: 1 }).limit(DECISIONS_MAX).toArray());
    return found.ok ? ok(listedOf(failureDecisionSchema, found.value)) : found;
  }

  /** Writes the next version over the one before. @returns false where somebody else wrote in between */
  replace(next: FailureDecision): Promise<Result<boolean, AppError>> {
    return replaceWithNext(this.#decisions(), next);
  }

  #decisions() {
    return this.#db.collection<RawDocument>('failure_groups', DURABLE);
  }
}
