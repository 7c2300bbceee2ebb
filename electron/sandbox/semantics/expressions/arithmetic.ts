import { Double, Long } from 'bson';
import { Decimal } from 'decimal.js';
import { calculate, calculateWidely } from '../calculation.ts';
import { dateOf } from '../date-range.ts';
import {
  exponentOf,
  fromWide,
  isWholeInt,
  numberKind,
  signOf,
  toBig,
  toDouble,
  toExact,
  toWide,
  widerKind,
  workingDouble,
  workingWhole,
  type NumberKind,
} from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { fixed, isNil, ranged, variadic, type Operator } from './compile.ts';
import { refuse } from './refusal.ts';

/** Adds many numbers with MongoDB's types, as accumulators do; `$add` goes from one to the next. */
export class Sum {
  #kind: NumberKind = 'int';
  #whole = 0n;
  #double = 0;
  #rest = 0;
  #wide: Decimal | null = null;
  #exponent = 0;

  add(value: unknown): void {
    const kind = numberKind(value) ?? 'int';
    this.#kind = widerKind(this.#kind, kind);
    if (kind === 'decimal') {
      this.#exponent = Math.min(this.#exponent, exponentOf(value));
      this.#wide = this.#wide === null ? toWide(value) : toWide(fromWide(this.#wide.plus(toWide(value))));
    } else if (kind === 'double') this.#addDouble(toDouble(value));
    else this.#whole += toBig(value);
  }

  get value(): unknown {
    if (this.#wide !== null) {
      // Doubles count with all their digits here, and not with the fifteen that are sure.
      const others = toExact(new Double(this.#double))
        .plus(toExact(new Double(this.#rest)))
        .plus(this.#whole.toString());
      return fromWide(this.#wide.plus(others.toSignificantDigits(34, Decimal.ROUND_HALF_EVEN)), this.#exponent);
    }
    if (this.#kind === 'double') return workingDouble(this.asDouble);
    return workingWhole(this.#whole, this.#kind === 'long') ?? workingDouble(Number(this.#whole));
  }

  get asDouble(): number {
    if (this.#kind === 'int' || this.#kind === 'long') return Number(this.#whole);
    // What a double cannot hold of the whole numbers counts beside what it lacks of the others.
    const whole = Number(this.#whole);
    const sum = this.#double + whole;
    if (!Number.isFinite(sum)) return sum;
    return sum + (this.#rest + lackOf(sum, this.#double, whole) + Number(this.#whole - BigInt(whole)));
  }

  get isWide(): boolean {
    return this.#wide !== null;
  }

  /** Keeps what the nearest double of a sum lacks, so that many small numbers beside a large one are not lost. */
  #addDouble(value: number): void {
    const sum = this.#double + value;
    if (Number.isFinite(sum)) this.#rest += lackOf(sum, this.#double, value);
    else this.#rest = 0;
    this.#double = sum;
  }
}

/** What the nearest double of a sum lacks. */
function lackOf(sum: number, left: number, right: number): number {
  const part = sum - left;
  return left - (sum - part) + (right - part);
}

const add = variadic((values) => {
  let total: unknown = 0;
  let time: bigint | null = null;
  for (const value of values) {
    if (isNil(value)) return null;
    if (value instanceof Date) {
      if (time !== null) throw refuse(16_612, 'only one date allowed in an $add expression');
      time = millisecondsOf(total) + BigInt(value.getTime());
    } else if (numberKind(value) === null)
      throw wrongType(`$add only supports numeric or date types, not ${typeNameOf(value)}`);
    // Beside a date each number is a whole one by itself, and not the sum of them.
    else if (time !== null) time += millisecondsOf(value);
    else total = calculateWidely('plus', total, value);
  }
  return time === null ? total : dateAt(time);
});

/** A number beside a date: the nearest whole one, of a double the one further from zero in the middle, of a decimal the even one. */
function millisecondsOf(value: unknown): bigint {
  const kind = numberKind(value);
  if (kind === 'int' || kind === 'long') return toBig(value);
  const exact = toExact(value);
  if (!exact.isFinite()) throw dateOverflow();
  const rounding = kind === 'double' ? Decimal.ROUND_HALF_UP : Decimal.ROUND_HALF_EVEN;
  return BigInt(exact.toDecimalPlaces(0, rounding).toFixed());
}

function dateAt(ms: bigint): Date {
  if (BigInt.asIntN(64, ms) !== ms) throw dateOverflow();
  return dateOf(Number(ms));
}

function dateOverflow(): ServerError {
  return new ServerError('Overflow', 'date overflow');
}

const multiply = variadic((values) => {
  let product: unknown = 1;
  // Kept beside it from the first one on: what a product that overflows goes on from.
  let double = 1;
  for (const value of values) {
    if (isNil(value)) return null;
    if (numberKind(value) === null) throw wrongType(`$multiply only supports numeric types, not ${typeNameOf(value)}`);
    double *= toDouble(value);
    product = calculate('times', product, value) ?? workingDouble(double);
  }
  return product;
});

const subtract = fixed(2, (left, right) => {
  if (isNil(left) || isNil(right)) return null;
  const kinds = [numberKind(left), numberKind(right)];
  if (left instanceof Date) {
    if (right instanceof Date) return Long.fromNumber(left.getTime() - right.getTime());
    if (kinds[1] !== null) return dateAt(BigInt(left.getTime()) - millisecondsOf(right));
  }
  if (kinds.includes(null)) throw wrongType(`can't $subtract ${typeNameOf(right)} from ${typeNameOf(left)}`);
  return calculateWidely('minus', left, right);
});

const divide = fixed(2, (left, right) => {
  if (isNil(left) || isNil(right)) return null;
  const [a, b] = [numberKind(left), numberKind(right)];
  if (a === null || b === null)
    throw wrongType(`$divide only supports numeric types, not ${typeNameOf(left)} and ${typeNameOf(right)}`);
  if (signOf(right) === 0) throw new ServerError('BadValue', "can't $divide by zero");
  if (widerKind(a, b) === 'decimal')
    return fromWide(toWide(left).dividedBy(toWide(right)), exponentOf(left) - exponentOf(right));
  return workingDouble(toDouble(left) / toDouble(right));
});

const mod = fixed(2, (left, right) => {
  if (isNil(left) || isNil(right)) return null;
  const [a, b] = [numberKind(left), numberKind(right)];
  if (a === null || b === null)
    throw refuse(16_611, `$mod only supports numeric types, not ${typeNameOf(left)} and ${typeNameOf(right)}`);
  if (signOf(right) === 0) throw refuse(16_610, "can't $mod by zero");
  const kind = widerKind(a, b);
  if (kind === 'decimal')
    return fromWide(toWide(left).modulo(toWide(right)), Math.min(exponentOf(left), exponentOf(right)));
  if (kind === 'double') return workingDouble(toDouble(left) % toDouble(right));
  return workingWhole(toBig(left) % toBig(right), kind === 'long');
});

function wrongType(message: string): ServerError {
  return new ServerError('TypeMismatch', message);
}

interface OfOne {
  readonly whole: (value: bigint, isLong: boolean) => unknown;
  readonly double: (value: number) => number;
  readonly wide: (value: Decimal) => Decimal;
  /** Of the last digit of what a decimal becomes. */
  readonly exponent: (value: unknown) => number;
}

const wholeOnly = (): number => 0;

/** An operator of one number, null for null. */
function ofOne({ whole, double, wide, exponent }: OfOne): Operator {
  return (operand, name) =>
    fixed(1, (value) => {
      if (isNil(value)) return null;
      const kind = numberKind(value);
      if (kind === null) throw refuse(28_765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
      if (kind === 'decimal') return fromWide(wide(toWide(value)), exponent(value));
      return kind === 'double' ? workingDouble(double(toDouble(value))) : whole(toBig(value), kind === 'long');
    })(operand, name);
}

const same = (value: bigint, isLong: boolean): unknown => workingWhole(value, isLong);

/**
 * An operator of one number that gives a double, or a decimal of one.
 * @param exponent of the last digit of a result that has fewer digits than a decimal holds; as few digits as it can where none is given
 */
function toDoubles(
  double: (value: number) => number,
  wide: (value: Decimal) => Decimal,
  check?: (sign: number) => void,
  exponent?: (value: unknown) => number,
): Operator {
  return (operand, name) =>
    fixed(1, (value) => {
      if (isNil(value)) return null;
      const kind = numberKind(value);
      if (kind === null) throw refuse(28_765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
      check?.(signOf(value));
      return kind === 'decimal'
        ? fromWide(wide(toWide(value)), exponent?.(value))
        : workingDouble(double(toDouble(value)));
    })(operand, name);
}

function positive(name: string, code: number): (sign: number) => void {
  return (sign) => {
    if (sign <= 0) throw refuse(code, `${name}'s argument must be a positive number`);
  };
}

/**
 * `$round` and `$trunc` as the server does them (`expression_arithmetic.cpp`): by decimals of 34 digits, of which one that is told with so many
 * places that it had more is no number.
 */
function rounding(name: string, mode: Decimal.Rounding): Operator {
  return ranged(1, 2, (value, ...given) => {
    if (isNil(value)) return null;
    const kind = numberKind(value);
    if (kind === null) throw refuse(51_081, `${name} only supports numeric types, not ${typeNameOf(value)}`);
    const [places = null] = given;
    if (given.length > 0 && places === null) return null;
    const digits = places === null ? 0 : roundingPlaces(name, places);
    const exact = toExact(value);
    if (!exact.isFinite() || (digits >= 0 && (kind === 'int' || kind === 'long'))) return value;
    // A double is the decimal of 34 digits that is nearest to it, and not the short one that it is written as.
    const wide = exact.toSignificantDigits(WIDE_DIGITS, Decimal.ROUND_HALF_EVEN);
    const rounded =
      digits >= 0
        ? wide.toDecimalPlaces(digits, mode)
        : wide.times(`1E${digits}`).toDecimalPlaces(0, mode).times(`1E${-digits}`);
    const isTooLong = !rounded.isZero() && rounded.e + 1 + digits > WIDE_DIGITS;
    if (kind === 'decimal') return isTooLong ? fromWide(new Decimal(Number.NaN)) : fromWide(rounded, -digits);
    if (kind === 'double') return workingDouble(isTooLong ? Number.NaN : rounded.toNumber());
    const exactWhole = BigInt(rounded.toFixed(0));
    // MongoDB looks only whether an int has become too great: below the least one it cuts the bits in front off.
    if (kind === 'int' && exactWhole < 0n) return Number(BigInt.asIntN(32, exactWhole));
    const whole = workingWhole(exactWhole, kind === 'long');
    if (whole === null)
      throw refuse(51_080, `invalid conversion from Decimal128 result in ${name} resulting from arguments`);
    return whole;
  });
}

/** Of MongoDB's decimals. */
const WIDE_DIGITS = 34;

function roundingPlaces(name: string, places: unknown): number {
  if (numberKind(places) === null) throw refuse(16_004, `can't convert from BSON type ${typeNameOf(places)} to long`);
  if (!isWholeInt(places)) throw refuse(51_082, `precision argument to  ${name} must be a integral value`);
  const number = toDouble(places);
  if (number < -20 || number > 100)
    throw refuse(51_083, `cannot apply ${name} with precision value ${number} value must be in [-20, 100]`);
  return number;
}

const pow = fixed(2, (base, exponent) => {
  if (isNil(base) || isNil(exponent)) return null;
  const [a, b] = [numberKind(base), numberKind(exponent)];
  if (a === null) throw refuse(28_762, `$pow's base must be numeric, not ${typeNameOf(base)}`);
  if (b === null) throw refuse(28_763, `$pow's exponent must be numeric, not ${typeNameOf(exponent)}`);
  if (signOf(base) === 0 && signOf(exponent) < 0)
    throw refuse(28_764, '$pow cannot take a base of 0 and a negative exponent');
  const kind = widerKind(a, b);
  if (kind === 'decimal') return fromWide(toWide(base).pow(toWide(exponent)));
  const size = Math.abs(toDouble(base));
  if (kind === 'double' || (toDouble(exponent) < 0 && size > 1))
    return workingDouble(powerOf(toDouble(base), toDouble(exponent)));
  const power = toBig(exponent) < 0n ? -toBig(exponent) : toBig(exponent);
  const whole = size > 1 && power > 64n ? null : toBig(base) ** (size <= 1 ? power % 2n : power);
  const isZero = size === 0 && power > 0n;
  const result = isZero
    ? workingWhole(0n, kind === 'long')
    : whole === null
      ? null
      : workingWhole(whole, kind === 'long');
  return result ?? workingDouble(toDouble(base) ** toDouble(exponent));
});

/** As C reckons it: 1 to any power is 1, also to what is no number, and -1 to an infinite one too. */
function powerOf(base: number, exponent: number): number {
  const isOne = base === 1 || (base === -1 && Math.abs(exponent) === Infinity);
  return isOne ? 1 : base ** exponent;
}

const log = fixed(2, (value, base) => {
  if (isNil(value) || isNil(base)) return null;
  const [a, b] = [numberKind(value), numberKind(base)];
  if (a === null) throw refuse(28_756, `$log's argument must be numeric, not ${typeNameOf(value)}`);
  if (b === null) throw refuse(28_757, `$log's base must be numeric, not ${typeNameOf(base)}`);
  if (signOf(value) <= 0) throw refuse(28_758, `$log's argument must be a positive number, but is ${toDouble(value)}`);
  if (signOf(base) <= 0 || toExact(base).equals(1))
    throw refuse(28_759, `$log's base must be a positive number not equal to 1, but is ${toDouble(base)}`);
  if (widerKind(a, b) === 'decimal') return fromWide(toWide(value).log(toWide(base)));
  return workingDouble(Math.log(toDouble(value)) / Math.log(toDouble(base)));
});

/** Operators on bits, of ints and longs. */
function bitwise(start: bigint, combine: (left: bigint, right: bigint) => bigint): Operator {
  return variadic((values, name) => {
    let isLong = false;
    let result = start;
    for (const value of values) {
      if (isNil(value)) return null;
      const kind = numberKind(value);
      if (kind !== 'int' && kind !== 'long')
        throw wrongType(`${name} only supports int and long operands, not ${typeNameOf(value)}.`);
      isLong ||= kind === 'long';
      result = combine(result, toBig(value));
    }
    return workingWhole(result, isLong);
  });
}

/** Arithmetic, with MongoDB's types. */
export const ARITHMETIC: Readonly<Record<string, Operator>> = {
  $add: add,
  $multiply: multiply,
  $subtract: subtract,
  $divide: divide,
  $mod: mod,
  $abs: ofOne({
    whole: (value, isLong) => {
      const size = value < 0n ? -value : value;
      const result = workingWhole(size, isLong);
      if (result === null) throw refuse(28_680, "can't take $abs of long long min");
      return result;
    },
    double: Math.abs,
    wide: (value) => value.abs(),
    exponent: exponentOf,
  }),
  $ceil: ofOne({ whole: same, double: Math.ceil, wide: (value) => value.ceil(), exponent: wholeOnly }),
  $floor: ofOne({ whole: same, double: Math.floor, wide: (value) => value.floor(), exponent: wholeOnly }),
  $trunc: rounding('$trunc', Decimal.ROUND_DOWN),
  $round: rounding('$round', Decimal.ROUND_HALF_EVEN),
  $exp: toDoubles(Math.exp, (value) => value.exp()),
  $ln: toDoubles(Math.log, (value) => value.ln(), positive('$ln', 28_766)),
  $log10: toDoubles(Math.log10, (value) => value.log(10), positive('$log10', 28_761)),
  $sqrt: toDoubles(
    Math.sqrt,
    (value) => value.sqrt(),
    (sign) => {
      if (sign < 0) throw refuse(28_714, "$sqrt's argument must be greater than or equal to 0");
    },
    (value) => Math.floor(exponentOf(value) / 2),
  ),
  $pow: pow,
  $log: log,
  $bitAnd: bitwise(-1n, (left, right) => left & right),
  $bitOr: bitwise(0n, (left, right) => left | right),
  $bitXor: bitwise(0n, (left, right) => left ^ right),
  $bitNot: fixed(1, (value) => {
    if (isNil(value)) return null;
    const kind = numberKind(value);
    if (kind !== 'int' && kind !== 'long')
      throw wrongType(`$bitNot only supports int and long operands, not ${typeNameOf(value)}.`);
    return workingWhole(~toBig(value), kind === 'long');
  }),
};
