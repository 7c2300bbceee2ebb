import type { AppError } from '#domain/errors.ts';
import type { LeasedJob } from '#domain/job.ts';
import { ok, type Result } from '#domain/result.ts';
import type { LeaseKey, RunnerStore } from '#store/ports.ts';
import type { StopReason } from './attempt.ts';

interface Held {
  readonly key: LeaseKey;
  readonly controller: AbortController;
  /** When the lease was last known to be prolonged, on the monotonic clock. */
  confirmedAtMs: number;
}

/** A lease of which nothing was heard for this share of its time counts as lost: stop before the server gives it away. */
const TRUSTED_SHARE = 0.8;

/**
 * The leases that this runner holds, and the signal that stops the attempt behind each. The server's clock decides when a
 * lease ends; this side counts its own time monotonically and stops early, so that two runners never work on one job because
 * a clock was set.
 */
export class LeaseBook {
  readonly #held = new Map<string, Held>();
  readonly #leaseMs: number;
  readonly #monotonicMs: () => number;

  constructor(leaseMs: number, monotonicMs: () => number) {
    this.#leaseMs = leaseMs;
    this.#monotonicMs = monotonicMs;
  }

  get size(): number {
    return this.#held.size;
  }

  /**
   * Notes a lease that was just claimed. A job that was taken from this very runner, as by a server's clock that was set forward, stops the
   * attempt before. @returns the signal that stops its attempt, with a {@link StopReason}
   */
  hold(job: LeasedJob, claimedAtMs: number): AbortSignal {
    const controller = new AbortController();
    const before = this.#held.get(job._id);
    if (before !== undefined) stop(before, 'lease_lost');
    this.#held.set(job._id, {
      key: { jobId: job._id, token: job.lease.token },
      controller,
      confirmedAtMs: claimedAtMs,
    });
    return controller.signal;
  }

  /** The attempt is over. @returns false where the job is held by a later one */
  release(job: LeasedJob): boolean {
    return this.#held.get(job._id)?.key.token === job.lease.token && this.#held.delete(job._id);
  }

  /** Prolongs every lease in one round trip and stops the attempts of those that are lost or can no longer be trusted. */
  async beat(store: Pick<RunnerStore, 'heartbeat'>): Promise<Result<void, AppError>> {
    if (this.#held.size === 0) return ok(undefined);
    const beats = [...this.#held.values()];
    const sentAtMs = this.#monotonicMs();
    const lost = await store.heartbeat(
      beats.map((held) => held.key),
      this.#leaseMs,
    );
    if (lost.ok) {
      const lostIds = new Set(lost.value.map((key) => key.jobId));
      for (const held of beats) {
        if (lostIds.has(held.key.jobId)) stop(held, 'lease_lost');
        // A late answer may come behind the answer of a later one.
        else held.confirmedAtMs = Math.max(held.confirmedAtMs, sentAtMs);
      }
    }
    this.stopDoubtful();
    return lost.ok ? ok(undefined) : lost;
  }

  /** Whether a lease is held of which enough was heard to write under it. */
  isTrusted({ jobId, token }: LeaseKey): boolean {
    const held = this.#held.get(jobId);
    return held?.key.token === token && this.#monotonicMs() - held.confirmedAtMs <= this.#leaseMs * TRUSTED_SHARE;
  }

  /** Stops attempts whose lease has not been confirmed for too long. Called often: a heartbeat that waits for its answer does not. */
  stopDoubtful(): void {
    const nowMs = this.#monotonicMs();
    for (const held of this.#held.values()) {
      if (nowMs - held.confirmedAtMs > this.#leaseMs * TRUSTED_SHARE) stop(held, 'lease_lost');
    }
  }

  /** Stops every attempt; each writes its job back as waiting. */
  stopAll(): void {
    for (const held of this.#held.values()) stop(held, 'runner_stopped');
  }
}

function stop(held: Held, reason: StopReason): void {
  if (!held.controller.signal.aborted) held.controller.abort(reason);
}
