import { Decimal128 } from 'bson';
import type { Accumulator } from '../expressions/accumulators.ts';
// The expressions of this file are compiled when it is loaded, and operators must be known by then.
import '../expressions/operator-table.ts';
import { compile, isNil, scopeOf, type Evaluate, type Scope } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { numberKind, isWhole, toDouble, toWide, fromWide, workingDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { isDoc } from '../values.ts';

/** A function of a curve as it was named, and the unit that its result is told in. */
export interface Curve {
  readonly name: string;
  readonly unit: unknown;
}

interface Point {
  readonly x: unknown;
  readonly y: unknown;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  week: 604_800_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
};

/** How many milliseconds the unit of a function has; null where it has none. Errors: `FailedToParse`, 5490704. */
function unitMs({ name, unit }: Curve): number | null {
  if (unit === undefined) return null;
  if (typeof unit !== 'string') throw new ServerError('FailedToParse', `${name} 'unit' must be a string`);
  const ms = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined;
  if (ms !== undefined) return ms;
  if (!['month', 'quarter', 'year'].includes(unit))
    throw new ServerError('FailedToParse', `unknown time unit value: ${unit}`);
  throw refuse(5_490_704, "unit must be 'week' or smaller");
}

/** A field of what is held: what is missing there is as null, which ends any arithmetic. */
function pointOf({ current }: Scope): Point {
  return isDoc(current) ? { x: current['x'], y: current['y'] } : { x: null, y: null };
}

/** Errors: MongoDB's for a curve over dates without a unit, with one over numbers, and for what has no place. */
function checkPlace({ name }: Curve, x: unknown, ms: number | null, codes: readonly [number, number]): void {
  if (ms === null && numberKind(x) === null)
    throw refuse(
      codes[1],
      `${name} ${x instanceof Date ? 'where the sortBy is a Date requires a unit' : 'expects the sortBy to be a number'}, found ${typeNameOf(x)}`,
    );
  if (ms !== null && !(x instanceof Date))
    throw refuse(codes[0], `${name} with 'unit' expects the sortBy field to be a Date, found ${typeNameOf(x)}`);
}

const SLOPE = compile({ $divide: [{ $subtract: ['$y2', '$y1'] }, '$width'] });
const AREA = compile({ $divide: [{ $multiply: [{ $add: ['$y1', '$y2'] }, '$width'] }, 2] });
const DIFFERENCE = compile({ $subtract: ['$x2', '$x1'] });
const QUOTIENT = compile({ $divide: ['$value', '$ms'] });
const SUM = compile({ $add: ['$one', '$other'] });

function evaluate(expression: Evaluate, values: Readonly<Record<string, unknown>>): unknown {
  return expression(scopeOf(values, {}));
}

/** How far two places are apart; dates in milliseconds. */
function widthOf(from: Point, to: Point): unknown {
  return evaluate(DIFFERENCE, { x1: from.x, x2: to.x });
}

/** What was reckoned by milliseconds, by units of so many of them. */
function inUnits(value: unknown, ms: number | null): unknown {
  return ms === null || value === null ? value : evaluate(QUOTIENT, { value, ms });
}

/** `$derivative`: the slope from the first to the last point of a window; null where these are not two. */
export function derivative(curve: Curve): () => Accumulator {
  const ms = unitMs(curve);
  return () => {
    let first: Point | null = null;
    let last: Point | null = null;
    return {
      add: (scope) => {
        const point = pointOf(scope);
        checkPlace(curve, point.x, ms, [5_624_900, 5_624_901]);
        first ??= point;
        last = point;
      },
      get value() {
        if (first === null || last === null) return null;
        const width = inUnits(widthOf(first, last), ms);
        if (toDouble(width) === 0) return null;
        return evaluate(SLOPE, { y1: first.y, y2: last.y, width }) ?? null;
      },
    };
  };
}

/** `$integral` by trapezoids; null for no point. */
export function integral(curve: Curve): () => Accumulator {
  const ms = unitMs(curve);
  return () => {
    let before: Point | null = null;
    let area: unknown = null;
    return {
      add: (scope) => {
        const point = pointOf(scope);
        checkPlace(curve, point.x, ms, [5_423_901, 5_423_902]);
        if (numberKind(point.y) === null) return;
        area =
          before === null
            ? 0
            : evaluate(SUM, {
                one: area,
                other: evaluate(AREA, { y1: before.y, y2: point.y, width: widthOf(before, point) }),
              });
        before = point;
      },
      get value() {
        return inUnits(area, ms);
      },
    };
  };
}

/** `$covariancePop` and `$covarianceSamp`, over the pairs that are numbers. */
export function covariance(isSample: boolean): () => Accumulator {
  return () => {
    let [count, meanX, meanY, sum] = [0, 0, 0, 0];
    return {
      add: (scope) => {
        const { x, y } = pointOf(scope);
        if (numberKind(x) === null || numberKind(y) === null) return;
        count += 1;
        const delta = toDouble(x) - meanX;
        meanX += delta / count;
        meanY += (toDouble(y) - meanY) / count;
        sum += delta * (toDouble(y) - meanY);
      },
      get value() {
        const divisor = isSample ? count - 1 : count;
        return divisor <= 0 ? null : workingDouble(sum / divisor);
      },
    };
  };
}

/** `$expMovingAvg`: its input, and what makes an average, which is told with each value more. Errors: `FailedToParse`. */
export function movingAverage(operand: unknown): {
  readonly input: Evaluate;
  readonly make: () => (value: unknown) => unknown;
} {
  const failure = (message: string): ServerError => new ServerError('FailedToParse', message);
  if (!isDoc(operand)) throw failure('$expMovingAvg must have exactly one argument that is an object');
  const { input, N: count, alpha: share } = operand;
  if (Object.keys(operand).length !== 2 || input === undefined || (count === undefined) === (share === undefined))
    throw failure(
      "$expMovingAvg sub object must have exactly two fields: An 'input' field, and either an 'N' field or an 'alpha' field",
    );
  if (count !== undefined && (numberKind(count) === null || !isWhole(count)))
    throw failure(`'N' field must be an integer, but found ${typeNameOf(count)}`);
  if (count !== undefined && toDouble(count) <= 0)
    throw failure(`'N' must be greater than zero. Got ${toDouble(count)}`);
  if (share !== undefined && numberKind(share) === null) throw failure("'alpha' must be a number");
  if (share !== undefined && (toDouble(share) <= 0 || toDouble(share) >= 1))
    throw failure(`'alpha' must be between 0 and 1 (exclusive), found ${toDouble(share)}`);
  const weight = share === undefined ? toWide(2).dividedBy(toWide(count).plus(1)) : toWide(share);
  const make = (): ((value: unknown) => unknown) => {
    let told: unknown = null;
    // Reckoned in decimals, and told as a double where none of the values is a decimal.
    let exact = toWide(0);
    let isDecimal = false;
    return (value) => {
      if (isNil(value) || numberKind(value) === null) return told;
      isDecimal ||= value instanceof Decimal128;
      const isFirst = told === null;
      exact = isFirst
        ? toWide(value)
        : toWide(value)
            .times(weight)
            .plus(exact.times(toWide(1).minus(weight)));
      told = isFirst ? value : isDecimal ? fromWide(exact) : workingDouble(exact.toNumber());
      return told;
    };
  };
  return { input: compile(input), make };
}
