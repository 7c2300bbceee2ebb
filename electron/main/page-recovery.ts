/** A page that crashed this often within the window below is not loaded again by itself. */
const RELOADS_MAX = 3;
const WINDOW_MS = 60_000;

/**
 * Decides whether a page that crashed is loaded again: what was on screen stands in the page's address, and what was typed as a
 * draft in a file, so loading it again loses nothing; a page that crashes at once must not do so for ever.
 */
export class PageRecovery {
  readonly #nowMs: () => number;
  #crashes: number[] = [];

  /** @param nowMs milliseconds of any clock that only goes forward */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Notes a crash. @returns true where the page should be loaded again */
  crashed(): boolean {
    const nowMs = this.#nowMs();
    this.#crashes = [...this.#crashes.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
    return this.#crashes.length <= RELOADS_MAX;
  }
}
