import type { AppError } from '#domain/errors.ts';
import { classifyFailure } from '#domain/failure.ts';
import type { LeasedJob } from '#domain/job.ts';
import { planChange, type JobChange } from '#domain/transition.ts';
import type { RunnerStore } from '#store/ports.ts';
import { failureEvent, type AttemptContext } from './attempt.ts';

/** Jobs that have waited this long for a place are told whether they can pay, in milliseconds; looked for this often. */
const RESERVE_WAITING_MS = 5000;
export const RESERVE_EVERY_MS = 2000;
export const SWEEP_EVERY_MS = 5000;
/** Pending entries younger than this, in milliseconds, are being settled by whoever made them. */
const SWEEP_AGE_MS = 10_000;
const RESCUE_LIMIT = 200;
const SWEEP_LIMIT = 500;
const RESERVE_LIMIT = 500;

/**
 * What every runner does for the jobs of all: each call does some of it and tells the error that it met, null where there was none.
 */
export class QueueUpkeep {
  readonly #store: RunnerStore;
  readonly #context: Pick<AttemptContext, 'runnerId' | 'policy' | 'random'>;
  readonly #onDue: () => void;

  /** @param onDue told where jobs may have become due */
  constructor(store: RunnerStore, context: Pick<AttemptContext, 'runnerId' | 'policy' | 'random'>, onDue: () => void) {
    this.#store = store;
    this.#context = context;
    this.#onDue = onDue;
  }

  /** Ends attempts whose lease has run out, as the policy says of a runner that is not heard of any more. */
  async rescue(): Promise<AppError | null> {
    const rescued = await this.#store.rescueExpired({ limit: RESCUE_LIMIT, decide: (job) => this.#planRescue(job) });
    if (rescued.ok && rescued.value > 0) this.#onDue();
    return rescued.ok ? null : rescued.error;
  }

  #planRescue(job: LeasedJob): JobChange | null {
    const failure = classifyFailure({
      source: 'lease',
      message: `The runner ${job.lease.runnerId} was not heard of any more.`,
    });
    const { event, reason, policyVersion } = failureEvent(
      job,
      failure,
      { retryAfterMs: 0, providerCost: null, validation: null },
      this.#context,
    );
    const actor = { type: 'runner', id: this.#context.runnerId } as const;
    const change = planChange(job, event, { actor, reason, policyVersion });
    return change.ok ? change.value : null;
  }

  /** Finishes charges that died half-way. */
  async sweep(): Promise<AppError | null> {
    const swept = await this.#store.sweep({ limit: SWEEP_LIMIT, olderThanMs: SWEEP_AGE_MS, isDryRun: false });
    return swept.ok ? null : swept.error;
  }

  /** Reserves for jobs that have long waited for a place. */
  async reserveWaiting(): Promise<AppError | null> {
    const reserved = await this.#store.reserveDue({ limit: RESERVE_LIMIT, dueForMs: RESERVE_WAITING_MS });
    if (reserved.ok && reserved.value.reserved > 0) this.#onDue();
    return reserved.ok ? null : reserved.error;
  }
}
