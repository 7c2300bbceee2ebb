import type { AppError } from '#domain/errors.ts';
import type { LeasedJob } from '#domain/job.ts';
import { err, type Result } from '#domain/result.ts';
import type { JobChange } from '#domain/transition.ts';
import type { JobWrite, LeaseKey, RunnerStore } from '#store/ports.ts';

interface Waiting {
  readonly write: JobWrite;
  readonly resolve: (result: Result<void, AppError>) => void;
  /** Not to be sent alone before this time, on the monotonic clock. */
  readonly dueAtMs: number;
}

/** What the outbox works with. */
export interface WriteOutboxOptions {
  readonly store: Pick<RunnerStore, 'applyWrites' | 'settle'>;
  readonly onSettleFailed: (error: AppError) => void;
  /** Whether a lease still holds as far as this side knows: then what was not answered is written again. */
  readonly isTrusted: (lease: LeaseKey) => boolean;
  /** Ends early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly monotonicMs: () => number;
}

/** The most writes in one round trip. */
const BATCH_MAX = 500;
/**
 * Settlements begin at least this far apart, in milliseconds, so that jobs that end one after the other share one. A capture
 * moves nothing that the customer could spend; a lone one is settled at once.
 */
const SETTLE_EVERY_MS = 80;
/**
 * A settling that failed is tried again so often, after ever longer waits that begin with this many milliseconds; what is owed then
 * is left to a sweep, of which a runner that ends may have been the last to make one.
 */
const SETTLE_TRIES_MAX = 3;
const SETTLE_AGAIN_MS = 250;
/**
 * That a generation is made and its checks begin is told by whatever is written next, or after this time, in milliseconds:
 * nobody waits for it, and most checks are over sooner.
 */
const GENERATED_MS_MAX = 100;
/** Writes that no server answered are handed in again after this long, in milliseconds, for as long as their leases hold. */
const AGAIN_MS = 250;

/**
 * Gathers what many attempts write into few round trips: while one batch is under way the next one fills, so a lone write
 * waits for nobody and a crowd shares. Writes of one job keep their order; those that gather go as one. What changes owe to
 * the ledger is settled behind them.
 */
export class WriteOutbox {
  readonly #options: WriteOutboxOptions;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #owing = new Set<string>();
  #settling: Promise<void> | null = null;
  #settledAtMs = Number.NEGATIVE_INFINITY;
  #hurry = new AbortController();
  /** Aborted when something is handed in that is not to wait. */
  #urgent = new AbortController();

  constructor(options: WriteOutboxOptions) {
    this.#options = options;
  }

  /** Applies a change with the next batch. `lease_lost` and `write_conflict` mean that nothing was written. */
  apply(change: JobChange): Promise<Result<void, AppError>> {
    return this.#put({ type: 'change', change });
  }

  /** Stores the provider's id with the next batch, before any change of the job that is handed in later. */
  accepted(job: LeasedJob, acceptanceId: string): Promise<Result<void, AppError>> {
    return this.#put({ type: 'acceptance', lease: { jobId: job._id, token: job.lease.token }, acceptanceId });
  }

  /** Resolves when everything handed in is written and what it owes was settled, or left to a sweep. */
  async drain(): Promise<void> {
    while (this.#flushing !== null || this.#settling !== null) {
      this.#hurry.abort();
      await this.#flushing;
      await this.#settling;
    }
  }

  #put(write: JobWrite): Promise<Result<void, AppError>> {
    return new Promise((resolve) => {
      const patienceMs = isPatient(write) ? GENERATED_MS_MAX : 0;
      this.#waiting.push({ write, resolve, dueAtMs: this.#options.monotonicMs() + patienceMs });
      if (patienceMs === 0) this.#urgent.abort();
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const patienceMs = Math.min(...this.#waiting.map(({ dueAtMs }) => dueAtMs)) - this.#options.monotonicMs();
      if (patienceMs > 0) {
        await this.#options.wait(patienceMs, AbortSignal.any([this.#urgent.signal, this.#hurry.signal]));
      }
      // One turn of the event loop, so that what is handed in at the same moment goes together.
      await new Promise((resolve) => setImmediate(resolve));
      this.#urgent = new AbortController();
      const batch = this.#takeBatch();
      const applied = await this.#options.store.applyWrites(batch.map((waiting) => waiting.write));
      const again =
        applied.ok || applied.error.code !== 'server_unreachable' ? [] : batch.filter((one) => this.#isHeld(one));
      this.#waiting.unshift(...again.map((one) => ({ ...one, dueAtMs: this.#options.monotonicMs() + AGAIN_MS })));
      for (const [at, waiting] of batch.entries()) {
        if (again.includes(waiting)) continue;
        const { write, resolve } = waiting;
        const result = applied.ok
          ? (applied.value[at] ?? err({ code: 'internal', detail: 'no answer for a write' }))
          : applied;
        if (write.type === 'change' && write.change.owes.length > 0 && mayStand(result)) {
          this.#owing.add(write.change.jobId);
        }
        resolve(result);
      }
      if (this.#owing.size > 0) this.#settling ??= this.#settle();
    }
    this.#flushing = null;
  }

  /**
   * What a provider has accepted and what it made must not be given up with the first failed call: it would be bought again. A write that
   * stands already is known by whoever applies it. Who ends waits for nobody.
   */
  #isHeld({ write }: Waiting): boolean {
    return !this.#hurry.signal.aborted && this.#options.isTrusted(leaseOf(write));
  }

  /** What is due, with everything that waits for the same jobs, in order. */
  #takeBatch(): readonly Waiting[] {
    const nowMs = this.#hurry.signal.aborted ? Number.POSITIVE_INFINITY : this.#options.monotonicMs();
    const due = this.#waiting.filter(({ dueAtMs }) => dueAtMs <= nowMs).slice(0, BATCH_MAX);
    const jobIds = new Set(due.map(({ write }) => jobIdOf(write)));
    const batch = this.#waiting.filter(({ write }) => jobIds.has(jobIdOf(write)));
    this.#waiting = this.#waiting.filter(({ write }) => !jobIds.has(jobIdOf(write)));
    return batch;
  }

  /** The changes stand whether or not this succeeds: what is not settled now, the sweep settles. */
  async #settle(): Promise<void> {
    const { store, wait, monotonicMs, onSettleFailed } = this.#options;
    let failures = 0;
    while (this.#owing.size > 0) {
      const restMs = this.#settledAtMs + SETTLE_EVERY_MS - monotonicMs();
      if (restMs > 0 && !this.#hurry.signal.aborted) await wait(restMs, this.#hurry.signal);
      const jobIds = [...this.#owing];
      this.#owing.clear();
      this.#settledAtMs = monotonicMs();
      const settled = await store.settle(jobIds);
      failures = settled.ok ? 0 : failures + 1;
      if (settled.ok) continue;
      onSettleFailed(settled.error);
      if (failures === SETTLE_TRIES_MAX) {
        failures = 0;
        continue;
      }
      for (const jobId of jobIds) this.#owing.add(jobId);
      await wait(SETTLE_AGAIN_MS * 2 ** (failures - 1), NEVER);
    }
    this.#settling = null;
    if (this.#flushing === null) this.#hurry = new AbortController();
  }
}

/** A wait that nobody cuts short: who ends is in no such hurry that customers' credits stay held for it. */
const NEVER = new AbortController().signal;

/** Without an answer a change may stand all the same; who owes nothing is passed over by whoever settles. */
function mayStand(result: Result<void, AppError>): boolean {
  return result.ok || (result.error.code !== 'lease_lost' && result.error.code !== 'write_conflict');
}

function jobIdOf(write: JobWrite): string {
  return write.type === 'change' ? write.change.jobId : write.lease.jobId;
}

function leaseOf(write: JobWrite): LeaseKey {
  return write.type === 'change'
    ? { jobId: write.change.jobId, token: write.change.guard.leaseToken }
    : { jobId: write.lease.jobId, token: write.lease.token };
}

function isPatient(write: JobWrite): boolean {
  return write.type === 'change' && write.change.event === 'generated';
}
