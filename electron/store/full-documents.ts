import { BSON, type Document } from 'mongodb';
import { appError, type AppError } from '#domain/errors.ts';
import { isFields } from '#domain/fields.ts';
import { BEGUN_BYTES_MAX, planTooLarge } from '#domain/job-size.ts';
import { parseJob } from '#domain/job.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { JobChange } from '#domain/transition.ts';
import { endingsOf, guardOf } from './change-update.ts';
import type { Collections, RawDocument } from './collections.ts';
import { attemptCall } from './driver-errors.ts';
import type { LedgerPoster } from './ledger-poster.ts';
import { settleJobs } from './settlement.ts';

/** What a document comes to, in bytes of BSON. */
export function documentBytesOf(document: object): number {
  try {
    return BSON.calculateObjectSize(document);
  } catch (cause) {
    if (!(cause instanceof BSON.BSONError)) throw cause;
    return bytesOfFields(document);
  }
}

/** Why the driver cannot write a document that is made of JSON; null where it can, and reads back what was written. */
export function whyUnwritable(document: object): string | null {
  let isWhole = true;
  JSON.stringify(document, (name, value: unknown) => {
    isWhole &&= name.isWellFormed() && (typeof value !== 'string' || value.isWellFormed());
    return value;
  });
  if (!isWhole) return 'a text has half of a character';
  try {
    BSON.serialize(document);
    return null;
  } catch (cause) {
    if (!(cause instanceof BSON.BSONError)) throw cause;
    return cause.name === 'BSONVersionError' ? 'no field may be called _bsontype' : cause.message;
  }
}

/** The length in front, and the NUL behind, of what is made of fields; the type in front of a field, and the NUL behind its name. */
const AROUND_FIELDS_BYTES = 5;
const AROUND_NAME_BYTES = 2;

/**
 * The same, field by field. The library takes an object that has a field `_bsontype` for a value of its own and refuses it, while any customer
 * may have sent one.
 */
function bytesOfFields(fields: object): number {
  return Object.entries(fields).reduce((bytes, [name, value]: [string, unknown]) => {
    if (!isFields(value) && !Array.isArray(value)) {
      return bytes + BSON.calculateObjectSize({ [name]: value }) - AROUND_FIELDS_BYTES;
    }
    return bytes + AROUND_NAME_BYTES + Buffer.byteLength(name) + bytesOfFields(value);
  }, AROUND_FIELDS_BYTES);
}

/** The error of a document that is larger than one may be. */
export function tooLargeError(id: string, bytes: number, bytesMax: number): AppError {
  return appError('document_too_large', `${id} has ${bytes} bytes, at most ${bytesMax} may be written`);
}

/** How an end is written: under which filter, and what is to be made of its pipeline. */
export interface EndingStatement {
  readonly filter: Document;
  readonly pipelineFor: (pipeline: readonly Document[]) => readonly Document[];
}

/**
 * Writes the end of a job, with as little taken out of its document as makes room for it. Errors: `document_too_large` where nothing of
 * ours fills it, `write_conflict` where the job is no longer what the change was planned from.
 */
export async function writeEnding(
  jobs: Collections['jobs'],
  change: JobChange,
  { filter, pipelineFor }: EndingStatement = { filter: guardOf(change), pipelineFor: (pipeline) => pipeline },
): Promise<Result<void, AppError>> {
  let refusal = appError('document_too_large', change.jobId);
  for (const pipeline of endingsOf(change)) {
    const written = await attemptCall(() => jobs.updateOne(filter, [...pipelineFor(pipeline)]));
    if (written.ok)
      return written.value.modifiedCount === 1 ? ok(undefined) : err(appError('write_conflict', change.jobId));
    if (written.error.code !== 'document_too_large') return written;
    refusal = written.error;
  }
  return err(refusal);
}

/** True for a document that has no room for what an attempt adds. */
function isTooLargeToBegin(document: RawDocument): boolean {
  return documentBytesOf(document) > BEGUN_BYTES_MAX;
}

/** The end of the job of a document that has no room for what an attempt adds; null where it has room, is no job, or is at its end already. */
export function endOfTooLarge(document: RawDocument): JobChange | null {
  if (!isTooLargeToBegin(document)) return null;
  const job = parseJob(document);
  return job.ok ? planTooLarge(job.value, documentBytesOf(document)) : null;
}

/**
 * Ends a job whose document is too large to be begun, and gives back what was reserved for it. Where that cannot be written now it stays as
 * it is, for whoever looks at it next.
 * @returns whether it is too large; then it must keep no other waiting
 */
export async function endTooLarge(
  collections: Collections,
  poster: LedgerPoster,
  document: RawDocument,
): Promise<boolean> {
  if (!isTooLargeToBegin(document)) return false;
  const change = endOfTooLarge(document);
  if (change === null) return true;
  const written = await writeEnding(collections.jobs, change);
  // What is left owing here is swept.
  if (written.ok && change.owes.length > 0) await settleJobs(collections, poster, [change.jobId]);
  return true;
}
