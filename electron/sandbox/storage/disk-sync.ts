import { closeSync, fdatasync, openSync } from 'node:fs';
import type { Sqlite } from './schema.ts';

interface Waiting {
  readonly commit: number;
  readonly release: () => void;
}

/**
 * Brings what was committed to the disk while the server goes on: SQLite writes a commit into its log without waiting, and this waits
 * for the log, once for all commits that came meanwhile. Nobody is to be told of a commit, or of anything read after it, before
 * {@link whenDurable} says so.
 */
export class DiskSync {
  /** Null where nothing is kept. */
  readonly #log: string | null;
  #fd: number | null = null;
  #committed = 0;
  #durable = 0;
  #isUnderWay = false;
  #waiting: Waiting[] = [];
  #closed: (() => void) | null = null;

  constructor(sqlite: Sqlite) {
    this.#log = sqlite.memory ? null : `${sqlite.name}-wal`;
  }

  /** Says that a transaction was committed. */
  noteCommit(): void {
    if (this.#log === null) return;
    this.#committed += 1;
    this.#sync(this.#log);
  }

  /** Calls once all that was committed by now is on the disk: at once where it is, and otherwise in the order of the calls. */
  whenDurable(release: () => void): void {
    if (this.#durable === this.#committed) release();
    else this.#waiting.push({ commit: this.#committed, release });
  }

  /** Resolves when everything is on the disk and nothing more is looked at. */
  async close(): Promise<void> {
    if (this.#isUnderWay) await new Promise<void>((resolve) => (this.#closed = resolve));
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #sync(log: string): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#fd ??= openSync(log, 'r+');
    const upTo = this.#committed;
    fdatasync(this.#fd, (failure) => {
      // What the disk has is not known any more, and a second try may succeed without it: better no server than a wrong word.
      if (failure !== null) throw failure;
      this.#isUnderWay = false;
      this.#durable = upTo;
      if (this.#committed > upTo) this.#sync(log);
      else this.#closed?.();
      const first = this.#waiting.findIndex(({ commit }) => commit > upTo);
      for (const { release } of this.#waiting.splice(0, first === -1 ? this.#waiting.length : first)) release();
    });
  }
}
