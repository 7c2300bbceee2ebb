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
  /**
   * Brings what an older version wrote to this one, or sets it aside, without holding this thread up. Errors: those of `openCache`;
   * `internal` where that ended without a word.
   */
  readonly upgrade: (signal: AbortSignal) => Promise<Result<{ readonly setAside: string | null }, AppError>>;
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

  /** @param cache the copy as it was opened first; null where an older version wrote it: {@link CopyFile.upgrade} opens it */
  constructor(cache: Cache | null, options: CopyFileOptions) {
    this.#options = options;
    this.#cache = cache;
    if (cache !== null) this.#tellOf(cache);
  }

  /** Whoever writes to it. Errors: `copy_upgrading` before it is open; `cache_unusable` between a file that was given up and the next. */
  get writer(): Result<CacheWriter, AppError> {
    if (this.#cache !== null) return ok(this.#cache.writer);
    return err(this.#fault === null ? appError('copy_upgrading') : appError('cache_unusable', this.#fault));
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
   * Opens a file that an older version wrote, once it is of this one. What passes by itself (a full disk, another process) is told and
   * tried again until the signal is aborted. Error: `cancelled`, and then the file is as it was.
   */
  async upgrade(signal: AbortSignal): Promise<Result<void, AppError>> {
    const { upgrade, log } = this.#options;
    log('an older version wrote the offline copy: it is brought to the form of this one');
    while (!signal.aborted) {
      const upgraded = await upgrade(signal);
      if (!upgraded.ok && upgraded.error.code === 'internal') {
        // It would end in the same way with each start; the copy can be read from the server again.
        this.#fault = upgraded.error.detail ?? upgraded.error.code;
        log(explainError(upgraded.error), upgraded.error.cause);
      }
      if (upgraded.ok || this.#fault !== null) {
        if (upgraded.ok) this.#tellOf(upgraded.value);
        return this.#openUntil(signal);
      }
      if (upgraded.error.code !== 'cancelled') await this.#toldAndWaited(upgraded.error, signal);
    }
    return err(appError('cancelled'));
  }

  /**
   * Sets a condemned file aside and opens a new one; nobody may have it open. Where no file can be made, that is told and tried again
   * until the signal is aborted. Error: `copy_keeps_failing`, and then the copy stays without a file.
   */
  async renew(signal: AbortSignal): Promise<Result<void, AppError>> {
    this.#cache?.close();
    this.#cache = null;
    const now = this.#options.monotonicMs();
    this.#renewedAtMs = [...this.#renewedAtMs.filter((atMs) => now - atMs < RENEWALS_MS), now];
    if (this.#renewedAtMs.length > RENEWALS_MAX) return err(appError('copy_keeps_failing', this.#fault));
    return this.#openUntil(signal);
  }

  /** Idempotent. */
  close(): void {
    this.#cache?.close();
    this.#cache = null;
  }

  async #openUntil(signal: AbortSignal): Promise<Result<void, AppError>> {
    while (!signal.aborted) {
      const opened = this.#options.open(this.#fault);
      if (opened.ok) {
        this.#cache = opened.value;
        this.#fault = null;
        this.#tellOf(opened.value);
        return ok(undefined);
      }
      await this.#toldAndWaited(opened.error, signal);
    }
    return err(appError('cancelled'));
  }

  async #toldAndWaited(error: AppError, signal: AbortSignal): Promise<void> {
    const { onError, wait, log } = this.#options;
    log(explainError(error), error.cause);
    onError(error);
    await wait(RETRY_MS, signal);
  }

  #tellOf({ setAside: says }: Pick<Cache, 'setAside'>): void {
    if (says === null) return;
    this.#options.log(says);
    this.#options.onNote({ atMs: this.#options.nowMs(), says });
  }
}
