import { BSONSymbol, Timestamp } from 'bson';
import { compareBytes } from '../compare.ts';
import { isWholeInt, numberKind, toDouble } from '../numbers.ts';
import { shownValue } from '../shown-value.ts';
import { typeNameOf } from '../type-operator.ts';
import { fixed, isNil, variadic, type Operator } from './compile.ts';
import { TYPE_OPERATORS } from './conversions.ts';
import { formatted, ISO_FORMAT } from './dates/date-formats.ts';
import { UTC } from './dates/time-zones.ts';
import { refuse } from './refusal.ts';

/** What MongoDB takes for a text where it wants one. */
function textOf(value: unknown, name: string): string {
  if (isNil(value)) return '';
  if (typeof value === 'string') return value;
  if (value instanceof BSONSymbol) return value.value;
  if (value instanceof Date) return formatted(value.getTime(), UTC, ISO_FORMAT);
  if (value instanceof Timestamp) return `Timestamp(${value.t}, ${value.i})`;
  if (numberKind(value) !== null)
    return String(
      TYPE_OPERATORS['$toString']?.([{ $literal: value }], name)({ root: null, current: null, variables: {} }),
    );
  throw refuse(16_007, `can't convert from BSON type ${typeNameOf(value)} to String`);
}

const concat = variadic((values) => {
  let result = '';
  for (const value of values) {
    if (isNil(value)) return null;
    if (typeof value !== 'string') throw refuse(16_702, `$concat only supports strings, not ${typeNameOf(value)}`);
    result += value;
  }
  return result;
});

function cased(change: (text: string) => string): Operator {
  return (operand, name) => fixed(1, (value) => change(textOf(value, name)))(operand, name);
}

const upper = (text: string): string => text.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());

function lengthOf(measure: (text: string) => number, code: number): Operator {
  return (operand, name) =>
    fixed(1, (value) => {
      if (typeof value !== 'string')
        throw refuse(code, `${name} requires a string argument, found: ${typeNameOf(value)}`);
      return measure(value);
    })(operand, name);
}

function substring(isBytes: boolean): Operator {
  return (operand, name) =>
    fixed(3, (given, start, length) => {
      const text = textOf(given, name);
      if (numberKind(start) === null)
        throw refuse(
          isBytes ? 16_034 : 34_450,
          `${name}: starting index must be a numeric type (is BSON type ${typeNameOf(start)})`,
        );
      if (numberKind(length) === null)
        throw refuse(
          isBytes ? 16_035 : 34_452,
          `${name}: length must be a numeric type (is BSON type ${typeNameOf(length)})`,
        );
      for (const [value, code] of [
        [start, 34_451],
        [length, 34_453],
      ] as const)
        if (!isBytes && !isWholeInt(value))
          throw refuse(code, `${name}: ${shownValue(value)} is no whole number of 32 bits`);
      const [from, size] = [Math.trunc(toDouble(start)), Math.trunc(toDouble(length))];
      if (!isBytes && size < 0) throw refuse(34_454, `${name}: length must be a nonnegative integer.`);
      if (from < 0)
        throw refuse(isBytes ? 50_752 : 34_455, `${name}: starting index must be non-negative (got: ${from})`);
      if (!isBytes)
        return Array.from(text)
          .slice(from, from + size)
          .join('');
      const bytes = Buffer.from(text);
      const end = size < 0 ? bytes.length : Math.min(bytes.length, from + size);
      if (from >= bytes.length) return '';
      if (((bytes[from] ?? 0) & 0xc0) === 0x80)
        throw refuse(28_656, `${name}:  Invalid range, starting index is a UTF-8 continuation byte.`);
      if (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80)
        throw refuse(28_657, `${name}:  Invalid range, ending index is in the middle of a UTF-8 character.`);
      return bytes.toString('utf8', from, end);
    })(operand, name);
}

const split = fixed(2, (text, separator) => {
  if (isNil(text) || isNil(separator)) return null;
  if (typeof text !== 'string')
    throw refuse(
      40_085,
      `$split requires an expression that evaluates to a string as a first argument, found: ${typeNameOf(text)}`,
    );
  if (typeof separator !== 'string')
    throw refuse(
      40_086,
      `$split requires an expression that evaluates to a string as a second argument, found: ${typeNameOf(separator)}`,
    );
  if (separator === '') throw refuse(40_087, '$split requires a non-empty separator');
  return text.split(separator);
});

/** What makes and takes apart texts; letters outside of ASCII have no case here, as on MongoDB. */
export const TEXTS: Readonly<Record<string, Operator>> = {
  $concat: concat,
  $toUpper: cased(upper),
  $toLower: cased(lower),
  $strcasecmp: (operand, name) =>
    fixed(2, (left, right) => Math.sign(compareBytes(upper(textOf(left, name)), upper(textOf(right, name)))))(
      operand,
      name,
    ),
  $strLenCP: lengthOf((text) => Array.from(text).length, 34_471),
  $strLenBytes: lengthOf((text) => Buffer.byteLength(text), 34_473),
  $substr: substring(true),
  $substrBytes: substring(true),
  $substrCP: substring(false),
  $split: split,
};
