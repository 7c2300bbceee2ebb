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

/** What a stretch of calls came to. */
export interface Measured {
  readonly seconds: number;
  /** How many calls there were. */
  readonly calls: number;
}

/** Runs calls on as many lanes as there are connections, each waiting for its answer, until all are done or the time is over. */
export async function measured(
  workload: Workload,
  {
    from,
    calls,
    lanes,
    msMax,
  }: { readonly from: number; readonly calls: number; readonly lanes: number; readonly msMax: number },
): Promise<Measured> {
  let at = from;
  const end = from + calls;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (at < end && performance.now() - start < msMax) await workload.call(at++);
    }),
  );
  return { seconds: (performance.now() - start) / 1000, calls: at - from };
}
