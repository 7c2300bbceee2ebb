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
} from 'mongodb';
import { isDoc } from './doc.ts';

/** Tests of the names that `$$type` knows; a plain number is what the driver would write it as. */
const TESTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  double: (value) => typeof value === 'number' || value instanceof Double,
  string: (value) => typeof value === 'string',
  object: isDoc,
  array: Array.isArray,
  binData: (value) => value instanceof Binary || value instanceof Uint8Array,
  undefined: (value) => value === undefined,
  objectId: (value) => value instanceof ObjectId,
  bool: (value) => typeof value === 'boolean',
  date: (value) => value instanceof Date,
  null: (value) => value === null,
  regex: (value) => value instanceof RegExp || value instanceof BSONRegExp,
  dbPointer: (value) => value instanceof DBRef,
  javascript: (value) => value instanceof Code && value.scope === null,
  symbol: (value) => value instanceof BSONSymbol,
  javascriptWithScope: (value) => value instanceof Code && value.scope !== null,
  int: (value) => value instanceof Int32 || (isWhole(value) && Math.abs(value) <= 0x80000000),
  timestamp: (value) => value instanceof Timestamp,
  // The driver gives a long that a number can hold as a number.
  long: (value) => isLong(value) || isWhole(value),
  decimal: (value) => value instanceof Decimal128,
  minKey: (value) => value instanceof MinKey,
  maxKey: (value) => value instanceof MaxKey,
};
const NUMBER = ['int', 'long', 'double', 'decimal'];

/** True where a value has the BSON type of this name. Throws for a name that is none. */
export function hasBsonType(value: unknown, name: string): boolean {
  if (name === 'number') return NUMBER.some((one) => hasBsonType(value, one));
  const test = TESTS[name];
  if (test === undefined) throw new Error(`'${name}' is no BSON type`);
  return test(value);
}

/** A number of any class as one that can be compared, or null where the value is none. */
export function comparableNumber(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (isLong(value)) return value.toBigInt();
  return null;
}

function isLong(value: unknown): value is Long {
  return value instanceof Long && !(value instanceof Timestamp);
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
