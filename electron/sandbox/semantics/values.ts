import {
  BSONRegExp,
  BSONSymbol,
  Binary,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
  deserialize,
  serialize,
  setInternalBufferSize,
} from 'bson';
import { withMarks, withNames } from './field-names.ts';

/** A document of BSON values under the keys of `field-names.ts`; which classes stand for numbers depends on the form, see the functions of this file. */
export type Doc = Record<string, unknown>;

/** MongoDB's limit of a document's size, in bytes. */
export const DOCUMENT_BYTES_MAX = 16 * 1024 * 1024;

// The library writes into 17 MB, and beyond them wrongly. A change event may hold its document three times, and a page of them more.
setInternalBufferSize(5 * DOCUMENT_BYTES_MAX);

/**
 * Reads BSON so that writing it again gives the same bytes: numbers stay `Int32`, `Long` or `Double`, expressions `BSONRegExp`, and fields
 * their order: those whose names are whole numbers stand under other keys, see `field-names.ts`.
 */
export function decodeExact(bytes: Uint8Array): Doc {
  const document = deserialize(withMarks(bytes), DECODING);
  // The library makes a class of a document that looks like a reference, and forgets the order of its fields in doing so.
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(REFERENCE)
    ? withoutReferences(document)
    : document;
}

const DECODING = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true };
/** How the field `$ref` begins in BSON. */
const REFERENCE = Buffer.from('$ref\0');

function withoutReferences(document: Doc): Doc {
  return mapDoc(document, asPlain);
}

function asPlain(value: unknown): unknown {
  if (!(value instanceof DBRef)) return mapChildren(value, asPlain);
  const { collection, oid, db, fields } = value;
  return {
    $ref: collection,
    $id: asPlain(oid),
    ...(db === undefined ? {} : { $db: db }),
    ...withoutReferences(fields),
  };
}

/** The bytes that documents were read from, as long as somebody has the document. */
const SOURCES = new WeakMap<Doc, Uint8Array>();

/** {@link decodeExact} of a document that is to be stored as it came: {@link storedBytes} then has no need to write it anew. */
export function decodeForStore(bytes: Uint8Array): Doc {
  const document = decodeExact(bytes);
  SOURCES.set(document, bytes);
  return document;
}

/** The bytes that a document was read from, where they are still known. */
export function sourceOf(document: Doc): Uint8Array | null {
  return SOURCES.get(document) ?? null;
}

/** The bytes under which a document is stored; nobody may have changed it since it was read. */
export function storedBytes(document: Doc): Uint8Array {
  return SOURCES.get(document) ?? encode(document);
}

/** Writes a document of any form. */
export function encode(document: Doc): Uint8Array {
  return withNames(serialize(document, { ignoreUndefined: true }));
}

/** True for a document in the plain sense: neither a list nor a BSON class. */
export function isDoc(value: unknown): value is Doc {
  if (typeof value !== 'object' || value === null) return false;
  // Not by its constructor: a document may have a field of that name.
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An exact value with plain numbers wherever writing them again gives the same type; `Long` and whole `Double`s stay as they are. */
export function toWorking(value: unknown): unknown {
  if (value instanceof Int32) return value.value;
  if (value instanceof Double) return keepsDouble(value.value) ? value.value : value;
  return mapChildren(value, toWorking);
}

/** True for a plain number that is written as a double. */
export function keepsDouble(value: number): boolean {
  return !Number.isInteger(value) || value > 0x7fffffff || value < -0x80000000 || Object.is(value, -0);
}

/** {@link toWorking} of a whole document. */
export function workingDoc(document: Doc): Doc {
  return mapDoc(document, toWorking);
}

function mapDoc(document: Doc, map: (value: unknown) => unknown): Doc {
  const result: Doc = {};
  for (const key of Object.keys(document)) assign(result, key, map(document[key]));
  return result;
}

function mapChildren(value: unknown, map: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  return isDoc(value) ? mapDoc(value, map) : value;
}

/** Sets a field whatever its name is: assigning to `__proto__` would set the prototype instead. */
export function assign(target: Doc, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else target[key] = value;
}

/** A document with its `_id` in front, where MongoDB puts it in whatever is written. */
export function idInFront(document: Doc): Doc {
  if (!Object.hasOwn(document, '_id') || Object.keys(document)[0] === '_id') return document;
  const { _id, ...fields } = document;
  return { _id, ...fields };
}

/** A numeric BSON value of any class as a JavaScript number, or null where it is no number. */
export function numberOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (value instanceof Timestamp) return null;
  if (value instanceof Long) return value.toNumber();
  if (value instanceof Decimal128) return Number(value.toString());
  return null;
}

/** The place of a value's type in MongoDB's order of types (the manual's "Comparison/Sort Order"). */
export function typeRank(value: unknown): number {
  if (value instanceof MinKey) return 1;
  if (value === undefined) return 2;
  if (value === null) return 5;
  if (numberOf(value) !== null) return 10;
  if (typeof value === 'string' || value instanceof BSONSymbol) return 15;
  if (Array.isArray(value)) return 25;
  if (value instanceof Binary || value instanceof Uint8Array) return 30;
  if (value instanceof ObjectId) return 35;
  if (typeof value === 'boolean') return 40;
  if (value instanceof Date) return 45;
  if (value instanceof Timestamp) return 47;
  if (value instanceof BSONRegExp || value instanceof RegExp) return 50;
  if (value instanceof Code) return value.scope === null ? 60 : 65;
  if (value instanceof MaxKey) return 127;
  return 20;
}
