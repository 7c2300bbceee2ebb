import { MongoBulkWriteError, type AnyBulkWriteOperation, type Collection, type Document } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { attemptCall, isRefusedWrite, refusalsOf } from './driver-errors.ts';

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
  if (!isRefusedWrite(together.error)) return together;
  const operations = ids.map((_id) => ({ updateOne: { filter: { _id, ...filter }, update } }));
  const written = await writeEach(collection, operations);
  if (!written.ok) return written;
  return ok({ matched: 0, refused: [...written.value.refused.keys()].flatMap((at) => ids[at] ?? []) });
}

/** So few documents are updated each on its own, which brings them back in the same round trip. */
const FEW = 2;

/**
 * Updates the documents of some ids that meet a filter side by side, where they are few.
 * @param projection what is brought back of each, everything unless told
 * @returns those that were updated, as they are since; null where they are many, or not all could be: then whoever asks does the same by
 *   {@link updateEach}, also once more for those that were. A reply was lost, the server refuses to write a document, or the collection's
 *   shards go by another key than the id, of which older servers find and modify none by its id.
 */
export async function updateFew(
  collection: Pick<Collection<RawDocument>, 'findOneAndUpdate'>,
  { ids, filter, update }: EachUpdate,
  projection: Document = {},
): Promise<readonly RawDocument[] | null> {
  if (ids.length > FEW) return null;
  const options = { returnDocument: 'after', projection } as const;
  // Side by side to their end, so that nothing is still under way where another write is made of it.
  const each = await Promise.all(
    ids.map((_id) => attemptCall(() => collection.findOneAndUpdate({ _id, ...filter }, update, options))),
  );
  if (each.some((one) => !one.ok)) return null;
  return each.flatMap((one) => (one.ok && one.value !== null ? [one.value] : []));
}

/** What became of writes that were made each on its own. */
export interface EachWritten {
  /** How many documents became others. */
  readonly modified: number;
  /** By place: what the server has against a write, which keeps no other from being made. */
  readonly refused: ReadonlyMap<number, AppError>;
}

/** Makes each of some writes, in no order. */
export async function writeEach(
  collection: Pick<Collection<RawDocument>, 'bulkWrite'>,
  operations: readonly AnyBulkWriteOperation<RawDocument>[],
): Promise<Result<EachWritten, AppError>> {
  try {
    const { modifiedCount } = await collection.bulkWrite(operations, { ordered: false });
    return ok({ modified: modifiedCount, refused: new Map() });
  } catch (cause) {
    const places = operations.map((_, at) => String(at));
    const refused = refusalsOf(cause, places);
    if (!refused.ok) return refused;
    const modified = cause instanceof MongoBulkWriteError ? cause.modifiedCount : 0;
    return ok({ modified, refused: new Map([...refused.value].map(([place, error]) => [Number(place), error])) });
  }
}
