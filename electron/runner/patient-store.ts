import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { within } from '#store/within.ts';
import type { RunnerStore } from '#store/ports.ts';

/** A call that decides about no lease may go without an answer for this long, in milliseconds. */
const ANSWER_MS_MAX = 60_000;
/** What is written under a lease may wait for half of it: what then goes over another connection is still in time. */
const WRITE_SHARE = 0.5;

/** How long answers are waited for. */
export interface Patience {
  /** How long a lease holds without a heartbeat, in milliseconds. */
  readonly leaseMs: number;
  /** Ends early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * A store whose calls all end: one that is not answered in time is `server_unreachable`, whatever becomes of it. A connection that went silent
 * (its way through a network was forgotten) is given up by the system only after a quarter of an hour, and meanwhile others work. Heartbeats are
 * left alone: their late answers count as well.
 */
export function patientStore(store: RunnerStore, { leaseMs, wait }: Patience): RunnerStore {
  const answered = <Value>(
    call: Promise<Result<Value, AppError>>,
    ms: number = ANSWER_MS_MAX,
  ): Promise<Result<Value, AppError>> => within(call, ms, wait);
  return {
    reserveDue: (options) => answered(store.reserveDue(options)),
    claimBatch: (options) => answered(store.claimBatch(options)),
    keepPlaces: (holder) => answered(store.keepPlaces(holder)),
    noteTokens: (provider, tokens) => store.noteTokens(provider, tokens),
    holdBack: (provider, forMs) => answered(store.holdBack(provider, forMs)),
    heartbeat: (leases, ms) => store.heartbeat(leases, ms),
    recordAcceptance: (lease, acceptanceId) =>
      answered(store.recordAcceptance(lease, acceptanceId), leaseMs * WRITE_SHARE),
    isCancelled: (jobId) => answered(store.isCancelled(jobId)),
    recordProgress: (reports) => answered(store.recordProgress(reports)),
    applyChanges: (changes) => answered(store.applyChanges(changes), leaseMs * WRITE_SHARE),
    applyWrites: (writes) => answered(store.applyWrites(writes), leaseMs * WRITE_SHARE),
    settle: (jobIds) => answered(store.settle(jobIds)),
    rescueExpired: (options) => answered(store.rescueExpired(options)),
    sweep: (options) => answered(store.sweep(options)),
    announceRunner: (node) => answered(store.announceRunner(node)),
    nextDueInMs: () => answered(store.nextDueInMs()),
  };
}
