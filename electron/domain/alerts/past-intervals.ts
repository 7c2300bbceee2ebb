/** A time in which something held; the end is not included. Milliseconds since 1970. */
export interface PastInterval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Moments of the past, evenly spaced, oldest first. */
export function momentsOf(fromMs: number, toMs: number, stepMs: number): readonly number[] {
  const first = Math.ceil(fromMs / stepMs) * stepMs;
  const length = Math.max(0, Math.floor((toMs - first) / stepMs) + 1);
  return Array.from({ length }, (_, n) => first + n * stepMs);
}

/** At each moment, how many intervals had lasted for at least `leastMs` and were not over. @param moments ascending */
export function countLasting(
  intervals: readonly PastInterval[],
  moments: readonly number[],
  leastMs: number,
): readonly number[] {
  const steps = Array.from({ length: moments.length + 1 }, () => 0);
  for (const { fromMs, toMs } of intervals) {
    const [begin, end] = [firstAtOrAfter(moments, fromMs + leastMs), firstAtOrAfter(moments, toMs)];
    if (begin >= end) continue;
    steps[begin] = (steps[begin] ?? 0) + 1;
    steps[end] = (steps[end] ?? 0) - 1;
  }
  let count = 0;
  return moments.map((_, at) => (count += steps[at] ?? 0));
}

/** At each moment, for how long the oldest interval that was not over had lasted; 0 where there was none. @param moments ascending */
export function oldestLasting(intervals: readonly PastInterval[], moments: readonly number[]): readonly number[] {
  const byAge = intervals.toSorted((left, right) => left.fromMs - right.fromMs);
  let oldest = 0;
  return moments.map((momentMs) => {
    // What was over once stays over, because moments ascend.
    while ((byAge[oldest]?.toMs ?? Infinity) <= momentMs) oldest += 1;
    return Math.max(0, momentMs - (byAge[oldest]?.fromMs ?? momentMs));
  });
}

function firstAtOrAfter(moments: readonly number[], timeMs: number): number {
  let [low, high] = [0, moments.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((moments[middle] ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
