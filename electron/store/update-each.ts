import type { AnyBulkWriteOperation, Collection, Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall, refusalsOf } from './driver-errors.ts';

/** What is updated, and how. */
export interface EachUpdate {
  readonly ids: readonly string[];
  /** What a document must still be. */
  readonly filter: Document;
  readonly update: Document[];
}

/** What was updated. */
export interface EachUpdated {
  /** How many documents met the filter, 0 where each was updated on its own. */
  readonly matched: number;
  /** The ids of those that the server refuses to write. */
  readonly refused: readonly string[];
}

/**
 * Updates the documents of some ids that meet a filter, all in one statement. The server ends that at the first document that it refuses
 * to write, as one with a field of another type or one that would become too large; then each is updated on its own.
 */
export async function updateEach(
  collection: Pick<Collection<RawDocument>, 'updateMany' | 'bulkWrite'>,
  { ids, filter, update }: EachUpdate,
): Promise<Result<EachUpdated, AppError>> {
  if (ids.length === 0) return ok({ matched: 0, refused: [] });
  const together = await attemptCall(() => collection.updateMany({ _id: { $in: [...ids] }, ...filter }, update));
  if (together.ok) return ok({ matched: together.value.matchedCount, refused: [] });
  if (together.error.code !== 'server_error') return together;
  const operations = ids.map((_id) => ({ updateOne: { filter: { _id, ...filter }, update } }));
  const refused = await writeEach(collection, operations);
  return refused.ok ? ok({ matched: 0, refused: refused.value.flatMap((at) => ids[at] ?? []) }) : refused;
}

/** Makes each of some writes, in no order. @returns the places of those that the server refuses, which keep no other from being made */
export async function writeEach(
  collection: Pick<Collection<RawDocument>, 'bulkWrite'>,
  operations: readonly AnyBulkWriteOperation<RawDocument>[],
): Promise<Result<readonly number[], AppError>> {
  try {
    await collection.bulkWrite(operations, { ordered: false });
    return ok([]);
  } catch (cause) {
    const places = operations.map((_, at) => String(at));
    const refused = refusalsOf(cause, places);
    return refused.ok ? ok([...refused.value.keys()].map(Number)) : refused;
  }
}
