import { ServerError } from '../server-error.ts';
import { encode } from '../values.ts';

/** What a stage may hold at once without the disk, in bytes: MongoDB's own limit. */
const MEMORY_MAX = 100 * 1024 * 1024;

/** Counts what a stage holds, and refuses more than it may hold without the disk. */
export class Memory {
  readonly #stage: string;
  readonly #isLimited: boolean;
  #bytes = 0;

  constructor(stage: string, isLimited: boolean) {
    this.#stage = stage;
    this.#isLimited = isLimited;
  }

  /** Errors: `QueryExceededMemoryLimitNoDiskUseAllowed`. */
  hold(value: unknown): void {
    if (!this.#isLimited) return;
    this.#bytes += encode({ value }).length;
    if (this.#bytes > MEMORY_MAX)
      throw new ServerError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Exceeded memory limit for ${this.#stage}, but didn't allow external sort. Pass allowDiskUse:true to opt in.`,
      );
  }
}
