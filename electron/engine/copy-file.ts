import type { Cache } from '#cache/open-cache.ts';
import type { CacheWriter } from '#cache/writer.ts';
import type { CopyNote } from '#contract/status.ts';
import { appError, explainError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** As often as this within {@link RENEWALS_MS} a copy is built anew; more of it is a disk or a program that no new file helps. */
const RENEWALS_MAX = 3;
const RENEWALS_MS = 60 * 60_000;
/** How long is waited before a new file is tried again where none can be made, in milliseconds. */
const RETRY_MS = 5000;

export interface CopyFileOptions {
  /** Opens the copy; with a fault, whatever stands is set aside first. */
  readonly open: (fault: string | null) => Result<Cache, AppError>;
  readonly onNote: (note: CopyNote) => void;
  readonly onError: (error: AppError) => void;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly log: (line: string, cause?: unknown) => void;
}

/** The file of the copy as long as the engine runs: where damage is met it is set aside, and a new one takes its place. */
export class CopyFile {
  readonly #options: CopyFileOptions;
  #cache: Cache | null;
  #fault: string | null = null;
  #renewedAtMs: number[] = [];

  /** @param cache the copy as it was opened first */
  constructor(cache: Cache, options: CopyFileOptions) {
    this.#options = options;
    this.#cache = cache;
    if (cache.setAside !== null) this.#tell(cache.setAside);
  }

  /** Whoever writes to it. Error: `cache_unusable` between a file that was given up and the next. */
  get writer(): Result<CacheWriter, AppError> {
    return this.#cache === null ? err(appError('cache_unusable', this.#fault)) : ok(this.#cache.writer);
  }

  /** True from the moment that damage was met until another file stands in its place. */
  get isCondemned(): boolean {
    return this.#fault !== null;
  }

  /** Gives the file up: from now on no start of the program reads it, even if this one ends here. */
  condemn({ code, detail }: AppError): void {
    if (this.#fault !== null || this.#cache === null) return;
    const { log } = this.#options;
    this.#fault = detail ?? code;
    log(`the offline copy is damaged and will be set aside: ${this.#fault}`);
    const noted = this.#cache.condemn(this.#fault);
    // It is set aside in a moment; only a crash before that would bring it back.
    if (!noted.ok) log('it could not be noted that the offline copy is damaged', noted.error.cause);
  }

  /**
   * Sets a condemned file aside and opens a new one; nobody may have it open. Where no file can be made, that is told and tried again
   * until the signal is aborted. Error: `copy_keeps_failing`, and then the copy stays without a file.
   */
  async renew(signal: AbortSignal): Promise<Result<void, AppError>> {
    const { open, onError, wait, monotonicMs, log } = this.#options;
    this.#cache?.close();
    this.#cache = null;
    const now = monotonicMs();
    this.#renewedAtMs = [...this.#renewedAtMs.filter((atMs) => now - atMs < RENEWALS_MS), now];
    if (this.#renewedAtMs.length > RENEWALS_MAX) return err(appError('copy_keeps_failing', this.#fault));
    while (!signal.aborted) {
      const opened = open(this.#fault);
      if (opened.ok) {
        this.#cache = opened.value;
        this.#fault = null;
        if (opened.value.setAside !== null) this.#tell(opened.value.setAside);
        return ok(undefined);
      }
      log(explainError(opened.error), opened.error.cause);
      onError(opened.error);
      await wait(RETRY_MS, signal);
    }
    return err(appError('cancelled'));
  }

  /** Idempotent. */
  close(): void {
    this.#cache?.close();
    this.#cache = null;
  }

  #tell(says: string): void {
    this.#options.log(says);
    this.#options.onNote({ atMs: this.#options.nowMs(), says });
  }
}
