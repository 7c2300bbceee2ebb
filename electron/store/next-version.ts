import type { Collection } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { RawDocument } from './collections.ts';
import { isOnlyDuplicateKeys, toAppError } from './driver-errors.ts';

/**
 * Writes the next version of a document over the one before; a first version is inserted.
 * @returns false where it is no longer that one: somebody else wrote in between
 */
export async function replaceWithNext(
  collection: Collection<RawDocument>,
  next: { readonly _id: string; readonly version: number },
): Promise<Result<boolean, AppError>> {
  const { _id, ...fields } = next;
  try {
    const written = await collection.updateOne(
      { _id, version: next.version - 1 },
      { $set: fields },
      { upsert: next.version === 1 },
    );
    return ok(written.matchedCount + written.upsertedCount === 1);
  } catch (cause) {
    // Two that write a first version at once: the second one's insertion has its key taken.
    return isOnlyDuplicateKeys(cause) ? ok(false) : err(toAppError(cause));
  }
}
