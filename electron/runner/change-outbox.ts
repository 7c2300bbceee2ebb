import type { AppError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import type { JobChange } from '#domain/transition.ts';
import type { RunnerStore } from '#store/ports.ts';

interface Waiting {
  readonly change: JobChange;
  readonly resolve: (result: Result<void, AppError>) => void;
}

/** The most changes in one round trip. */
const BATCH_MAX = 500;

/**
 * Gathers the changes of many attempts into few round trips: while one batch is under way the next one fills, so a lone
 * change waits for nobody and a crowd shares. What a batch owes to the ledger is settled right behind it.
 */
export class ChangeOutbox {
  readonly #store: Pick<RunnerStore, 'applyChanges' | 'settle'>;
  readonly #onSettleFailed: (error: AppError) => void;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  readonly #settling = new Set<Promise<void>>();

  constructor(store: Pick<RunnerStore, 'applyChanges' | 'settle'>, onSettleFailed: (error: AppError) => void) {
    this.#store = store;
    this.#onSettleFailed = onSettleFailed;
  }

  /** Applies a change with the next batch. `lease_lost` and `write_conflict` mean that nothing was written. */
  apply(change: JobChange): Promise<Result<void, AppError>> {
    return new Promise((resolve) => {
      this.#waiting.push({ change, resolve });
      this.#flushing ??= this.#flush();
    });
  }

  /** Resolves when everything handed in is applied and what it owes was settled, or left to a sweep. */
  async drain(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
    await Promise.all(this.#settling);
  }

  async #flush(): Promise<void> {
    // One turn of the event loop, so that changes made in the same moment go together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH_MAX);
      const applied = await this.#store.applyChanges(batch.map((waiting) => waiting.change));
      if (applied.ok)
        this.#settle(
          batch.flatMap(({ change }, at) =>
            change.owes.length > 0 && applied.value[at]?.ok === true ? [change.jobId] : [],
          ),
        );
      for (const [at, waiting] of batch.entries()) {
        waiting.resolve(
          applied.ok ? (applied.value[at] ?? err({ code: 'internal', detail: 'no answer for a change' })) : applied,
        );
      }
    }
    this.#flushing = null;
  }

  /** The change stands whether or not this succeeds: what is not settled now, the sweep settles. */
  #settle(jobIds: readonly string[]): void {
    if (jobIds.length === 0) return;
    const settling = this.#store.settle(jobIds).then((settled) => {
      if (!settled.ok) this.#onSettleFailed(settled.error);
      this.#settling.delete(settling);
    });
    this.#settling.add(settling);
  }
}
