import { Decimal128, Double, Int32, Long, Timestamp } from 'bson';
import { Decimal } from 'decimal.js';

/** The numeric types of BSON, from the narrowest to the widest. */
export type NumberKind = 'int' | 'long' | 'double' | 'decimal';

/** MongoDB's decimal type: 34 digits, halves to even. */
const Wide = Decimal.clone({ precision: 34, rounding: Decimal.ROUND_HALF_EVEN, maxE: 6144, minE: -6176 });
/** Wide enough for the difference of any two numbers of BSON. */
const Exact = Decimal.clone({ precision: 16_000, maxE: 9e15, minE: -9e15 });
const DIGITS = 34;
/** As many digits of a double are sure. */
const DOUBLE_DIGITS = 15;
const INT32_MAX = 0x7fffffff;
const INT32_MIN = -0x80000000;

/** The type of a number in exact or working form; null for what is no number. A JavaScript number is an int where it is one of 32 bits. */
export function numberKind(value: unknown): NumberKind | null {
  if (typeof value === 'number') return isInt32(value) ? 'int' : 'double';
  if (value instanceof Int32) return 'int';
  if (value instanceof Double) return 'double';
  if (value instanceof Timestamp) return null;
  if (value instanceof Long) return 'long';
  return value instanceof Decimal128 ? 'decimal' : null;
}

function isInt32(value: number): boolean {
  return Number.isInteger(value) && value <= INT32_MAX && value >= INT32_MIN && !Object.is(value, -0);
}

/** A number as a JavaScript number, the nearest one where it has none of its own. */
export function toDouble(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (value instanceof Long) return value.toNumber();
  return value instanceof Decimal128 ? Number(value.toString()) : Number.NaN;
}

/** A number of 34 digits, as arithmetic with decimals uses it: a double counts with its first 15 digits, as on MongoDB. */
export function toWide(value: unknown): Decimal {
  if (value instanceof Decimal128 || value instanceof Long) return new Wide(value.toString());
  const double = toDouble(value);
  if (!Number.isFinite(double) || numberKind(value) === 'int') return new Wide(double);
  return new Wide(double.toPrecision(DOUBLE_DIGITS));
}

/**
 * The power of ten that the last digit of a number stands for when it is counted with decimals: -2 for 2.50. A double has 15 digits
 * then, also the zeros among them (`$toDecimal` in MongoDB's manual: 2.5 becomes 2.50000000000000); 0 has one.
 */
export function exponentOf(value: unknown): number {
  if (value instanceof Decimal128) {
    const [digits = '', power = '0'] = value.toString().split('E');
    return Number(power) - (digits.split('.')[1]?.length ?? 0);
  }
  const double = toDouble(value);
  if (numberKind(value) !== 'double' || double === 0 || !Number.isFinite(double)) return 0;
  return Number(double.toExponential(DOUBLE_DIGITS - 1).split('e')[1]) - (DOUBLE_DIGITS - 1);
}

/**
 * A result of arithmetic as BSON's decimal.
 * @param exponent of its last digit, as far as it has room for that: a decimal keeps the zeros at its end. The result has as few
 *   digits as it can where none is given.
 */
export function fromWide(value: Decimal, exponent: number | null = null): Decimal128 {
  if (value.isNaN()) return Decimal128.fromString('NaN');
  if (!value.isFinite()) return Decimal128.fromString(value.isNegative() ? '-Infinity' : 'Infinity');
  const rounded = new Wide(value);
  if (exponent === null) return Decimal128.fromStringWithRounding(rounded.toString());
  if (rounded.isZero()) return Decimal128.fromString(`${rounded.isNegative() ? '-' : ''}0E${exponent}`);
  const shortest = rounded.e - (rounded.precision() - 1);
  const last = Math.max(Math.min(exponent, shortest), rounded.e - (DIGITS - 1));
  return Decimal128.fromStringWithRounding(`${rounded.times(new Wide(10).pow(-last)).toFixed(0)}E${last}`);
}

/** A number of exactly the value it has in BSON. */
export function toExact(value: unknown): Decimal {
  if (value instanceof Decimal128 || value instanceof Long) return new Exact(value.toString());
  return exactDouble(toDouble(value));
}

/** The value of a double to its last digit. */
function exactDouble(value: number): Decimal {
  if (!Number.isFinite(value) || Number.isSafeInteger(value)) return new Exact(value);
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  const fraction = (BigInt(high & 0xfffff) << 32n) | BigInt(bits.getUint32(4));
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  const size = new Exact(mantissa.toString()).times(new Exact(2).pow(exponent));
  return high >>> 31 === 1 ? size.negated() : size;
}

/** Orders two numbers of any types by value; NaN is below all others and equal to itself. */
export function compareNumbers(left: unknown, right: unknown): number {
  if (left instanceof Decimal128 || right instanceof Decimal128) return compareDecimals(left, right);
  const [a, b] = [toDouble(left), toDouble(right)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  if (a !== b) return a < b ? -1 : 1;
  // Beyond 2^53 a long is only near to its double.
  if (!(left instanceof Long) && !(right instanceof Long)) return 0;
  if (!Number.isFinite(a) || Number.isSafeInteger(a)) return 0;
  const [x, y] = [toBig(left), toBig(right)];
  return x < y ? -1 : Number(x > y);
}

function compareDecimals(left: unknown, right: unknown): number {
  const [a, b] = [toDouble(left), toDouble(right)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  const [x, y] = [toExact(left), toExact(right)];
  return x.lessThan(y) ? -1 : Number(x.greaterThan(y));
}

/** A whole number as a bigint; what stands behind its point is cut off. */
export function toBig(value: unknown): bigint {
  if (value instanceof Long) return value.toBigInt();
  if (value instanceof Decimal128) return BigInt(toExact(value).trunc().toFixed());
  return BigInt(Math.trunc(toDouble(value)));
}

/** True for a finite number with nothing behind its point. */
export function isWhole(value: unknown): boolean {
  if (value instanceof Long || value instanceof Int32) return true;
  if (value instanceof Decimal128) {
    const exact = toExact(value);
    return exact.isFinite() && exact.isInteger();
  }
  return Number.isInteger(toDouble(value));
}

/** True for a whole number of 32 bits, of whatever type (MongoDB's `Value::integral`). */
export function isWholeInt(value: unknown): boolean {
  const near = toDouble(value);
  return near <= INT32_MAX && near >= INT32_MIN && isWhole(value);
}

/** -1, 0 or 1 as a number is below zero, zero or above it, also where its double is zero; NaN for what is no number. */
export function signOf(value: unknown): number {
  return value instanceof Decimal128 ? Decimal.sign(toExact(value)) : Math.sign(toDouble(value));
}

/** What a decimal or a long has beyond the double nearest to it; null where that is nothing. */
export function beyondDouble(value: unknown, nearest: number): Decimal | null {
  if (!(value instanceof Long) && !(value instanceof Decimal128)) return null;
  const rest = toExact(value).minus(exactDouble(nearest));
  return rest.isZero() || !rest.isFinite() ? null : rest;
}

/** A double in working form: one that would be written as an int keeps its class. */
export function workingDouble(value: number): unknown {
  return isInt32(value) ? new Double(value) : value;
}

/** A whole number in working form, of the narrower type where it fits and `isLong` does not ask for the wider. Null where neither holds it. */
export function workingWhole(value: bigint, isLong: boolean): unknown {
  if (BigInt.asIntN(64, value) !== value) return null;
  return isLong || BigInt.asIntN(32, value) !== value ? Long.fromBigInt(value) : Number(value);
}

/** The type that arithmetic on two numbers has before it overflows. */
export function widerKind(left: NumberKind, right: NumberKind): NumberKind {
  const order: readonly NumberKind[] = ['int', 'long', 'double', 'decimal'];
  return order[Math.max(order.indexOf(left), order.indexOf(right))] ?? 'double';
}
