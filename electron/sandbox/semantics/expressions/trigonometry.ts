import { Decimal128 } from 'bson';
import { Decimal } from 'decimal.js';
import { fromWide, numberKind, toDouble, toWide, workingDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { fixed, isNil, type Operator } from './compile.ts';
import { refuse } from './refusal.ts';

/** With digits to spare: what comes out is rounded to the 34 digits of MongoDB's decimals. */
const Precise = Decimal.clone({ precision: 60 });
const PI = Precise.acos(-1);

/** What an angle or a ratio may be; nothing else has a result. */
interface Bounds {
  readonly isWithin: (value: number) => boolean;
  readonly shown: string;
}

const FINITE: Bounds = { isWithin: Number.isFinite, shown: '(-inf,inf)' };
const RATIO: Bounds = { isWithin: (value) => value >= -1 && value <= 1, shown: '[-1,1]' };
const FROM_ONE: Bounds = { isWithin: (value) => value >= 1, shown: '[1,inf]' };

/** A function of one number: of a decimal it is a decimal, of any other number a double. Errors: 28765, 50989. */
function ofNumber(double: (value: number) => number, wide: (value: Decimal) => Decimal, bounds?: Bounds): Operator {
  return (operand, name) =>
    fixed(1, (value) => {
      if (isNil(value)) return null;
      const kind = numberKind(value);
      if (kind === null) throw refuse(28_765, `${name} only supports numeric types, not ${typeNameOf(value)}`);
      const number = nearest(value);
      if (Number.isNaN(number)) return value;
      if (bounds !== undefined && !bounds.isWithin(number))
        throw refuse(50_989, `cannot apply ${name} to ${number}, value must be in ${bounds.shown}`);
      return kind === 'decimal' ? fromWide(wide(precise(value))) : workingDouble(double(number));
    })(operand, name);
}

/** A decimal that no double holds is near the greatest one. */
function nearest(value: unknown): number {
  const number = toDouble(value);
  const isTooLarge = value instanceof Decimal128 && !Number.isFinite(number) && toWide(value).isFinite();
  return isTooLarge ? Math.sign(number) * Number.MAX_VALUE : number;
}

function precise(value: unknown): Decimal {
  return new Precise(toWide(value));
}

/** The circle's ratio is known to about a thousand digits. */
const ANGLE_DIGITS_MAX = 900;

/** A function of an angle. Error: `NotImplemented` for one of which nothing is left where whole circles are taken away. */
function ofAngle(wide: (value: Decimal) => Decimal): (value: Decimal) => Decimal {
  return (value) => {
    if (value.e > ANGLE_DIGITS_MAX)
      throw new ServerError('NotImplemented', `The sandbox server has no angle of ${value.e} digits`);
    return wide(value);
  };
}

/** Beyond this the powers of e have no decimal. */
const POWER_MAX = 15_000;

/** A function of the powers of e; near 0, where they take each other away, `near` has more digits. */
function ofPowers(
  far: (power: Decimal, inverse: Decimal) => Decimal,
  near: (value: Decimal) => Decimal,
): (value: Decimal) => Decimal {
  return (value) => {
    if (value.abs().lessThan(1)) return near(value);
    const size = Precise.min(value.abs(), POWER_MAX);
    const power = (value.isNegative() ? size.negated() : size).exp();
    return far(power, new Precise(1).dividedBy(power));
  };
}

const atan2 = fixed(2, (y, x) => {
  if (isNil(y) || isNil(x)) return null;
  const kinds = [numberKind(y), numberKind(x)];
  for (const [at, value] of [y, x].entries())
    if (kinds[at] === null)
      throw refuse(at === 0 ? 51_044 : 51_045, `$atan2 only supports numeric types, not ${typeNameOf(value)}`);
  if (kinds.includes('decimal')) return fromWide(Precise.atan2(precise(y), precise(x)));
  return workingDouble(Math.atan2(toDouble(y), toDouble(x)));
});

/** Angles and what belongs to them. */
export const TRIGONOMETRY: Readonly<Record<string, Operator>> = {
  $sin: ofNumber(
    Math.sin,
    ofAngle((value) => value.sin()),
    FINITE,
  ),
  $cos: ofNumber(
    Math.cos,
    ofAngle((value) => value.cos()),
    FINITE,
  ),
  $tan: ofNumber(
    Math.tan,
    ofAngle((value) => value.tan()),
    FINITE,
  ),
  $asin: ofNumber(Math.asin, (value) => value.asin(), RATIO),
  $acos: ofNumber(Math.acos, (value) => value.acos(), RATIO),
  $atan: ofNumber(Math.atan, (value) => value.atan()),
  $atan2: atan2,
  $sinh: ofNumber(
    Math.sinh,
    ofPowers(
      (power, inverse) => power.minus(inverse).dividedBy(2),
      (value) => value.sinh(),
    ),
  ),
  $cosh: ofNumber(
    Math.cosh,
    ofPowers(
      (power, inverse) => power.plus(inverse).dividedBy(2),
      (value) => value.cosh(),
    ),
  ),
  $tanh: ofNumber(
    Math.tanh,
    ofPowers(
      (power, inverse) => power.minus(inverse).dividedBy(power.plus(inverse)),
      (value) => value.tanh(),
    ),
  ),
  $asinh: ofNumber(Math.asinh, (value) => value.asinh()),
  $acosh: ofNumber(Math.acosh, (value) => value.acosh(), FROM_ONE),
  $atanh: ofNumber(Math.atanh, (value) => value.atanh(), RATIO),
  $degreesToRadians: ofNumber(
    (value) => value * (Math.PI / 180),
    (value) => value.times(PI).dividedBy(180),
  ),
  $radiansToDegrees: ofNumber(
    (value) => value * (180 / Math.PI),
    (value) => value.times(180).dividedBy(PI),
  ),
};
