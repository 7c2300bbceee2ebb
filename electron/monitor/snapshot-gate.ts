/** Lets a person hold a snapshot up and go on with it; what is followed meanwhile goes on. */
export class SnapshotGate {
  #isPaused: boolean;
  #resumed = Promise.withResolvers<void>();

  constructor(isPaused: boolean) {
    this.#isPaused = isPaused;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#resumed.resolve();
    this.#resumed = Promise.withResolvers<void>();
  }

  /** Resolves at once unless it is paused; then when it goes on or the signal is aborted. */
  async untilResumed(signal: AbortSignal): Promise<void> {
    while (this.#isPaused && !signal.aborted) {
      const stopped = Promise.withResolvers<void>();
      const onAbort = (): void => stopped.resolve();
      signal.addEventListener('abort', onAbort, { once: true });
      await Promise.race([this.#resumed.promise, stopped.promise]);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
