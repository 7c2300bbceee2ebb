import { demoJob } from './demo-jobs.ts';
import type { WritableStore } from '#store/ports.ts';

/** What new jobs come from. */
export interface TrafficOptions {
  readonly store: Pick<WritableStore, 'insertJobs'>;
  readonly random: () => number;
  readonly newId: () => string;
  readonly now: () => Date;
  /** Ends early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly everyMs: number;
}

/** Lets a new job arrive now and then until the signal is aborted. A server that is away is no reason to stop: customers do not stop either. */
export async function demoTraffic(options: TrafficOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const job = demoJob({ id: `job-${options.newId()}`, random: options.random, createdAt: options.now() });
    await options.store.insertJobs([job]);
    await options.wait(options.everyMs * (0.4 + 1.2 * options.random()), signal);
  }
}
