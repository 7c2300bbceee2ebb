/** BSON's types by their bytes. */
const DOUBLE = 0x01;
const STRING = 0x02;
export const DOCUMENT = 0x03;
export const ARRAY = 0x04;
const BINARY = 0x05;
const REGEXP = 0x0b;
const DB_POINTER = 0x0c;
const CODE = 0x0d;
const SYMBOL = 0x0e;
export const CODE_WITH_SCOPE = 0x0f;

const UNSIZED = -1;
/** The sizes of the types that always have the same one, in bytes; a table, because every element of every document is looked up. */
const SIZES = new Int8Array(256).fill(UNSIZED);
for (const [type, size] of [
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
] as const)
  SIZES[type] = size;

/** Where the value of an element ends; null for a type that does not exist, beyond `end` where it lies outside of its document. */
export function behind(bytes: Uint8Array, type: number, at: number, end: number): number | null {
  const size = SIZES[type] ?? UNSIZED;
  if (size !== UNSIZED) return at + size;
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
    case REGEXP:
      return nameEndAt(bytes, nameEndAt(bytes, at, end) + 1, end) + 1;
    default:
      return null;
  }
}

/** A length that stands at a place; one that cannot be is longer than anything. */
export function lengthAt(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return Number.MAX_SAFE_INTEGER / 4;
  // By byte: a Uint8Array reads no integers, and a view of it would be made for each document.
  const length =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  return length < 0 ? Number.MAX_SAFE_INTEGER / 4 : length;
}

/** Where a name that begins at a place has its zero; `end` where it has none before. A loop: names are shorter than a call costs. */
function nameEndAt(bytes: Uint8Array, at: number, end: number): number {
  let zero = at;
  while (zero < end && bytes[zero] !== 0) zero += 1;
  return Math.min(zero, end);
}

/**
 * A document as BSON with those of its fields of the first level that are wanted; the document itself where it is not sound.
 * @param isWanted is given where the name of a field begins and ends
 */
export function onlyFields(bytes: Uint8Array, isWanted: (from: number, to: number) => boolean): Uint8Array {
  const end = bytes.length - 1;
  if (lengthAt(bytes, 0, end) !== bytes.length || bytes[end] !== 0) return bytes;
  const parts: Uint8Array[] = [];
  let length = 5;
  for (let at = 4; at < end;) {
    const nameEnd = nameEndAt(bytes, at + 1, end);
    const next = behind(bytes, bytes[at] ?? 0, nameEnd + 1, end);
    if (next === null || next > end) return bytes;
    if (isWanted(at + 1, nameEnd)) {
      parts.push(bytes.subarray(at, next));
      length += next - at;
    }
    at = next;
  }
  const picked = new Uint8Array(length);
  for (let n = 0; n < 4; n += 1) picked[n] = length >> (8 * n);
  let at = 4;
  for (const part of parts) {
    picked.set(part, at);
    at += part.length;
  }
  return picked;
}
