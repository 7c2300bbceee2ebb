import { ServerError } from '../semantics/server-error.ts';

/** Looking at the clock for each document would cost more than reading it. */
const CHECK_EVERY = 16;

/**
 * The time that the work under way still has. The server does one thing after the other, so there is one at a time; whoever
 * reads documents asks it now and then.
 */
export class Deadline {
  #at = Number.POSITIVE_INFINITY;
  #untilCheck = CHECK_EVERY;

  /** Runs `work`, which ends with the error `MaxTimeMSExpired` when its time is over; null for no limit. */
  within<Value>(leftMs: number | null, work: () => Value): Value {
    const before = this.#at;
    this.#at = leftMs === null ? Number.POSITIVE_INFINITY : performance.now() + leftMs;
    try {
      if (leftMs !== null && leftMs <= 0) throw expired();
      return work();
    } finally {
      this.#at = before;
    }
  }

  /** What is left of the time, in milliseconds; null for no limit. */
  get leftMs(): number | null {
    return this.#at === Number.POSITIVE_INFINITY ? null : this.#at - performance.now();
  }

  /** Error: `MaxTimeMSExpired`. */
  check(): void {
    if (this.#at === Number.POSITIVE_INFINITY) return;
    this.#untilCheck -= 1;
    if (this.#untilCheck > 0) return;
    this.#untilCheck = CHECK_EVERY;
    if (performance.now() > this.#at) throw expired();
  }
}

function expired(): ServerError {
  return new ServerError('MaxTimeMSExpired', 'operation exceeded time limit');
}
