import type { Workload } from './workloads.ts';

/** One line of the result, in the form that all benchmarks share. */
export interface BenchCase {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** Ours divided by the peer's. */
  readonly ratio: number | null;
  readonly limit: number;
  readonly limitName: string;
  /** The slowest and the fastest round. */
  readonly spread: readonly [number, number];
}

/** The rates of a workload's rounds. */
export interface Rounds {
  readonly unit: string;
  readonly perSecond: readonly number[];
}

/** Median and range of what was measured. Throws where nothing was. */
export function rated({ perSecond }: Rounds): { readonly median: number; readonly spread: readonly [number, number] } {
  const sorted = perSecond.toSorted((left, right) => left - right);
  const [least, most, middle] = [sorted[0], sorted.at(-1), sorted[Math.floor(sorted.length / 2)]];
  if (least === undefined || most === undefined || middle === undefined) throw new Error('nothing was measured');
  return { median: middle, spread: [least, most] };
}

/** The exponent b of the curve a * size^b that fits best: the slope of a straight line through the logarithms. */
export function fittedExponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  const mean = (at: 0 | 1): number => logs.reduce((sum, point) => sum + point[at], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const slope = logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return slope / logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

/** Runs calls on as many lanes as there are connections, each waiting for its answer. @returns seconds */
export async function secondsOf(
  workload: Workload,
  { from, calls, lanes }: { readonly from: number; readonly calls: number; readonly lanes: number },
): Promise<number> {
  let at = from;
  const end = from + calls;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (at < end) await workload.call(at++);
    }),
  );
  return (performance.now() - start) / 1000;
}
