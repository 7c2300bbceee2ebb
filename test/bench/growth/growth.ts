import { benchCase, fittedExponent, rounded, type BenchCase } from '../figures.ts';

/** What one thing cost, in milliseconds, at each size. */
export interface Growth {
  readonly name: string;
  /** What there is more and more of. */
  readonly of: string;
  /** True where the answer itself grows with the number, as a line for each workspace does. */
  readonly hasMoreToSay?: boolean;
  readonly points: readonly (readonly [size: number, ms: number])[];
}

/** Costs that differ by less than the clock and the scheduler do, in milliseconds, are taken as one. */
const NOISE_MS = 0.25;
const FLAT_MAX = 0.1;
const SLOWER_MAX = 0.9;

/**
 * A growth as a case: the exponent b of the curve a * size^b that fits best, 0 for flat and 1 for what goes through everything.
 * What differs by no more than the noise of a clock is flat.
 */
export function growthCase({ name, of, points, hasMoreToSay = false }: Growth): BenchCase {
  const max = hasMoreToSay ? SLOWER_MAX : FLAT_MAX;
  const costs = points.map(([, ms]) => ms);
  const exponent = Math.max(...costs) - Math.min(...costs) < NOISE_MS ? 0 : fittedExponent(points);
  const perSize = points.map(([size, ms]) => `${size}: ${rounded(ms)} ms`).join(', ');
  return benchCase({
    name: `${name}, by ${of} (${perSize})`,
    unit: 'fitted exponent',
    ours: exponent,
    aim: hasMoreToSay ? `slower than what is answered: under ${max}` : `flat: under ${max}`,
    isReached: exponent < max,
  });
}
