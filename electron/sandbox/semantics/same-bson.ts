import { Double, Int32, ObjectId } from 'bson';
import { encode, isDoc, type Doc } from './values.ts';

/**
 * True where two values, each in exact or working form, are the same bytes in BSON: numbers of one type, fields in one order. What is
 * simple is compared as it is; only the rest is written out.
 */
export function isSameBson(left: unknown, right: unknown): boolean {
  if (left === right && typeof left !== 'number') return true;
  if (typeof left === 'string' || typeof right === 'string' || left === null || right === null) return false;
  if (typeof left === 'boolean' || typeof right === 'boolean') return false;
  const [number, other] = [numberIn(left), numberIn(right)];
  if (number !== null && other !== null) return Object.is(number, other) && isInt32(left) === isInt32(right);
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (left instanceof ObjectId && right instanceof ObjectId) return left.equals(right);
  if (Array.isArray(left) && Array.isArray(right)) {
    return (
      left.length === right.length &&
      // What is undefined in a list is written as null.
      (left as unknown[]).every((element, at) => isSameBson(element ?? null, (right as unknown[])[at] ?? null))
    );
  }
  if (isDoc(left) && isDoc(right)) return isSameDoc(left, right);
  return isSameWritten(left, right);
}

function isSameDoc(left: Doc, right: Doc): boolean {
  const [names, others] = [Object.keys(left), Object.keys(right)];
  for (const [at, name] of names.entries()) {
    const other = others[at];
    const [value, otherValue] = [left[name], other === undefined ? undefined : right[other]];
    // A field of `undefined` is not written, so that what follows it stands elsewhere.
    if (value === undefined || otherValue === undefined) return isSameWritten(left, right);
    if (name !== other || !isSameBson(value, otherValue)) return false;
  }
  return names.length === others.length || isSameWritten(left, right);
}

function numberIn(value: unknown): number | null {
  if (typeof value === 'number') return value;
  return value instanceof Int32 || value instanceof Double ? value.value : null;
}

/** The type under which a number of these classes, or of none, is written. */
function isInt32(value: unknown): boolean {
  if (typeof value === 'number') return (value | 0) === value && !Object.is(value, -0);
  return value instanceof Int32;
}

function isSameWritten(left: unknown, right: unknown): boolean {
  return Buffer.compare(encode({ value: left }), encode({ value: right })) === 0;
}
