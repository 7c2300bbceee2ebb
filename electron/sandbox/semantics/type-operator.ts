import { BSONRegExp, BSONSymbol, Binary, Code, Decimal128, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import { numberKind, toDouble } from './numbers.ts';
import { ServerError } from './server-error.ts';
import { isDoc } from './values.ts';

type Test = (value: unknown) => boolean;

function isKind(kind: string): Test {
  return (value) => numberKind(value) === kind;
}

/** Every BSON type with its number and its name. */
const TYPES: readonly (readonly [number, string, Test])[] = [
  [1, 'double', isKind('double')],
  [2, 'string', (value) => typeof value === 'string'],
  [3, 'object', isDoc],
  [4, 'array', Array.isArray],
  [5, 'binData', (value) => value instanceof Binary || value instanceof Uint8Array],
  [6, 'undefined', () => false],
  [7, 'objectId', (value) => value instanceof ObjectId],
  [8, 'bool', (value) => typeof value === 'boolean'],
  [9, 'date', (value) => value instanceof Date],
  [10, 'null', (value) => value === null],
  [11, 'regex', (value) => value instanceof RegExp || value instanceof BSONRegExp],
  [12, 'dbPointer', () => false],
  [13, 'javascript', (value) => value instanceof Code && value.scope === null],
  [14, 'symbol', (value) => value instanceof BSONSymbol],
  [15, 'javascriptWithScope', (value) => value instanceof Code && value.scope !== null],
  [16, 'int', isKind('int')],
  [17, 'timestamp', (value) => value instanceof Timestamp],
  [18, 'long', isKind('long')],
  [19, 'decimal', (value) => value instanceof Decimal128],
  [-1, 'minKey', (value) => value instanceof MinKey],
  [127, 'maxKey', (value) => value instanceof MaxKey],
];
const isNumber: Test = (value) => numberKind(value) !== null;
const BY_NAME = new Map<string, Test>([
  ...TYPES.map(([, name, test]): [string, Test] => [name, test]),
  ['number', isNumber],
]);
const BY_NUMBER = new Map<number, Test>(TYPES.map(([number, , test]) => [number, test]));

/** The name of a value's BSON type, as `$type` gives it; `missing` for what is not there. */
export function typeNameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return TYPES.find(([, , test]) => test(value))?.[1] ?? 'object';
}

/** The name of the type that `$convert` is given by its name or number, also of what is missing; null for none. */
export function typeNamed(given: string | number): string | null {
  if (given === 'missing' || given === 0) return 'missing';
  return TYPES.find(([number, name]) => given === (typeof given === 'string' ? name : number))?.[1] ?? null;
}

/** The test of the query operator `$type`. Errors: `BadValue`, `FailedToParse` for no types. */
export function testOfType(operand: unknown): Test {
  if (!Array.isArray(operand)) return testOf(operand);
  if (operand.length === 0) throw new ServerError('FailedToParse', ' must match at least one type');
  const tests = (operand as unknown[]).map(testOf);
  return (value) => tests.some((test) => test(value));
}

function testOf(wanted: unknown): Test {
  if (typeof wanted === 'string') {
    const test = BY_NAME.get(wanted);
    if (test === undefined) throw new ServerError('BadValue', `Unknown type name alias: ${wanted}`);
    return test;
  }
  if (!isNumber(wanted)) throw new ServerError('TypeMismatch', 'type must be represented as a number or a string');
  const number = toDouble(wanted);
  const test = BY_NUMBER.get(number);
  if (test === undefined) throw new ServerError('BadValue', `Invalid numerical type code: ${number}`);
  return test;
}
