import type { Collection, Db } from 'mongodb';
import type { z } from 'zod';
import type { AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { DURABLE, type RawDocument } from './collections.ts';
import { attemptCall, isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';
import { parsed, parsedEach } from './parsed.ts';

/** The most versions that are listed; somebody writes one now and then. */
const VERSIONS_MAX = 1000;

/**
 * Versions of something that the whole deployment goes by, each a document that is appended and never changed; its `_id` is the version
 * in digits. The highest one is in force, so that there is always exactly one. A document that is none is `malformed_document`:
 * nothing goes by what cannot be read.
 */
export class VersionLog<Version extends { readonly _id: string }> {
  readonly #name: string;
  readonly #schema: z.ZodType<Version>;
  readonly #versions: Collection<RawDocument>;

  constructor(db: Db, name: string, schema: z.ZodType<Version>) {
    this.#name = name;
    this.#schema = schema;
    this.#versions = db.collection<RawDocument>(name, DURABLE);
  }

  /** The highest version; null where nobody has written any. */
  async highest(): Promise<Result<Version | null, AppError>> {
    const found = await attemptCall(() => this.#versions.find().sort({ _id: -1 }).limit(1).toArray());
    if (!found.ok) return found;
    const [highest] = found.value;
    return highest === undefined ? ok(null) : parsed(this.#schema, highest, `${this.#name} ${highest._id}`);
  }

  /** Every version that was written, the one in force first. */
  async list(): Promise<Result<readonly Version[], AppError>> {
    const found = await attemptCall(() => this.#versions.find().sort({ _id: -1 }).limit(VERSIONS_MAX).toArray());
    return found.ok ? parsedEach(this.#schema, found.value, this.#name) : found;
  }

  /** Puts a version in force. @returns false where somebody else has written it in between */
  async append(version: Version): Promise<Result<boolean, AppError>> {
    try {
      await this.#versions.insertOne({ ...version });
      return ok(true);
    } catch (cause) {
      return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
    }
  }
}
