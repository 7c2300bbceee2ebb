import { calculateObjectSize, Double, Int32, Long, ObjectId } from 'bson';
import { nameOf } from './field-names.ts';
import { isDoc, keepsDouble } from './values.ts';

const HEADER_BYTES = 5;
/** A type and the end of a name, around each. */
const AROUND_NAME_BYTES = 2;
const TEXT_BYTES = 5;

/** The bytes of a value in BSON, in exact or working form, without its type and name: what writing it would come to, and a third of the work. */
export function bsonLength(value: unknown): number {
  if (typeof value === 'string') return TEXT_BYTES + Buffer.byteLength(value);
  if (value instanceof Int32) return 4;
  if (value instanceof Double || value instanceof Long || value instanceof Date) return 8;
  if (typeof value === 'number') return keepsDouble(value) ? 8 : 4;
  if (typeof value === 'boolean') return 1;
  if (value === null) return 0;
  if (value instanceof ObjectId) return 12;
  if (Array.isArray(value)) return lengthOfList(value);
  if (isDoc(value)) return lengthOfDocument(value);
  return calculateObjectSize({ '': value }) - HEADER_BYTES - AROUND_NAME_BYTES;
}

function lengthOfDocument(document: Readonly<Record<string, unknown>>): number {
  let bytes = HEADER_BYTES;
  for (const key of Object.keys(document)) {
    const value = document[key];
    // It is left out, as in writing.
    if (value === undefined) continue;
    bytes += Buffer.byteLength(nameOf(key)) + AROUND_NAME_BYTES + bsonLength(value);
  }
  return bytes;
}

function lengthOfList(list: readonly unknown[]): number {
  let bytes = HEADER_BYTES;
  let digits = 1;
  let widerFrom = 10;
  for (const [at, value] of list.entries()) {
    if (at === widerFrom) {
      digits += 1;
      widerFrom *= 10;
    }
    // What is undefined in a list is written as null.
    bytes += digits + AROUND_NAME_BYTES + (value === undefined ? 0 : bsonLength(value));
  }
  return bytes;
}
