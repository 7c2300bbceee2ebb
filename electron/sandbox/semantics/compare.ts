import { BSONRegExp, BSONSymbol, Binary, type Code, type ObjectId, type Timestamp } from 'bson';
import type { Collation } from './collation.ts';
import { nameOf } from './field-names.ts';
import { compareNumbers } from './numbers.ts';
import { typeRank, type Doc } from './values.ts';

/**
 * MongoDB's order of values: by type first, then by value; documents field by field in their own order: type, name, value.
 * @param collation how texts compare; null for their bytes
 * @returns below 0, 0 or above 0
 */
export function compareValues(left: unknown, right: unknown, collation: Collation | null = null): number {
  const rank = typeRank(left);
  const byType = rank - typeRank(right);
  if (byType !== 0) return byType;
  switch (rank) {
    case 10:
      return compareNumbers(left, right);
    case 15:
      return compareTexts(textOf(left), textOf(right), collation);
    case 20:
      return compareDocs(left as Doc, right as Doc, collation);
    case 25:
      return compareLists(left as readonly unknown[], right as readonly unknown[], collation);
    case 30:
      return compareBinaries(left, right);
    case 35:
      return Buffer.compare((left as ObjectId).id, (right as ObjectId).id);
    case 40:
      return Number(left) - Number(right);
    case 45:
      return (left as Date).getTime() - (right as Date).getTime();
    case 47: {
      const [a, b] = [(left as Timestamp).toBigInt(), (right as Timestamp).toBigInt()];
      return a < b ? -1 : Number(a > b);
    }
    case 50:
      return compareBytes(patternOf(left), patternOf(right)) || compareBytes(flagsOf(left), flagsOf(right));
    case 60:
    case 65:
      return (
        compareBytes((left as Code).code, (right as Code).code) ||
        compareDocs((left as Code).scope ?? {}, (right as Code).scope ?? {}, collation)
      );
    default:
      return 0;
  }
}

/** True where MongoDB takes two values for equal, whatever their numeric types. */
export function isEqual(left: unknown, right: unknown, collation: Collation | null = null): boolean {
  return compareValues(left, right, collation) === 0;
}

function compareDocs(left: Doc, right: Doc, collation: Collation | null): number {
  const [names, others] = [Object.keys(left), Object.keys(right)];
  for (const [at, name] of names.entries()) {
    const other = others[at];
    if (other === undefined) return 1;
    const byType = typeRank(left[name]) - typeRank(right[other]);
    const difference =
      byType || compareBytes(nameOf(name), nameOf(other)) || compareValues(left[name], right[other], collation);
    if (difference !== 0) return difference;
  }
  return names.length - others.length;
}

function compareLists(left: readonly unknown[], right: readonly unknown[], collation: Collation | null): number {
  for (const [at, value] of left.entries()) {
    if (at >= right.length) return 1;
    const difference = compareValues(value, right[at], collation);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareBinaries(left: unknown, right: unknown): number {
  const [a, b] = [bytesOf(left), bytesOf(right)];
  return a.length - b.length || subtypeOf(left) - subtypeOf(right) || Buffer.compare(a, b);
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Binary ? value.buffer.subarray(0, value.position) : (value as Uint8Array);
}

function subtypeOf(value: unknown): number {
  return value instanceof Binary ? value.sub_type : 0;
}

function textOf(value: unknown): string {
  return value instanceof BSONSymbol ? value.value : String(value);
}

function patternOf(value: unknown): string {
  return value instanceof BSONRegExp ? value.pattern : (value as RegExp).source;
}

function flagsOf(value: unknown): string {
  return value instanceof BSONRegExp ? value.options : (value as RegExp).flags;
}

function compareTexts(left: string, right: string, collation: Collation | null): number {
  if (left === right) return 0;
  return collation === null ? compareBytes(left, right) : collation(left, right);
}

/** Orders texts by their UTF-8 bytes: JavaScript's own order is that of UTF-16, which puts what is outside of its plane too low. */
export function compareBytes(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (a === b) continue;
    const [isA, isB] = [a >= 0xd800 && a <= 0xdfff, b >= 0xd800 && b <= 0xdfff];
    return isA === isB ? a - b : isA ? 1 : -1;
  }
  return left.length - right.length;
}
