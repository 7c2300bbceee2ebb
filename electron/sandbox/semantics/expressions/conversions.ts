import { Binary, Decimal128, Double, Long, ObjectId, Timestamp } from 'bson';
import { bsonLength } from '../bson-length.ts';
import { dateOf } from '../date-range.ts';
import {
  exponentOf,
  fromWide,
  isWholeInt,
  numberKind,
  toBig,
  toDouble,
  toExact,
  toWide,
  workingDouble,
  workingWhole,
} from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNamed, typeNameOf } from '../type-operator.ts';
import { isDoc } from '../values.ts';
import { Decimal } from 'decimal.js';
import { compile, fixed, isNil, type Operator } from './compile.ts';
import { formatted, ISO_FORMAT } from './dates/date-formats.ts';
import { dateOfText } from './dates/date-texts.ts';
import { UTC } from './dates/time-zones.ts';
import { refuse } from './refusal.ts';

type Convert = (value: unknown) => unknown;

function failed(reason: string): ServerError {
  return new ServerError('ConversionFailure', reason);
}

function unsupported(value: unknown, to: string): ServerError {
  return failed(`Unsupported conversion from ${typeNameOf(value)} to ${to} in $convert with no onError value`);
}

function toWholeNumber(to: 'int' | 'long'): Convert {
  return (value) => {
    if (typeof value === 'boolean') return workingWhole(value ? 1n : 0n, to === 'long');
    if (typeof value === 'string') {
      if (!/^[+-]?\d+$/.test(value))
        throw failed(
          `Failed to parse number '${value}' in $convert with no onError value: Did not consume whole string.`,
        );
      return fitting(BigInt(value.replace(/^\+/, '')), to);
    }
    if (value instanceof Date && to === 'long') return Long.fromNumber(value.getTime());
    if (numberKind(value) === null) throw unsupported(value, to);
    if (!Number.isFinite(toDouble(value)))
      throw failed('Attempt to convert infinity or NaN value to integer type in $convert with no onError value');
    return fitting(toBig(value), to);
  };
}

function fitting(whole: bigint, to: 'int' | 'long'): unknown {
  if (BigInt.asIntN(to === 'int' ? 32 : 64, whole) === whole) return workingWhole(whole, to === 'long');
  throw failed(`Conversion would overflow target type in $convert with no onError value: ${String(whole)}`);
}

function toDoubleValue(value: unknown): unknown {
  if (typeof value === 'boolean') return new Double(value ? 1 : 0);
  if (value instanceof Date) return workingDouble(value.getTime());
  if (typeof value === 'string') {
    if (!/^[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|inf(inity)?|nan)$/i.test(value))
      throw failed(
        `Failed to parse number '${value}' in $convert with no onError value: Did not consume whole string.`,
      );
    if (/nan/i.test(value)) return workingDouble(Number.NaN);
    if (/inf/i.test(value)) return workingDouble(value.startsWith('-') ? -Infinity : Infinity);
    return inRange(Number(value), value);
  }
  const kind = numberKind(value);
  if (kind === null) throw unsupported(value, 'double');
  const text = kind === 'decimal' ? String(value as Decimal128) : '';
  return /\d/.test(text) ? inRange(toDouble(value), text) : workingDouble(toDouble(value));
}

/** The least double of all digits. */
const NORMAL_MIN = 2 ** -1022;

/** A double that a number was read as: what is too large for one is refused, and so is what is so small that digits are lost. */
function inRange(double: number, text: string): unknown {
  const isTiny = Math.abs(double) < NORMAL_MIN && !toExact(new Double(double)).equals(text);
  if (!Number.isFinite(double) || isTiny)
    throw failed(`Conversion would overflow target type in $convert with no onError value: ${text}`);
  return workingDouble(double);
}

function toDecimalValue(value: unknown): unknown {
  if (typeof value === 'boolean') return Decimal128.fromString(value ? '1' : '0');
  if (value instanceof Date) return Decimal128.fromString(String(value.getTime()));
  if (typeof value === 'string') {
    try {
      return Decimal128.fromStringWithRounding(value);
    } catch {
      throw failed(
        `Failed to parse number '${value}' in $convert with no onError value: Failed to parse string to decimal`,
      );
    }
  }
  const kind = numberKind(value);
  if (kind === null) throw unsupported(value, 'decimal');
  if (kind === 'decimal') return value;
  if (kind === 'double') return fromDouble(toDouble(value));
  return Decimal128.fromString(String(toBig(value)));
}

/** A double as decimal has 15 digits, also the zeros among them. */
function fromDouble(value: number): Decimal128 {
  if (!Number.isFinite(value)) return fromWide(new Decimal(value));
  if (value === 0) return Decimal128.fromString('0');
  return fromWide(toWide(new Double(value)), exponentOf(new Double(value)));
}

function toText(value: unknown): unknown {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (value instanceof ObjectId) return value.toHexString();
  if (value instanceof Date) return formatted(value.getTime(), UTC, ISO_FORMAT);
  const kind = numberKind(value);
  if (kind === null) throw unsupported(value, 'string');
  if (kind === 'double') return doubleText(toDouble(value));
  return kind === 'decimal' ? String(value as Decimal128) : String(toBig(value));
}

/** As the server writes it: to sixteen digits, and with an exponent of two digits below 1e-4 and from 1e16 on. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', power = '0'] = value.toExponential(15).split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 16) return withoutZeros(value.toFixed(15 - exponent));
  return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function withoutZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

function toTruth(value: unknown): unknown {
  if (typeof value === 'boolean') return value;
  if (numberKind(value) !== null) return toDouble(value) !== 0;
  return true;
}

function toDate(value: unknown): unknown {
  if (value instanceof Date) return value;
  if (value instanceof ObjectId) return value.getTimestamp();
  if (value instanceof Timestamp) return new Date(value.t * 1000);
  if (typeof value === 'string') return new Date(dateOfText(value, UTC));
  const kind = numberKind(value);
  if (kind === null || kind === 'int') throw unsupported(value, 'date');
  if (!Number.isFinite(toDouble(value)))
    throw failed('Attempt to convert infinity or NaN value to integer type in $convert with no onError value');
  const ms = toBig(value);
  if (BigInt.asIntN(64, ms) !== ms)
    throw failed(`Conversion would overflow target type in $convert with no onError value: ${String(ms)}`);
  return dateOf(Number(ms));
}

function toObjectId(value: unknown): unknown {
  if (value instanceof ObjectId) return value;
  if (typeof value !== 'string') throw unsupported(value, 'objectId');
  if (!/^[0-9a-f]{24}$/i.test(value))
    throw failed(
      `Failed to parse objectId '${value}' in $convert with no onError value: Invalid string length for parsing to OID, expected 24 but found ${value.length}`,
    );
  return new ObjectId(value);
}

const CONVERSIONS: Readonly<Record<string, Convert>> = {
  int: toWholeNumber('int'),
  long: toWholeNumber('long'),
  double: toDoubleValue,
  decimal: toDecimalValue,
  string: toText,
  bool: toTruth,
  date: toDate,
  objectId: toObjectId,
};

function converting(to: string): Operator {
  return (operand, name) => {
    if (Array.isArray(operand) && operand.length !== 1)
      throw refuse(50_723, `${name} requires a single argument, got ${operand.length}`);
    return fixed(1, (value) => (isNil(value) ? null : CONVERSIONS[to]?.(value)))(operand, name);
  };
}

/** The name of a type as `$convert` is told it. Errors: `BadValue`, `FailedToParse`. */
function targetOf(to: unknown): string {
  if (typeof to === 'string') {
    const name = typeNamed(to);
    if (name === null) throw new ServerError('BadValue', `Unknown type name: ${to}`);
    return name;
  }
  if (numberKind(to) === null)
    throw new ServerError(
      'FailedToParse',
      `$convert's 'to' argument must be a string or number, but is ${typeNameOf(to)}`,
    );
  if (!isWholeInt(to)) throw new ServerError('FailedToParse', "In $convert, numeric 'to' argument is not an integer");
  const name = typeNamed(toDouble(to));
  if (name === null)
    throw new ServerError(
      'FailedToParse',
      `In $convert, numeric value for 'to' does not correspond to a BSON type: ${toDouble(to)}`,
    );
  return name;
}

const convert: Operator = (operand) => {
  if (!isDoc(operand))
    throw new ServerError(
      'FailedToParse',
      '$convert expects an object of named arguments but found: ' + typeof operand,
    );
  const unknown = Object.keys(operand).find((key) => !['input', 'to', 'onError', 'onNull'].includes(key));
  if (unknown !== undefined) throw new ServerError('FailedToParse', `$convert found an unknown argument: ${unknown}`);
  for (const field of ['input', 'to'])
    if (!Object.hasOwn(operand, field))
      throw new ServerError('FailedToParse', `Missing '${field}' parameter to $convert`);
  const [input, to] = [compile(operand['input']), compile(operand['to'])];
  const onError = Object.hasOwn(operand, 'onError') ? compile(operand['onError']) : null;
  const onNull = Object.hasOwn(operand, 'onNull') ? compile(operand['onNull']) : () => null;
  return (scope) => {
    const [value, target] = [input(scope), to(scope)];
    const name = isNil(target) ? null : targetOf(target);
    if (isNil(value)) return onNull(scope);
    if (name === null) return null;
    const conversion = CONVERSIONS[name];
    try {
      if (conversion === undefined) throw unsupported(value, name);
      return conversion(value);
    } catch (cause) {
      if (onError === null || !(cause instanceof ServerError) || cause.codeName !== 'ConversionFailure') throw cause;
      return onError(scope);
    }
  };
};

/** Types: asking for them and changing them. */
export const TYPE_OPERATORS: Readonly<Record<string, Operator>> = {
  $type: fixed(1, (value) => typeNameOf(value)),
  $isNumber: fixed(1, (value) => numberKind(value) !== null),
  $toInt: converting('int'),
  $toLong: converting('long'),
  $toDouble: converting('double'),
  $toDecimal: converting('decimal'),
  $toString: converting('string'),
  $toBool: converting('bool'),
  $toDate: converting('date'),
  $toObjectId: converting('objectId'),
  $convert: convert,
  $bsonSize: fixed(1, (value) => {
    if (isNil(value)) return null;
    if (isDoc(value)) return bsonLength(value);
    throw refuse(31_393, `$bsonSize requires a document input, found: ${typeNameOf(value)}`);
  }),
  $binarySize: fixed(1, (value) => {
    if (isNil(value)) return null;
    if (typeof value === 'string') return Buffer.byteLength(value);
    if (value instanceof Binary) return value.length();
    throw refuse(51_276, `$binarySize requires a string or BinData argument, found: ${typeNameOf(value)}`);
  }),
  $tsSecond: fixed(1, (value) => (isNil(value) ? null : Long.fromNumber(timestampOf('$tsSecond', value).t))),
  $tsIncrement: fixed(1, (value) => (isNil(value) ? null : Long.fromNumber(timestampOf('$tsIncrement', value).i))),
};

function timestampOf(name: string, value: unknown): Timestamp {
  if (value instanceof Timestamp) return value;
  throw refuse(5_687_301, `${name} requires an argument of type timestamp, found: ${typeNameOf(value)}`);
}
