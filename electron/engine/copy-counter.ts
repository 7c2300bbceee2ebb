import type { JobCounts } from '#contract/status.ts';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';

/** What a counter of the copy is made from. */
export interface CopyCounterParts {
  readonly count: () => Promise<Result<JobCounts, AppError>>;
  readonly onCounts: (counts: JobCounts) => void;
  readonly log: (line: string, cause?: unknown) => void;
}

/** Counts the copy whenever it has changed, one count after the other: what changes while one is under way is counted by the next. */
export class CopyCounter {
  readonly #parts: CopyCounterParts;
  #isCounting = false;
  #isOld = false;

  constructor(parts: CopyCounterParts) {
    this.#parts = parts;
  }

  /** The copy has changed. */
  async again(): Promise<void> {
    this.#isOld = true;
    if (this.#isCounting) return;
    this.#isCounting = true;
    const { count, onCounts, log } = this.#parts;
    while (this.#isOld) {
      this.#isOld = false;
      const counts = await count();
      if (counts.ok) onCounts(counts.value);
      else if (counts.error.code !== 'cancelled') log('the copy could not be counted', counts.error);
    }
    this.#isCounting = false;
  }
}
