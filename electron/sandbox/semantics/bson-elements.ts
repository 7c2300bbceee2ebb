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
export function behind(bytes: Buffer, type: number, at: number, end: number): number | null {
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
export function lengthAt(bytes: Buffer, at: number, end: number): number {
  if (at + 4 > end) return Number.MAX_SAFE_INTEGER / 4;
  const length = bytes.readInt32LE(at);
  return length < 0 ? Number.MAX_SAFE_INTEGER / 4 : length;
}

/** A document as BSON with those of its fields of the first level that have one of these names. @param bytes whole and sound */
export function onlyFields(bytes: Buffer, names: ReadonlySet<string>): Buffer {
  const end = bytes.length - 1;
  const parts: Buffer[] = [Buffer.alloc(4)];
  let length = 5;
  for (let at = 4; at < end;) {
    const nameEnd = bytes.indexOf(0, at + 1);
    const next = behind(bytes, bytes[at] ?? 0, nameEnd + 1, end);
    if (nameEnd < 0 || next === null || next > end) return bytes;
    if (names.has(bytes.toString('utf8', at + 1, nameEnd))) {
      parts.push(bytes.subarray(at, next));
      length += next - at;
    }
    at = next;
  }
  parts.push(Buffer.alloc(1));
  const picked = Buffer.concat(parts, length);
  picked.writeInt32LE(length);
  return picked;
}
