import type { Collection, Filter } from 'mongodb';
import type { RawDocument } from './collections.ts';

/** A place in the order of times, and of ids in one instant. */
export interface ChangedPlace {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Of the instant itself only ids that are text, from this one on; null for all of it. */
  readonly fromId: string | null;
}

/** Documents at and behind a place, in that order. */
export interface ChangedDocuments {
  readonly documents: readonly RawDocument[];
  /** Where the next page begins; null where this was the last one. */
  readonly next: ChangedPlace | null;
}

/** What of a collection is read by time. */
export interface ChangedWithin {
  /** The field that holds the time. */
  readonly field: 'updatedAt' | 'at';
  readonly limit: number;
  readonly filter?: Filter<RawDocument>;
  readonly projection?: Readonly<Record<string, 1>>;
}

/**
 * A page of the documents changed at and behind a place; rejects as the driver does. Where a page ends at an id that is no text, the
 * texts of its instant are read from their beginning, some of them again, and what other ids are left of that instant is passed over:
 * MongoDB orders ids of all types but compares those of one type only.
 */
export async function readChangedPage(
  collection: Collection<RawDocument>,
  { atMs, fromId }: ChangedPlace,
  { field, limit, filter = {}, projection }: ChangedWithin,
): Promise<ChangedDocuments> {
  const at = new Date(atMs);
  const read = (changed: Filter<RawDocument>, rows: number): Promise<RawDocument[]> =>
    collection
      .find({ ...filter, ...changed }, projection === undefined ? {} : { projection })
      .sort({ [field]: 1, _id: 1 })
      .limit(rows)
      .toArray();
  // A bulk update stamps any number of documents with one time, so an instant is read in pages too.
  const documents = fromId === null ? [] : await read({ [field]: at, _id: { $gte: fromId } }, limit);
  if (documents.length < limit) {
    const later = { [field]: fromId === null ? { $gte: at } : { $gt: at } };
    documents.push(...(await read(later, limit - documents.length)));
  }
  const last = documents.at(-1);
  return { documents, next: documents.length < limit || last === undefined ? null : placeBehind(last, field, atMs) };
}

function placeBehind(last: RawDocument, field: ChangedWithin['field'], atMs: number): ChangedPlace {
  const [id, at]: readonly unknown[] = [last._id, last[field]];
  // With a NUL behind it a text becomes the next one after it.
  return { atMs: at instanceof Date ? at.getTime() : atMs, fromId: typeof id === 'string' ? `${id}\0` : '' };
}
