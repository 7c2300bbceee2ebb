import { setTimeout as delay } from 'node:timers/promises';
import type { OpenStream } from './load.ts';

const PER_SECOND = 100;
/** Jobs before those that are measured: connections are open and code is compiled. */
const WARM_UP = 50;
/** Whoever does fewer than 100 jobs a second is measured with all that piled up; this long after the last order a job is lost. */
const ARRIVAL_MS_MAX = 300_000;

/**
 * Milliseconds from the acknowledgement of a job to the beginning of its work, one for each of `jobs`, at 100 jobs a second.
 *
 * @param who whose stream it is, for the error where a job never begins
 */
export async function measureLatency(
  who: string,
  open: OpenStream,
  uri: string,
  jobs: number,
): Promise<readonly number[]> {
  const acknowledged = new Map<string, number>();
  const started = new Map<string, number>();
  const all = Promise.withResolvers<void>();
  const stream = await open(uri, (id) => {
    started.set(id, performance.now());
    if (started.size === jobs + WARM_UP) all.resolve();
  });
  try {
    const beganAt = performance.now();
    const orders: Promise<void>[] = [];
    for (let n = 0; n < jobs + WARM_UP; n += 1) {
      const waitMs = beganAt + (n * 1000) / PER_SECOND - performance.now();
      if (waitMs > 0) await delay(waitMs);
      const id = `s${n}`;
      orders.push(stream.enqueue(id).then(() => void acknowledged.set(id, performance.now())));
    }
    await Promise.all(orders);
    const late = new AbortController();
    const tooLate = delay(ARRIVAL_MS_MAX, undefined, { signal: late.signal }).then(() => {
      throw new Error(`${who} began ${started.size} of ${jobs + WARM_UP} jobs`);
    });
    tooLate.catch(() => undefined);
    await Promise.race([all.promise, tooLate]);
    late.abort();
    return Array.from({ length: jobs }, (_, n) => {
      const id = `s${n + WARM_UP}`;
      // A job may begin before the reply to its order is here.
      return Math.max(0, (started.get(id) ?? Number.NaN) - (acknowledged.get(id) ?? Number.NaN));
    });
  } finally {
    await stream.close();
  }
}
