import type { Collection, Filter, FindCursor, FindOptions } from 'mongodb';
import type { RawDocument } from './collections.ts';
import { readSome, type SomeDocuments } from './some-documents.ts';

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

const FIRST_TEXT = '';
const NONE: SomeDocuments = { documents: [], isFull: false };

/** What of a collection is read by time. */
export interface ChangedWithin {
  /** The field that holds the time. */
  readonly field: 'updatedAt' | 'at';
  readonly limit: number;
  readonly filter?: Filter<RawDocument>;
  readonly projection?: Readonly<Record<string, 1>>;
}

/**
 * A page of the documents changed at and behind a place, a shorter one where they are large; rejects as the driver does. Where a page ends at an id that is no text, the
 * texts of its instant are read from their beginning, some of them again, and what other ids are left of that instant is passed over:
 * MongoDB orders ids of all types but compares those of one type only. Where it ends among documents whose time is none that a place could
 * name (a list of times, a text of another form, one out of range), the others of these are passed over too.
 */
export async function readChangedPage(
  collection: Collection<RawDocument>,
  { atMs, fromId }: ChangedPlace,
  { field, limit, filter = {}, projection }: ChangedWithin,
): Promise<ChangedDocuments> {
  const at = new Date(atMs);
  const find = (changed: Filter<RawDocument>, options: FindOptions): FindCursor<RawDocument> =>
    collection.find({ ...filter, ...changed }, options).sort({ [field]: 1, _id: 1 });
  const read = (changed: Filter<RawDocument>, rows: number): Promise<SomeDocuments> =>
    readSome(find(changed, projection === undefined ? {} : { projection }).limit(rows), rows);
  // A bulk update stamps any number of documents with one time, so an instant is read in pages too.
  const ofInstant = fromId === null ? NONE : await read({ [field]: at, _id: { $gte: fromId } }, limit);
  const lastOfInstant = ofInstant.documents.at(-1);
  if (lastOfInstant !== undefined && ofInstant.isFull) {
    return { documents: ofInstant.documents, next: { atMs, fromId: textBehind(lastOfInstant) } };
  }
  const behind = { [field]: fromId === null ? { $gte: at } : { $gt: at } };
  const later = await read(behind, limit - ofInstant.documents.length);
  const documents = [...ofInstant.documents, ...later.documents];
  const last = later.documents.at(-1);
  if (last === undefined || !later.isFull) return { documents, next: null };
  const lastAtMs = timeOf(last[field]);
  if (lastAtMs !== null) return { documents, next: { atMs: lastAtMs, fromId: textBehind(last) } };
  const rest = find(behind, { skip: later.documents.length, projection: { _id: 1, [field]: 1 } });
  return { documents, next: await firstPlaceOf(rest, field) };
}

/**
 * A time in milliseconds since 1970; null for what is none, and for one that BSON holds and no `Date` does (beyond 8.64e15): asked for, it would be
 * the first of 1970, and everything would be read again for ever.
 */
function timeOf(value: unknown): number | null {
  return value instanceof Date && Number.isFinite(value.getTime()) ? value.getTime() : null;
}

/** The place of the first document that has a time; null where none has. */
async function firstPlaceOf(
  documents: AsyncIterable<RawDocument>,
  field: ChangedWithin['field'],
): Promise<ChangedPlace | null> {
  for await (const { _id, [field]: at } of documents) {
    const id: unknown = _id;
    const atMs = timeOf(at);
    if (atMs !== null) return { atMs, fromId: typeof id === 'string' ? id : FIRST_TEXT };
  }
  return null;
}

/** The next text behind an id in the order of ids, or where that is none, the first of all. */
function textBehind({ _id }: RawDocument): string {
  const id: unknown = _id;
  return typeof id === 'string' ? `${id}\0` : FIRST_TEXT;
}
