import type { Db } from 'mongodb';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { failureDecisionSchema, type FailureDecision } from '#domain/failure-groups.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';

/** The most decisions that are read at once. */
const DECISIONS_MAX = 20_000;

/** What people decided about groups of failures (`failure_groups`), so that colleagues share it. */
export class FailureDecisionStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async all(): Promise<Result<readonly FailureDecision[], AppError>> {
    const found = await attemptCall(() => this.#decisions().find().sort({ _id: 1 }).limit(DECISIONS_MAX).toArray());
    if (!found.ok) return found;
    const parsed = z.array(failureDecisionSchema).safeParse(found.value);
    if (parsed.success) return ok(parsed.data);
    const issue = parsed.error.issues[0];
    return err(
      appError('malformed_document', `failure_groups: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`),
    );
  }

  /** Writes the next version over the one before. @returns false where somebody else wrote in between */
  async replace(next: FailureDecision): Promise<Result<boolean, AppError>> {
    const { _id, ...fields } = next;
    try {
      const written = await this.#decisions().updateOne(
        { _id, version: next.version - 1 },
        { $set: { ...fields } },
        { upsert: next.version === 1 },
      );
      return ok(written.matchedCount + written.upsertedCount === 1);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
    }
  }

  #decisions() {
    return this.#db.collection<RawDocument>('failure_groups', DURABLE);
  }
}
