import { ARRAY, behind, CODE_WITH_SCOPE, DOCUMENT, lengthAt } from '#domain/bson-elements.ts';

/**
 * Stands before a name that is a whole number, wherever a document is a JavaScript object: objects put such names first, whatever order
 * they came in, and MongoDB keeps the order. It is no character of Unicode, so that it is in no text that anybody means.
 */
const MARK = '\uffff';
const MARK_BYTES = Buffer.from(MARK);

/** What JavaScript takes for a place in a list; with marks before it, for a name that has one already by itself. */
const PLACE = /^(0|[1-9]\d{0,9})$/;
const MARKABLE = /^\uffff*(0|[1-9]\d{0,9})$/;
const MARKED = /\uffff(?=\uffff*(?:0|[1-9]\d{0,9})(?!\d))/g;
const DIGIT_FIRST = 0x30;
const DIGIT_LAST = 0x39;
const NAME_DIGITS_MAX = 10;

function beginsWithDigit(text: string): boolean {
  const code = text.charCodeAt(0);
  return code >= DIGIT_FIRST && code <= DIGIT_LAST;
}

/** The key under which an object holds the field of a name. */
export function keyOf(name: string): string {
  return MARKABLE.test(name) ? MARK + name : name;
}

/** The name of the field that an object holds under a key. */
export function nameOf(key: string): string {
  return key.startsWith(MARK) && MARKABLE.test(key) ? key.slice(MARK.length) : key;
}

/** The keys on a dotted path, which may itself have been a key, or be made of such. */
export function keysOf(path: string): string[] {
  const parts = path.split('.');
  for (const [at, part] of parts.entries()) if (beginsWithDigit(part)) parts[at] = keyOf(part);
  return parts;
}

/** A path in dots, of names. */
export function pathOf(keys: readonly string[]): string {
  return keys.map(nameOf).join('.');
}

/** The place in a list that a key or a name means; null for none. */
export function placeOf(key: string): number | null {
  const name = key.startsWith(MARK) ? key.slice(MARK.length) : key;
  return beginsWithDigit(name) && PLACE.test(name) ? Number(name) : null;
}

/** A text for people without the marks of the names in it. */
export function withoutMarks(text: string): string {
  return text.includes(MARK) ? text.replaceAll(MARKED, '') : text;
}

/** BSON in which the names that are whole numbers have marks; the same bytes where there is no such name. @param bytes one whole document */
export function withMarks(bytes: Uint8Array): Uint8Array {
  const view = asBuffer(bytes);
  return hasNumberName(view, 4, view.length - 1, false) ? renamed(view, 0, false, marked) : bytes;
}

/** BSON without the marks of {@link withMarks}. */
export function withNames(bytes: Uint8Array): Uint8Array {
  const view = asBuffer(bytes);
  return view.includes(MARK_BYTES) ? renamed(view, 0, false, unmarked) : bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Every document that is read goes through here, so it looks at no more of a name than its first byte and where it ends. */
function hasNumberName(bytes: Buffer, from: number, end: number, isList: boolean): boolean {
  for (let at = from; at < end;) {
    const type = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? 0;
    let value = at + 1;
    while (bytes[value] !== 0 && value < end) value += 1;
    const isLikely = (first >= DIGIT_FIRST && first <= DIGIT_LAST) || first === MARK_BYTES[0];
    if (isLikely && !isList && isMarkable(bytes, at + 1, value)) return true;
    value += 1;
    const next = behind(bytes, type, value, end);
    // What is no BSON is refused by whoever decodes it.
    if (next === null || next < value || next > end) return false;
    if (type === DOCUMENT || type === ARRAY || type === CODE_WITH_SCOPE) {
      const inner = type === CODE_WITH_SCOPE ? scopeIn(bytes, value, end) : value;
      if (hasNumberName(bytes, inner + 4, next - 1, type === ARRAY)) return true;
    }
    at = next;
  }
  return false;
}

function scopeIn(bytes: Buffer, value: number, end: number): number {
  return value + 8 + lengthAt(bytes, value + 4, end);
}

function isMarkable(bytes: Buffer, from: number, to: number): boolean {
  let at = from;
  while (bytes[at] === MARK_BYTES[0] && bytes[at + 1] === MARK_BYTES[1] && bytes[at + 2] === MARK_BYTES[2])
    at += MARK_BYTES.length;
  const digits = to - at;
  if (digits < 1 || digits > NAME_DIGITS_MAX || (bytes[at] === DIGIT_FIRST && digits > 1)) return false;
  for (; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < DIGIT_FIRST || byte > DIGIT_LAST) return false;
  }
  return true;
}

type Rename = (name: Buffer) => Uint8Array;

const marked: Rename = (name) => (isMarkable(name, 0, name.length) ? Buffer.concat([MARK_BYTES, name]) : name);

const unmarked: Rename = (name) =>
  name[0] === MARK_BYTES[0] && isMarkable(name, 0, name.length) && name.indexOf(MARK_BYTES) === 0
    ? name.subarray(MARK_BYTES.length)
    : name;

/** The document at a place with other names. */
function renamed(bytes: Buffer, start: number, isList: boolean, rename: Rename): Buffer {
  const end = start + bytes.readInt32LE(start) - 1;
  const parts: Uint8Array[] = [Buffer.alloc(4)];
  for (let at = start + 4; at < end;) {
    const type = bytes[at] ?? 0;
    const nameEnd = bytes.indexOf(0, at + 1);
    const value = nameEnd + 1;
    const next = behind(bytes, type, value, end);
    if (next === null || next > end) return bytes.subarray(start, end + 1);
    const name = bytes.subarray(at + 1, nameEnd);
    parts.push(bytes.subarray(at, at + 1), isList ? name : rename(name), END);
    if (type === CODE_WITH_SCOPE) {
      const scope = scopeIn(bytes, value, end);
      parts.push(codeWithScope(bytes.subarray(value + 4, scope), renamed(bytes, scope, false, rename)));
    } else if (type === DOCUMENT || type === ARRAY) parts.push(renamed(bytes, value, type === ARRAY, rename));
    else parts.push(bytes.subarray(value, next));
    at = next;
  }
  parts.push(END);
  const whole = Buffer.concat(parts);
  whole.writeInt32LE(whole.length);
  return whole;
}

const END = Buffer.of(0);

function codeWithScope(code: Buffer, scope: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32LE(4 + code.length + scope.length);
  return Buffer.concat([length, code, scope]);
}
