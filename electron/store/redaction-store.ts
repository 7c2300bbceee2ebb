import type { Collection, Db } from 'mongodb';
import { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import {
  NO_REDACTION,
  redactionVersionSchema,
  type RedactionRules,
  type RedactionVersion,
} from '#domain/redaction/redaction-rule.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { parsed } from './parsed.ts';

/** The most versions that are listed; somebody writes one now and then. */
const VERSIONS_MAX = 1000;

/**
 * The versions of the redaction rules (`redaction_rules`); the highest one is in force. A document that is none is
 * `malformed_document`: nobody may guess what is to be hidden.
 */
export class RedactionStore {
  readonly #versions: Collection<RawDocument>;

  constructor(db: Db) {
    this.#versions = db.collection<RawDocument>('redaction_rules', DURABLE);
  }

  async inForce(): Promise<Result<RedactionRules, AppError>> {
    const found = await attemptCall(() => this.#versions.find().sort({ _id: -1 }).limit(1).toArray());
    if (!found.ok) return found;
    const [highest] = found.value;
    return highest === undefined
      ? ok(NO_REDACTION)
      : parsed(redactionVersionSchema, highest, `redaction rules ${highest._id}`);
  }

  /** Every version that was written, the one in force first. */
  async list(): Promise<Result<readonly RedactionVersion[], AppError>> {
    const found = await attemptCall(() => this.#versions.find().sort({ _id: -1 }).limit(VERSIONS_MAX).toArray());
    return found.ok ? parsed(z.array(redactionVersionSchema), found.value, 'redaction_rules') : found;
  }

  /** Puts a version in force. @returns false where somebody else has written it in between */
  async append(version: RedactionVersion): Promise<Result<boolean, AppError>> {
    try {
      await this.#versions.insertOne({ ...version });
      return ok(true);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
    }
  }
}
