import type { Collection, Db } from 'mongodb';
import { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import { policyInForce, policyVersionSchema, type PolicyVersion } from '#domain/policy-version.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RetryPolicy } from '#domain/retry-policy.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { parsed } from './parsed.ts';
import type { PolicySource } from './ports.ts';

/** The most versions that are listed; somebody writes one now and then. */
const VERSIONS_MAX = 1000;

/**
 * The versions of the retry policy (`retry_policies`). The highest one is in force, so that there is always exactly one. A document
 * that is none is `malformed_document`: nothing is decided under a policy that cannot be read.
 */
export class PolicyStore implements PolicySource {
  readonly #versions: Collection<RawDocument>;

  constructor(db: Db) {
    this.#versions = db.collection<RawDocument>('retry_policies', DURABLE);
  }

  async inForce(): Promise<Result<RetryPolicy, AppError>> {
    const found = await attemptCall(() => this.#versions.find().sort({ _id: -1 }).limit(1).toArray());
    if (!found.ok) return found;
    const [highest] = found.value;
    if (highest === undefined) return ok(policyInForce(null));
    const read = parsed(policyVersionSchema, highest, `retry policy ${highest._id}`);
    return read.ok ? ok(policyInForce(read.value)) : read;
  }

  /** Every version that was written, the one in force first. */
  async list(): Promise<Result<readonly PolicyVersion[], AppError>> {
    const found = await attemptCall(() => this.#versions.find().sort({ _id: -1 }).limit(VERSIONS_MAX).toArray());
    return found.ok ? parsed(z.array(policyVersionSchema), found.value, 'retry_policies') : found;
  }

  /** Puts a version in force. @returns false where somebody else has written it in between */
  async append(version: PolicyVersion): Promise<Result<boolean, AppError>> {
    try {
      await this.#versions.insertOne({ ...version });
      return ok(true);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
    }
  }
}
