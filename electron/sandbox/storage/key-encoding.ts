import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, Double, Int32, ObjectId, Timestamp } from 'bson';
import type { Decimal } from 'decimal.js';
import { nameOf } from '../semantics/field-names.ts';
import { beyondDouble } from '../semantics/numbers.ts';
import { isDoc, numberOf, typeRank, type Doc } from '../semantics/values.ts';

/** A byte that is above every type's byte, plain or inverted: marks the end of a range. */
const ABOVE_EVERY_TYPE = 0xff;

/**
 * A value as bytes whose bytewise order is MongoDB's order of values across all types. One byte of type, then the value; every
 * encoding is self-delimiting, so that encodings may stand one behind the other in a compound key.
 */
export function encodeKey(value: unknown): Buffer {
  const plain = plainKey(value);
  if (plain !== null) return plain;
  const parts: Buffer[] = [];
  append(parts, value);
  return Buffer.concat(parts);
}

/** The usual values in one piece; null for all others. */
function plainKey(value: unknown): Buffer | null {
  if (value instanceof Int32 || value instanceof Double || typeof value === 'number') {
    const number = typeof value === 'number' ? value : value.value;
    if (Number.isNaN(number)) return null;
    return plainNumber(number === 0 ? 0 : number);
  }
  if (value instanceof ObjectId) {
    const key = Buffer.allocUnsafe(13);
    key[0] = 35;
    key.set(value.id, 1);
    return key;
  }
  if (typeof value !== 'string' || value.includes('\0')) return null;
  const key = Buffer.allocUnsafe(Buffer.byteLength(value) + 3);
  key[0] = 15;
  key.write(value, 1);
  key.writeUInt16BE(0, key.length - 2);
  return key;
}

/** {@link encodeNumber} of a double that is not NaN, behind its rank. */
function plainNumber(number: number): Buffer {
  const key = Buffer.allocUnsafe(11);
  key[0] = 10;
  key.writeDoubleBE(number, 1);
  if (number < 0) for (let at = 1; at <= 8; at += 1) key[at] = 0xff - (key[at] ?? 0);
  else key[1] = (key[1] ?? 0) | 0x80;
  key.writeUInt16BE(0x8000, 9);
  return key;
}

/** The same bytes in the opposite order, for the descending fields of an index. */
export function inverted(key: Uint8Array): Buffer {
  const result = Buffer.allocUnsafe(key.length);
  for (let index = 0; index < key.length; index += 1) result[index] = 0xff - (key[index] ?? 0);
  return result;
}

/** The first key behind all keys that begin with `prefix`. */
export function endOf(prefix: Uint8Array): Buffer {
  return Buffer.concat([prefix, Buffer.of(ABOVE_EVERY_TYPE)]);
}

/** The first and the last possible key of the type of a value: what `$gt` and `$lt` compare within. */
export function typeBounds(value: unknown): { readonly from: Buffer; readonly to: Buffer } {
  const rank = typeRank(value);
  // A value's own bytes may be as high as any, so only the next type's byte is above them all.
  return { from: Buffer.of(rank), to: Buffer.of(rank + 1) };
}

function append(parts: Buffer[], value: unknown): void {
  const rank = typeRank(value);
  parts.push(Buffer.of(rank));
  switch (rank) {
    case 10:
      parts.push(encodeNumber(value));
      return;
    case 15:
      parts.push(escaped(Buffer.from(value instanceof BSONSymbol ? value.value : String(value), 'utf8')));
      return;
    case 20:
      appendDocument(parts, value);
      return;
    case 25:
      for (const element of value as readonly unknown[]) append(parts, element);
      parts.push(Buffer.of(0));
      return;
    case 30:
      appendBinary(parts, value);
      return;
    case 35:
      if (value instanceof ObjectId) parts.push(Buffer.from(value.id));
      return;
    case 40:
      parts.push(Buffer.of(value === true ? 1 : 0));
      return;
    case 45:
      if (value instanceof Date) parts.push(encodeInteger(BigInt(Math.trunc(value.getTime()))));
      return;
    case 47:
      if (value instanceof Timestamp) parts.push(unsigned(value.toBigInt()));
      return;
    case 50:
      appendRegExp(parts, value);
      return;
    case 60:
    case 65:
      if (value instanceof Code) parts.push(escaped(Buffer.from(value.code, 'utf8')));
      if (value instanceof Code && value.scope !== null) appendDocument(parts, value.scope);
      return;
    default:
  }
}

/** Whole documents compare field by field: type, then name, then value. */
function appendDocument(parts: Buffer[], value: unknown): void {
  const document: Doc = isDoc(value) ? value : {};
  for (const key of Object.keys(document)) {
    parts.push(Buffer.of(typeRank(document[key])), escaped(Buffer.from(nameOf(key), 'utf8')));
    append(parts, document[key]);
  }
  parts.push(Buffer.of(0));
}

function appendBinary(parts: Buffer[], value: unknown): void {
  const isBinary = value instanceof Binary;
  const bytes = isBinary ? value.buffer.subarray(0, value.position) : (value as Uint8Array);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes.length);
  parts.push(length, Buffer.of(isBinary ? value.sub_type : 0), Buffer.from(bytes));
}

function appendRegExp(parts: Buffer[], value: unknown): void {
  const [pattern, flags] =
    value instanceof BSONRegExp ? [value.pattern, value.options] : [(value as RegExp).source, (value as RegExp).flags];
  parts.push(escaped(Buffer.from(pattern, 'utf8')), escaped(Buffer.from(flags, 'utf8')));
}

/** Bytes with 00 written as 00 FF, ended by 00 00: keeps the order of texts that contain each other. */
function escaped(bytes: Buffer): Buffer {
  if (!bytes.includes(0)) return Buffer.concat([bytes, Buffer.of(0, 0)]);
  const result: number[] = [];
  for (const byte of bytes) {
    result.push(byte);
    if (byte === 0) result.push(0xff);
  }
  return Buffer.from([...result, 0, 0]);
}

/**
 * A double in order, then what a 64-bit integer has beyond the double nearest to it, so that neighbours above 2^53 stay apart
 * and an integer still equals the same number as a double.
 */
function encodeNumber(value: unknown): Buffer {
  const nearest = clamped(value);
  const result = Buffer.alloc(10);
  // NaN is below every number; zero has one encoding, whatever its sign.
  result.writeDoubleBE(nearest === 0 ? 0 : nearest);
  if (Number.isNaN(nearest)) result.fill(0, 0, 8);
  else if (nearest < 0) inverted(result.subarray(0, 8)).copy(result);
  else result[0] = (result[0] ?? 0) | 0x80;
  const rest = beyondDouble(value, nearest);
  result.writeUInt16BE(0x8000, 8);
  if (rest === null) return result;
  const whole = Math.max(-WHOLE_MAX, Math.min(WHOLE_MAX, rest.floor().toNumber()));
  const tail = rest.minus(whole);
  // The lowest bit says that more follows.
  result.writeUInt16BE(0x8000 + 2 * whole + (tail.isZero() ? 0 : 1), 8);
  return tail.isZero() ? result : Buffer.concat([result, encodeTail(tail)]);
}

/** What of the rest stands in two bytes: more than any 64-bit integer has. */
const WHOLE_MAX = 0x3000;

/** The double nearest to a number, but for decimals beyond all doubles the last finite one. */
function clamped(value: unknown): number {
  const nearest = numberOf(value) ?? 0;
  if (!(value instanceof Decimal128) || Number.isFinite(nearest) || Number.isNaN(nearest)) return nearest;
  if (value.toString().includes('Infinity')) return nearest;
  return nearest > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}

/** A number as its power of ten and its digits, which end with a zero byte; negative ones inverted. */
function encodeTail(value: Decimal): Buffer {
  const digits = value.abs().toExponential().split('e')[0]?.replace('.', '') ?? '';
  const power = Buffer.allocUnsafe(2);
  power.writeUInt16BE(value.e + 0xc000);
  const positive = Buffer.concat([power, Buffer.from(digits), Buffer.of(0)]);
  return value.isNegative() ? inverted(positive) : positive;
}

function encodeInteger(value: bigint): Buffer {
  return unsigned(BigInt.asUintN(64, value) ^ 0x8000000000000000n);
}

function unsigned(value: bigint): Buffer {
  const result = Buffer.allocUnsafe(8);
  result.writeBigUInt64BE(BigInt.asUintN(64, value));
  return result;
}
