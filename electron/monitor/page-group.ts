import type { PageRoute, PlacedPage } from './page-route.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import type { MonitorWork } from './work.ts';

interface WaitingPage<Content> {
  readonly page: PlacedPage<Content>;
  readonly written: PromiseWithResolvers<RunEnd | null>;
}

/**
 * Writes the pages of lanes that read side by side in one transaction: what a transaction costs by itself (sums of roll-ups, the search
 * index, the pages of the indexes that it writes back) is paid once for all of them. A lane asks the server for its next page before it
 * comes here, so the server works while others are waited for.
 */
export class PageGroup<Content> {
  readonly route: PageRoute<Content>;
  readonly #work: MonitorWork;
  #lanes: number;
  #waiting: WaitingPage<Content>[] = [];

  /** @param lanes how many read side by side */
  constructor(work: MonitorWork, route: PageRoute<Content>, lanes: number) {
    this.#work = work;
    this.route = route;
    this.#lanes = lanes;
  }

  /** Resolves when the page stands in the copy: null, or why it does not. */
  write(page: PlacedPage<Content>): Promise<RunEnd | null> {
    const written = Promise.withResolvers<RunEnd | null>();
    this.#waiting.push({ page, written });
    if (this.#waiting.length >= this.#lanes) this.#flush();
    return written.promise;
  }

  /** One lane less is waited for: it has come to its end. */
  leave(): void {
    this.#lanes -= 1;
    if (this.#waiting.length > 0 && this.#waiting.length >= this.#lanes) this.#flush();
  }

  #flush(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#apply(group.map(({ page }) => page)).then(
      (end) => group.forEach(({ written }) => written.resolve(end)),
      (cause: unknown) => group.forEach(({ written }) => written.reject(cause)),
    );
  }

  async #apply(pages: readonly PlacedPage<Content>[]): Promise<RunEnd | null> {
    if (this.#work.signal.aborted) return STOPPED;
    const applied = await this.route.write(pages);
    if (!applied.ok) return failed(applied.error);
    this.#work.tellApplied(applied.value);
    return this.#work.tellStanding();
  }
}
