import {
  exponentOf,
  fromWide,
  numberKind,
  toBig,
  toDouble,
  toWide,
  widerKind,
  workingDouble,
  workingWhole,
} from './numbers.ts';

/** What two numbers are put together by. */
export type Calculation = 'plus' | 'minus' | 'times';

/**
 * Two numbers put together in the wider of their types: two ints give an int, or a long where it does not fit; a long gives a long,
 * a double a double, a decimal a decimal.
 * @returns null where a long overflows: operators of updates refuse it, and expressions go on in doubles
 */
export function calculate(calculation: Calculation, left: unknown, right: unknown): unknown {
  const kind = widerKind(numberKind(left) ?? 'int', numberKind(right) ?? 'int');
  if (kind === 'decimal') {
    const exponents = [exponentOf(left), exponentOf(right)] as const;
    const last = calculation === 'times' ? exponents[0] + exponents[1] : Math.min(...exponents);
    return fromWide(toWide(left)[calculation](toWide(right)), last);
  }
  if (kind === 'double') return workingDouble(calculateDouble(calculation, toDouble(left), toDouble(right)));
  return workingWhole(calculateWhole(calculation, left, right), kind === 'long');
}

/** {@link calculate} as expressions do it: what overflows a long is put together once more in doubles, which each of the two becomes first. */
export function calculateWidely(calculation: Calculation, left: unknown, right: unknown): unknown {
  return (
    calculate(calculation, left, right) ?? workingDouble(calculateDouble(calculation, toDouble(left), toDouble(right)))
  );
}

function calculateDouble(calculation: Calculation, left: number, right: number): number {
  if (calculation === 'times') return left * right;
  return calculation === 'plus' ? left + right : left - right;
}

function calculateWhole(calculation: Calculation, left: unknown, right: unknown): bigint {
  const [a, b] = [toBig(left), toBig(right)];
  if (calculation === 'times') return a * b;
  return calculation === 'plus' ? a + b : a - b;
}
