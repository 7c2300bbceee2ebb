/**
 * With nothing to do, the queue is looked at this often, in milliseconds, unless something is due earlier: often while there
 * has just been work, and more rarely the longer there has been none, so that a large fleet does not ask without end.
 */
export const IDLE_MS_MAX = 1000;
const IDLE_MS_MIN = 8;
const IDLE_SHARE = 0.01;
/** After a failed call the next one waits up to this long, growing, in milliseconds. */
const BACK_OFF_MS_MAX = 10_000;

/** How long a runner rests before it looks at the queue again. */
export class QueuePace {
  readonly #monotonicMs: () => number;
  readonly #random: () => number;
  /** When something was claimed last, on the monotonic clock. */
  #workedAtMs: number;

  constructor({ monotonicMs, random }: { readonly monotonicMs: () => number; readonly random: () => number }) {
    this.#monotonicMs = monotonicMs;
    this.#random = random;
    this.#workedAtMs = monotonicMs();
  }

  /** Something was claimed just now. */
  worked(): void {
    this.#workedAtMs = this.#monotonicMs();
  }

  /**
   * @param failures how many looks have failed since one succeeded
   * @param nextDueInMs asks in how many milliseconds the next job is due, null where none is or nobody knows
   * @returns milliseconds
   */
  async restMs(failures: number, nextDueInMs: () => Promise<number | null>): Promise<number> {
    if (failures > 0) return this.#random() * Math.min(BACK_OFF_MS_MAX, 500 * 2 ** Math.min(failures, 10));
    const idleMs = this.#monotonicMs() - this.#workedAtMs;
    const restMs = Math.min(Math.max(idleMs * IDLE_SHARE, IDLE_MS_MIN), IDLE_MS_MAX);
    // When the next one is due is asked only where the next look would come too late for it.
    if (restMs < IDLE_MS_MAX / 10) return restMs;
    const dueInMs = await nextDueInMs();
    return dueInMs === null ? restMs : Math.min(Math.max(dueInMs, IDLE_MS_MIN), restMs);
  }
}
