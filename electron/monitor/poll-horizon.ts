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
 * clock is behind by no more than this. So far back, and so often, others go too: a bulk update stamps what it comes to last with the
 * time of its beginning.
 */
const FAR_MS = 600_000;

/**
 * Says from when on a poll reads, so that no clock that goes back, and nothing that becomes visible late, makes it miss a change. One for
 * each run of polls that follow one another.
 */
export class PollHorizon {
  readonly #limits: { readonly overlapMs: number; readonly sweepMs: number };
  #last: Asked | null = null;
  #deep: Asked | null = null;
  #far: Asked | null = null;

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
    const far = this.#far;
    this.#last = asked;
    if (last === null || deep === null || far === null) {
      [this.#deep, this.#far] = [asked, asked];
      return asked.serverMs < positionMs - overlapMs ? null : Math.min(positionMs, asked.serverMs) - overlapMs - FAR_MS;
    }
    const aheadMs = asked.serverMs - last.serverMs - (asked.monotonicMs - last.monotonicMs);
    const isUneven = Math.abs(aheadMs) > UNEVEN_MS;
    const isFar = isUneven || asked.monotonicMs - far.monotonicMs >= FAR_MS;
    if (!isFar && asked.monotonicMs - deep.monotonicMs < sweepMs) return positionMs - overlapMs;
    this.#deep = asked;
    const lateMs = Math.min(positionMs, deep.serverMs) - overlapMs - LATE_MS;
    if (!isFar) return lateMs;
    this.#far = asked;
    const farMs = Math.min(lateMs, far.serverMs) - FAR_MS;
    return aheadMs < -UNEVEN_MS ? farMs + aheadMs - MEASURED_MS_MAX : farMs;
  }
}
