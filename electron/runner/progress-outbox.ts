import type { LeasedJob } from '#domain/job.ts';
import type { RunnerStore } from '#store/ports.ts';

/** Progress is written at most this often, in milliseconds: it is shown, and decides nothing. */
const EVERY_MS = 500;

type Report = Parameters<RunnerStore['recordProgress']>[0][number];

/** Gathers the progress of all attempts and writes the latest of each now and then, in one round trip. */
export class ProgressOutbox {
  readonly #store: Pick<RunnerStore, 'recordProgress'>;
  readonly #latest = new Map<string, Report>();
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Pick<RunnerStore, 'recordProgress'>) {
    this.#store = store;
  }

  report(job: LeasedJob, fraction: number, message: string): void {
    this.#latest.set(job._id, {
      jobId: job._id,
      token: job.lease.token,
      fraction: Math.min(1, Math.max(0, fraction)),
      message,
    });
    if (this.#timer === null) this.#timer = setTimeout(() => this.#flush(), EVERY_MS);
  }

  /** The attempt is over: what it had to report no longer matters. */
  forget(job: LeasedJob): void {
    this.#latest.delete(job._id);
  }

  #flush(): void {
    this.#timer = null;
    const reports = [...this.#latest.values()];
    this.#latest.clear();
    // A report that does not arrive is replaced by the next one; a server that is gone is told of by the heartbeat.
    if (reports.length > 0) void this.#store.recordProgress(reports);
  }
}
