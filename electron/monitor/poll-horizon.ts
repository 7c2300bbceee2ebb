/** What the server's clock said, and when, by one of this machine that never runs backwards. Milliseconds. */
export interface Asked {
  readonly serverMs: number;
  readonly monotonicMs: number;
}

/** The server's time is measured at most this long before it is told; a step of its clock is not noticed sooner. */
const MEASURED_MS_MAX = 30_000;
/** The clock is taken for one that has gone on evenly up to this difference, in milliseconds. */
const UNEVEN_MS = 1000;
/** A transaction may write with the time of its beginning and become visible this much later, MongoDB's own limit for it. */
const LATE_MS = 60_000;
/**
 * How far back the first look goes after a time without looks, in milliseconds: meanwhile another member may have become primary, whose
 * clock is behind by no more than this.
 */
const UNSEEN_MS = 600_000;

/**
 * Says from when on a poll reads, so that no clock that goes back, and nothing that becomes visible late, makes it miss a change. One for
 * each run of polls that follow one another.
 */
export class PollHorizon {
  readonly #limits: { readonly overlapMs: number; readonly sweepMs: number };
  #last: Asked | null = null;
  #deep: Asked | null = null;

  constructor(limits: { readonly overlapMs: number; readonly sweepMs: number }) {
    this.#limits = limits;
  }

  /**
   * @param positionMs the server's time when the last poll that is known of began
   * @returns the server's time to read from; null where nobody can say, because the clock was behind for an unknown time
   */
  sinceMs(positionMs: number, asked: Asked): number | null {
    const { overlapMs, sweepMs } = this.#limits;
    const last = this.#last;
    const deep = this.#deep;
    this.#last = asked;
    if (last === null || deep === null) {
      this.#deep = asked;
      return asked.serverMs < positionMs - overlapMs
        ? null
        : Math.min(positionMs, asked.serverMs) - overlapMs - UNSEEN_MS;
    }
    const aheadMs = asked.serverMs - last.serverMs - (asked.monotonicMs - last.monotonicMs);
    const isDeep = Math.abs(aheadMs) > UNEVEN_MS || asked.monotonicMs - deep.monotonicMs >= sweepMs;
    if (!isDeep) return positionMs - overlapMs;
    this.#deep = asked;
    const lateMs = Math.min(positionMs, deep.serverMs) - overlapMs - LATE_MS;
    if (aheadMs > UNEVEN_MS) return lateMs - UNSEEN_MS;
    return aheadMs < -UNEVEN_MS ? lateMs + aheadMs - MEASURED_MS_MAX : lateMs;
  }
}
