import type { SnapshotPage } from '#cache/writer.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import type { MonitorWork } from './work.ts';

/**
 * Writes the pages of lanes that read side by side in one transaction: what a transaction costs by itself (sums of roll-ups, the search
 * index, the pages of the indexes that it writes back) is paid once for all of them. A lane asks the server for its next page before it
 * comes here, so the server works while others are waited for.
 */
export class PageGroup {
  readonly #work: MonitorWork;
  #lanes: number;
  #waiting: { readonly page: SnapshotPage; readonly written: (end: RunEnd | null) => void }[] = [];

  /** @param lanes how many read side by side */
  constructor(work: MonitorWork, lanes: number) {
    this.#work = work;
    this.#lanes = lanes;
  }

  /** Resolves when the page stands in the copy: null, or why it does not. */
  write(page: SnapshotPage): Promise<RunEnd | null> {
    const { promise, resolve } = Promise.withResolvers<RunEnd | null>();
    this.#waiting.push({ page, written: resolve });
    if (this.#waiting.length >= this.#lanes) this.#flush();
    return promise;
  }

  /** One lane less is waited for: it has come to its end. */
  leave(): void {
    this.#lanes -= 1;
    if (this.#waiting.length > 0 && this.#waiting.length >= this.#lanes) this.#flush();
  }

  #flush(): void {
    const group = this.#waiting;
    this.#waiting = [];
    const end = this.#work.signal.aborted ? STOPPED : this.#apply(group.map(({ page }) => page));
    for (const { written } of group) written(end);
  }

  #apply(pages: readonly SnapshotPage[]): RunEnd | null {
    const applied = this.#work.writer.applyPages(pages);
    if (!applied.ok) return failed(applied.error);
    this.#work.tellApplied(applied.value);
    return this.#work.tellStanding();
  }
}
