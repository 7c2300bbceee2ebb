/** BSON's types by their bytes. */
const DOUBLE = 0x01;
const STRING = 0x02;
const DOCUMENT = 0x03;
const ARRAY = 0x04;
const BINARY = 0x05;
const REGEXP = 0x0b;
const DB_POINTER = 0x0c;
const CODE = 0x0d;
const SYMBOL = 0x0e;
const CODE_WITH_SCOPE = 0x0f;

/** The sizes of the types that always have the same one, in bytes. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [DOUBLE, 8],
  [0x06, 0],
  [0x07, 12],
  [0x08, 1],
  [0x09, 8],
  [0x0a, 0],
  [0x10, 4],
  [0x11, 8],
  [0x12, 8],
  [0x13, 16],
  [0x7f, 0],
  [0xff, 0],
]);

/** Why bytes are refused before anybody builds values out of them. */
export type BsonDefect = 'bounds' | 'type' | 'depth';

/**
 * Walks over a document without building it, and without recursion: a message that is nested a million times would otherwise
 * cost seconds, or the stack, before it is refused.
 * @param bytes one whole document by its own length
 * @returns null where every element lies within its document and none is nested deeper than `depthMax`
 */
export function bsonDefect(bytes: Buffer, depthMax: number): BsonDefect | null {
  const ends: number[] = [bytes.length - 1];
  let at = 4;
  for (let end = ends.at(-1); end !== undefined; end = ends.at(-1)) {
    if (at >= end) {
      if (at !== end || bytes[at] !== 0) return 'bounds';
      ends.pop();
      at += 1;
      continue;
    }
    const type = bytes[at] ?? 0;
    const nameEnd = bytes.indexOf(0, at + 1);
    if (nameEnd < 0 || nameEnd >= end) return 'bounds';
    at = nameEnd + 1;
    const next = behind(bytes, type, at, end);
    if (next === null) return 'type';
    if (next > end) return 'bounds';
    if (type !== DOCUMENT && type !== ARRAY && type !== CODE_WITH_SCOPE) {
      at = next;
      continue;
    }
    const inner = type === CODE_WITH_SCOPE ? at + 8 + lengthAt(bytes, at + 4, end) : at;
    if (inner + lengthAt(bytes, inner, end) !== next || next - inner < 5) return 'bounds';
    ends.push(next - 1);
    if (ends.length > depthMax) return 'depth';
    at = inner + 4;
  }
  return null;
}

/** Where the value ends; null for a type that does not exist, beyond `end` where it lies outside of its document. */
function behind(bytes: Buffer, type: number, at: number, end: number): number | null {
  const size = SIZES.get(type);
  if (size !== undefined) return at + size;
  switch (type) {
    case STRING:
    case CODE:
    case SYMBOL:
      return at + 4 + lengthAt(bytes, at, end);
    case DB_POINTER:
      return at + 4 + lengthAt(bytes, at, end) + 12;
    case BINARY:
      return at + 5 + lengthAt(bytes, at, end);
    case DOCUMENT:
    case ARRAY:
    case CODE_WITH_SCOPE:
      return at + lengthAt(bytes, at, end);
    case REGEXP: {
      const pattern = bytes.indexOf(0, at);
      const options = pattern < 0 ? -1 : bytes.indexOf(0, pattern + 1);
      return options < 0 ? end + 1 : options + 1;
    }
    default:
      return null;
  }
}

/** A length that stands at a place; one that cannot be is longer than anything. */
function lengthAt(bytes: Buffer, at: number, end: number): number {
  if (at + 4 > end) return Number.MAX_SAFE_INTEGER / 4;
  const length = bytes.readInt32LE(at);
  return length < 0 ? Number.MAX_SAFE_INTEGER / 4 : length;
}
