import type { Workload } from './workloads.ts';

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
