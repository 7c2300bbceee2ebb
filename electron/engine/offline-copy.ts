import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { OwnFile } from '#cache/own/open-own-file.ts';
import { isOlderCopy } from '#cache/copy-version.ts';
import { openCache, type Cache } from '#cache/open-cache.ts';
import { ReaderThreads } from '#cache/threads/reader-threads.ts';
import { runUpgrade } from '#cache/threads/run-upgrade.ts';
import type { CopyUpgrade, JobCounts } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ChangeSource } from '#store/change-source.ts';
import { CopyCounter } from './copy-counter.ts';
import { CopyFile, type CopyFileOptions } from './copy-file.ts';
import { CopyKeeper, type CopyKeeperOptions } from './copy-keeper.ts';
import { wait } from './wait.ts';

/** What the offline copy needs of the engine around it. */
export interface OfflineCopyOptions
  extends
    Pick<
      CopyKeeperOptions,
      'file' | 'mayKeepPrompts' | 'withholdEntry' | 'pageEntries' | 'onStatus' | 'onTask' | 'log'
    >,
    Pick<CopyFileOptions, 'onNote' | 'onError'> {
  /** The deployment and database that it is of. */
  readonly source: string;
  /** The module of the threads that read it. */
  readonly readerEntry: URL;
  /** The module of the thread that brings a copy of an older version to this one. */
  readonly upgradeEntry: URL;
  /** Tells how far that is; null when it is over. */
  readonly onUpgrade: (upgrade: CopyUpgrade | null) => void;
  readonly onCounts: (counts: JobCounts) => void;
  /** Called with the jobs that are another in it than before; with none where all of them may be. */
  readonly onChange: (jobIds: readonly string[]) => void;
}

/** The copy of a deployment on this machine: its file, who reads it, and what keeps it like the server. */
export class OfflineCopy {
  readonly readers: ReaderThreads;
  readonly keeper: CopyKeeper;
  readonly #file: CopyFile;
  readonly #counter: CopyCounter;
  readonly #log: OfflineCopyOptions['log'];

  private constructor(cache: Cache | null, own: Result<OwnFile, AppError>, options: OfflineCopyOptions) {
    const { file, source, readerEntry, upgradeEntry, onUpgrade, onNote, onError, onCounts, onChange, log } = options;
    this.#log = log;
    this.#file = new CopyFile(cache, {
      open: (fault) => openFile(options, fault),
      upgrade: (signal) => runUpgrade({ entry: upgradeEntry, file, source, onUpgrade, signal }),
      onNote,
      onError,
      wait,
      nowMs: Date.now,
      monotonicMs: () => performance.now(),
      log,
    });
    this.readers = new ReaderThreads({ entry: readerEntry, file, onUnusable: (error) => this.keeper.met(error), log });
    this.#counter = new CopyCounter({ count: async () => this.readers.for().counts(), onCounts, log });
    this.keeper = new CopyKeeper({
      ...options,
      copy: this.#file,
      readers: this.readers,
      own,
      onChange: (jobIds) => {
        void this.#counter.again();
        onChange(jobIds);
      },
    });
    if (cache === null) void this.#upgrade(onUpgrade);
    else {
      this.readers.begin();
      void this.#counter.again();
    }
    void this.keeper.prepare().then((prepared) => this.#tellPrompts(prepared));
  }

  /**
   * Opens it, and begins to count what is in it. One that an older version wrote is opened later, on a thread of its own. Errors:
   * `disk_full`, `cache_unusable`.
   * @param openOwn opens what is the person's own on this machine, once the copy is there
   */
  static open(
    options: OfflineCopyOptions,
    openOwn: () => Result<OwnFile, AppError>,
  ): Result<{ readonly copy: OfflineCopy; readonly own: Result<OwnFile, AppError> }, AppError> {
    const cache = isOlderCopy(options.file) ? ok(null) : openFile(options, null);
    if (!cache.ok) return cache;
    const own = openOwn();
    return ok({ copy: new OfflineCopy(cache.value, own, options), own });
  }

  async #upgrade(onUpgrade: OfflineCopyOptions['onUpgrade']): Promise<void> {
    onUpgrade({ jobsDone: 0, jobsTotal: 0, remainingMs: null });
    await this.keeper.upgrade();
    onUpgrade(null);
  }

  /** Follows the server from now on. Nothing is copied before it is known whether prompts may be. */
  async follow(changes: ChangeSource): Promise<void> {
    this.#tellPrompts(await this.keeper.reconsider());
    await this.keeper.follow(changes);
  }

  /** Asks anew whether prompts may be kept. */
  reconsiderPrompts(): void {
    void this.keeper.reconsider().then((reconsidered) => this.#tellPrompts(reconsidered));
  }

  /** Lets go of the file; nobody may keep it or read it any more. Idempotent. */
  async close(): Promise<void> {
    await this.readers.close();
    this.#file.close();
  }

  #tellPrompts(kept: Result<void, AppError>): void {
    if (!kept.ok) this.#log('the copy could not be made to keep or leave out prompts', kept.error);
  }
}

/** One file for each deployment and database, so that going back to one finds its copy again. */
function openFile({ file, source }: OfflineCopyOptions, fault: string | null): Result<Cache, AppError> {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
  } catch (cause) {
    return err(appError('cache_unusable', 'the data folder cannot be made', cause));
  }
  return openCache({ path: file, now: Date.now, source, fault });
}
