import { BSONRegExp, Binary, Code, DBRef, Decimal128, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { $type as mingoType } from 'mingo/operators/query';
import type { Options } from 'mingo/types';
import { valuesAt } from './paths.ts';
import { ServerError } from './server-error.ts';
import { isDoc } from './values.ts';

type Test = (value: unknown) => boolean;

/** Documents are matched in comparable form, where whole numbers are one kind: a whole double is also an int or a long there. */
const isWhole: Test = (value) => Number.isInteger(value);
const isInt: Test = (value) =>
  typeof value === 'number' && isWhole(value) && value >= -0x80000000 && value <= 0x7fffffff;
const isNumber: Test = (value) => typeof value === 'number' || value instanceof Decimal128;

/** Every BSON type with its number and its name; `array` is told by mingo. */
const TYPES: readonly (readonly [number, string, Test])[] = [
  [1, 'double', (value) => typeof value === 'number'],
  [2, 'string', (value) => typeof value === 'string'],
  [3, 'object', isDoc],
  [5, 'binData', (value) => value instanceof Binary || value instanceof Uint8Array],
  [6, 'undefined', () => false],
  [7, 'objectId', (value) => value instanceof ObjectId],
  [8, 'bool', (value) => typeof value === 'boolean'],
  [9, 'date', (value) => value instanceof Date],
  [10, 'null', (value) => value === null],
  [11, 'regex', (value) => value instanceof RegExp || value instanceof BSONRegExp],
  [12, 'dbPointer', (value) => value instanceof DBRef],
  [13, 'javascript', (value) => value instanceof Code],
  [14, 'symbol', () => false],
  [15, 'javascriptWithScope', (value) => value instanceof Code && value.scope !== null],
  [16, 'int', isInt],
  [17, 'timestamp', (value) => value instanceof Timestamp],
  [18, 'long', isWhole],
  [19, 'decimal', (value) => value instanceof Decimal128],
  [-1, 'minKey', (value) => value instanceof MinKey],
  [127, 'maxKey', (value) => value instanceof MaxKey],
];
const TESTS = new Map<unknown, Test>([
  ...TYPES.flatMap(([number, name, test]): [unknown, Test][] => [
    [number, test],
    [name, test],
  ]),
  ['number', isNumber],
]);
const ARRAY = new Set<unknown>([4, 'array']);

/** The query operator `$type` for every BSON type; mingo's own knows only those that JavaScript has. Error: `BadValue`. */
export function typeOperator(path: string, operand: unknown, options: Options): (document: unknown) => boolean {
  const wanted = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  const isArray = wanted.some((one) => ARRAY.has(one)) ? mingoType(path, 'array', options) : null;
  const tests = wanted.filter((one) => !ARRAY.has(one)).map(testOf);
  return (document) =>
    isDoc(document) &&
    (isArray?.(document) === true ||
      valuesAt(document, path).values.some((value) => tests.some((test) => test(value))));
}

function testOf(wanted: unknown): Test {
  const test = TESTS.get(wanted);
  if (test !== undefined) return test;
  throw new ServerError(
    'BadValue',
    typeof wanted === 'string'
      ? `Unknown type name alias: ${wanted}`
      : `Invalid numerical type code: ${String(wanted)}`,
  );
}
