import type { LeasedJob } from '#domain/job.ts';

/** No lease is so long, in milliseconds: one that ends later was given by a clock that was set back since. */
export const LEASE_AHEAD_MS = 600_000;

interface Seen {
  readonly token: number;
  readonly heartbeatAtMs: number;
  readonly sinceMs: number;
}

/**
 * Leases that end later than any that can be given now. The server's clock does not tell when they are over, so that each is watched: one
 * whose runner was not heard of for as long as it holds is.
 */
export class LeasesAhead {
  readonly #monotonicMs: () => number;
  #seen: ReadonlyMap<string, Seen> = new Map();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Those whose runners are silent.
   * @param jobs all that have such a lease; the others are forgotten
   */
  silent(jobs: readonly LeasedJob[]): readonly LeasedJob[] {
    const nowMs = this.#monotonicMs();
    const seen = new Map(jobs.map((job) => [job._id, this.#seenOf(job, nowMs)]));
    this.#seen = seen;
    return jobs.filter(({ _id, lease }) => {
      const heldMs = lease.expiresAt.getTime() - lease.heartbeatAt.getTime();
      return nowMs - (seen.get(_id)?.sinceMs ?? nowMs) > heldMs;
    });
  }

  #seenOf({ _id, lease }: LeasedJob, nowMs: number): Seen {
    const before = this.#seen.get(_id);
    const heartbeatAtMs = lease.heartbeatAt.getTime();
    const isSame = before?.token === lease.token && before.heartbeatAtMs === heartbeatAtMs;
    return isSame ? before : { token: lease.token, heartbeatAtMs, sinceMs: nowMs };
  }
}
