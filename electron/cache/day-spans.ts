import { TOTALS_GRAINS, WORKSPACE_GRAIN } from './health-grains.ts';

/** Buckets of one length that follow one another, added or taken away. */
export interface DaySpan {
  /** Seconds of a bucket. */
  readonly grain: number;
  readonly first: number;
  /** Included. */
  readonly last: number;
  readonly sign: 1 | -1;
}

/**
 * A time of whole days as the fewest buckets that its sums come from: long ones in the middle, and at each end what is missing is
 * added, or what is too much taken away, whichever is less. Exact, because sums of health and their histograms are whole numbers.
 * @param first the first day since 1970; `last` is included
 */
export function daySpans(first: number, last: number): readonly DaySpan[] {
  return spansOf({ from: first, to: last + 1, sign: 1 }, TOTALS_GRAINS.toReversed());
}

/** How many buckets spans have. */
export function countBuckets(spans: readonly DaySpan[]): number {
  return spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

interface Days {
  readonly from: number;
  /** Not included; before `from` where it is the other way round, and then it is taken away. */
  readonly to: number;
  readonly sign: 1 | -1;
}

function spansOf(days: Days, grains: readonly number[]): readonly DaySpan[] {
  const { from, to, sign } = days;
  if (to < from) return spansOf({ from: to, to: from, sign: sign === 1 ? -1 : 1 }, grains);
  if (to === from) return [];
  const [grain, ...finer] = grains;
  if (grain === undefined) return [{ grain: WORKSPACE_GRAIN, first: from, last: to - 1, sign }];
  const without = spansOf(days, finer);
  const length = grain / WORKSPACE_GRAIN;
  const [begin, end] = [Math.round(from / length), Math.round(to / length)];
  if (begin >= end) return without;
  const within = [
    ...spansOf({ from, to: begin * length, sign }, finer),
    { grain, first: begin, last: end - 1, sign },
    ...spansOf({ from: end * length, to, sign }, finer),
  ];
  return countBuckets(within) < countBuckets(without) ? within : without;
}
