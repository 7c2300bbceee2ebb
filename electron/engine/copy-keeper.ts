import { z } from 'zod';
import type { Standing } from '#cache/snapshot-book.ts';
import type { OwnFile } from '#cache/own/open-own-file.ts';
import type { ReaderThreads } from '#cache/threads/reader-threads.ts';
import { runWithholding } from '#cache/threads/run-withholding.ts';
import { copySettingsSchema, type CopySettings, type CopyTask, type CopyView } from '#contract/copy-views.ts';
import type { MonitorStatus } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { ChangesPort } from '#monitor/ports.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import { beginPageThread, type PageEntries } from '#monitor/threads/page-thread-host.ts';
import { verifyCopy, type VerifyReport } from '#monitor/verify-copy.ts';
import type { CopyFile } from './copy-file.ts';
import { wait } from './wait.ts';

const DAY_MS = 86_400_000;
const NO_LIMITS: CopySettings = { keptDays: null, bytesMax: null, keepsPrompts: true };
const SETTINGS_ID = 'settings';
const SETTINGS_KIND = {
  name: 'copy',
  schema: copySettingsSchema.extend({ id: z.literal(SETTINGS_ID) }),
  isOfSource: true,
} as const;

export interface CopyKeeperOptions {
  readonly copy: CopyFile;
  /** Where the file of the copy is. */
  readonly file: string;
  readonly readers: Pick<ReaderThreads, 'for' | 'whileClosed' | 'refuse'>;
  /** Where the settings are kept; without it they are those of the program. */
  readonly own: Result<OwnFile, AppError>;
  /** Whether who sits here may see prompts; null while nobody knows, and then what is kept stays as it is. */
  readonly mayKeepPrompts: () => boolean | null;
  /** The module of the thread that takes prompts out. */
  readonly withholdEntry: URL;
  /** The modules of the threads that write a snapshot. */
  readonly pageEntries: PageEntries;
  readonly onChange: (jobIds: readonly string[]) => void;
  readonly onStatus: (status: MonitorStatus) => void;
  /** Tells how far a task on the whole copy is; null when it is over. */
  readonly onTask: (task: CopyTask | null) => void;
  readonly log: (line: string, cause?: unknown) => void;
}

/** Keeps the offline copy: follows the server, and sees to it that the copy is what the person wants it to be. */
export class CopyKeeper {
  readonly #options: CopyKeeperOptions;
  #changes: ChangesPort | null = null;
  #monitor: Monitor | null = null;
  #isPaused = false;
  /** What the copy was last made to follow. */
  #mayKeepPrompts: boolean | null = null;
  readonly #stopping = new AbortController();
  #verified: CopyView['verified'] = null;
  /** Changes of the settings go one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: CopyKeeperOptions) {
    this.#options = options;
  }

  /** What is wanted of the copy. */
  get settings(): CopySettings {
    const kept = this.#keptSettings();
    return kept.ok ? kept.value : NO_LIMITS;
  }

  /** Has a copy that an older version wrote brought to this one; what is asked of it meanwhile is refused with `copy_upgrading`. */
  upgrade(): Promise<void> {
    return this.#inTurn(async () => {
      const { copy, readers, onChange } = this.#options;
      const { signal } = this.#stopping;
      await readers.whileClosed(() => copy.upgrade(signal), appError('copy_upgrading'));
      // Whoever was refused asks anew.
      if (!signal.aborted) onChange([]);
    });
  }

  /** Makes the copy keep no prompts where it should not, whether or not there is a server. */
  prepare(): Promise<Result<void, AppError>> {
    return this.#inTurn(() => this.#apply(this.settings, false));
  }

  /** Follows a server from now on. */
  follow(changes: ChangesPort): Promise<void> {
    return this.#inTurn(async () => {
      await this.#monitor?.stop();
      this.#changes = changes;
      const standing = this.#standing();
      // A wipe that failed is told and begun anew with the next start; until then nothing with a prompt is taken in.
      if (standing.ok && standing.value.isWiping) this.#options.log('the copy still holds prompts that are to go');
      this.#startMonitor();
    });
  }

  /** Stops following; a change of the settings under way is waited for. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#turn;
    await this.#monitor?.stop();
  }

  /**
   * Somebody met this in the copy. Where it is damage, the file is given up at once, set aside, and built anew from the server;
   * anything else is left to whoever met it.
   */
  met(error: AppError): void {
    const { copy } = this.#options;
    // Before it is open for the first time nobody here reads it: it is whoever opens it that looks after damage then.
    if (error.code !== 'cache_unusable' || copy.isCondemned || !copy.writer.ok) return;
    copy.condemn(error);
    void this.#inTurn(() => this.#renew());
  }

  /** Keeps new settings and makes the copy follow them. Errors: those of the own file and of the copy. */
  set(settings: CopySettings): Promise<Result<CopySettings, AppError>> {
    return this.#inTurn(async () => {
      const { own } = this.#options;
      if (!own.ok) return own;
      const before = this.settings;
      const kept = own.value.records(SETTINGS_KIND).put({ id: SETTINGS_ID, ...settings });
      if (!kept.ok) return kept;
      await this.#monitor?.stop();
      const applied = await this.#apply(settings, isLooser(settings, before));
      if (this.#monitor !== null) this.#startMonitor();
      return applied.ok ? ok(settings) : applied;
    });
  }

  /** Asks anew whether prompts may be kept, after who sits here became another or sees through other rules. Errors: those of the copy. */
  reconsider(): Promise<Result<void, AppError>> {
    return this.#inTurn(async () => {
      if (this.#stopping.signal.aborted || this.#options.mayKeepPrompts() === this.#mayKeepPrompts)
        return ok(undefined);
      await this.#monitor?.stop();
      const applied = await this.#apply(this.settings, false);
      if (this.#monitor !== null) this.#startMonitor();
      return applied;
    });
  }

  pauseSnapshot(): void {
    this.#isPaused = true;
    this.#monitor?.pauseSnapshot();
  }

  resumeSnapshot(): void {
    this.#isPaused = false;
    this.#monitor?.resumeSnapshot();
  }

  async view(signal: AbortSignal): Promise<Result<CopyView, AppError>> {
    const reader = this.#options.readers.for(signal);
    const documents = await reader.documentCounts();
    if (!documents.ok) return documents;
    const counts = await reader.counts();
    if (!counts.ok) return counts;
    const standing = await reader.standing();
    if (!standing.ok) return standing;
    const { writer } = this.#options.copy;
    if (!writer.ok) return writer;
    const size = this.#noted(writer.value.size());
    if (!size.ok) return size;
    return ok({
      settings: this.settings,
      ...size.value,
      documents: { ...documents.value, malformed: counts.value.malformed },
      isComplete: standing.value.isComplete,
      keepsPrompts: standing.value.scope.keepsPrompts || standing.value.isWiping,
      mayKeepPrompts: this.#options.mayKeepPrompts() !== false,
      verified: this.#verified,
    });
  }

  /** Compares the copy with the server. Errors: `server_unreachable`; those of both sides; `cancelled`. */
  async verify(changes: ChangesPort | null, signal: AbortSignal): Promise<Result<VerifyReport, AppError>> {
    if (changes === null) return err(appError('server_unreachable', 'not connected yet'));
    const reader = this.#options.readers.for(signal);
    const counted = await reader.documentCounts();
    if (!counted.ok) return counted;
    const total = counted.value.jobs + counted.value.accounts + counted.value.ledger;
    const { onTask } = this.#options;
    const report = await verifyCopy({
      changes,
      reader,
      wait,
      signal,
      onProgress: (done) => onTask({ type: 'verify', done, total: Math.max(total, done) }),
    });
    onTask(null);
    if (report.ok) this.#verified = { atMs: Date.now(), differences: report.value.differencesTotal };
    return report;
  }

  /** What was set, as far as anything was. Errors: those of the own file; then nobody knows what is wanted. */
  #keptSettings(): Result<CopySettings, AppError> {
    const { own } = this.#options;
    if (!own.ok) return own;
    const kept = own.value.records(SETTINGS_KIND).list();
    if (!kept.ok) return kept;
    const [settings] = kept.value;
    if (settings === undefined) return ok(NO_LIMITS);
    const { keptDays, bytesMax, keepsPrompts } = settings;
    return ok({ keptDays, bytesMax, keepsPrompts });
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #startMonitor(): void {
    if (this.#changes === null || this.#stopping.signal.aborted) return;
    const { copy, file, pageEntries, onChange, onStatus, log } = this.#options;
    if (!copy.writer.ok) return;
    const { keptDays, bytesMax } = this.settings;
    this.#monitor = startMonitor({
      changes: this.#changes,
      writer: copy.writer.value,
      clock: { monotonicMs: () => performance.now() },
      wait,
      random: Math.random,
      onChange,
      onStatus,
      onUnusable: (error) => this.met(error),
      log,
      beginPageThread: () => beginPageThread(pageEntries, file),
      retention: { ageMsMax: keptDays === null ? null : keptDays * DAY_MS, bytesMax },
      isSnapshotPaused: this.#isPaused,
    });
  }

  /** Puts a new file in the place of the condemned one, and follows the server with it as before. */
  async #renew(): Promise<void> {
    const { copy, readers, onChange, onStatus, log } = this.#options;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    await this.#monitor?.stop();
    const renewed = await readers.whileClosed(async () => {
      const done = await copy.renew(signal);
      if (!done.ok) readers.refuse(done.error);
      return done;
    });
    if (signal.aborted) return;
    if (!renewed.ok) {
      onStatus(statusWithout(renewed.error));
      return;
    }
    this.#verified = null;
    const applied = await this.#apply(this.settings, false);
    if (!applied.ok) log('the new copy could not be made to keep or leave out prompts', applied.error);
    this.#startMonitor();
    // Every row may be another now.
    onChange([]);
  }

  /** While nobody follows: makes the file what the settings say, or has it read anew where it lacks what they take in. */
  async #apply(settings: CopySettings, isLoosened: boolean): Promise<Result<void, AppError>> {
    return this.#noted(await this.#applied(settings, isLoosened));
  }

  async #applied(settings: CopySettings, isLoosened: boolean): Promise<Result<void, AppError>> {
    const opened = this.#options.copy.writer;
    if (!opened.ok) return opened;
    const writer = opened.value;
    const standing = writer.standing();
    if (!standing.ok) return standing;
    const { scope } = standing.value;
    if (isLoosened && scope.keptSinceMs !== null) {
      // From when on jobs are kept the server's clock says, and so it is the monitor that makes the window narrow again.
      const widened = writer.keepSince(null, 0);
      if (!widened.ok) return widened;
    }
    this.#mayKeepPrompts = this.#options.mayKeepPrompts();
    // Where the settings cannot be read, prompts that were left out may be meant to be.
    const isWanted = settings.keepsPrompts && this.#keptSettings().ok;
    const takesPrompts = isWanted && this.#mayKeepPrompts === true && !scope.keepsPrompts;
    if (takesPrompts) {
      const kept = writer.keepPrompts();
      if (!kept.ok) return kept;
    }
    return this.#withholdIfDue();
  }

  #standing(): Result<Standing, AppError> {
    const { writer } = this.#options.copy;
    return writer.ok ? writer.value.standing() : writer;
  }

  /** The same, once it was looked at for damage. */
  #noted<Value>(result: Result<Value, AppError>): Result<Value, AppError> {
    if (!result.ok) this.met(result.error);
    return result;
  }

  async #withholdIfDue(): Promise<Result<void, AppError>> {
    const { withholdEntry, file, onTask, onChange } = this.#options;
    const standing = this.#standing();
    if (!standing.ok) return standing;
    const { scope, isWiping } = standing.value;
    const keepsPrompts = this.settings.keepsPrompts && this.#mayKeepPrompts !== false;
    if (keepsPrompts && !isWiping) return ok(undefined);
    if (!scope.keepsPrompts && !isWiping) return ok(undefined);
    const counts = await this.#options.readers.for().counts();
    const total = counts.ok ? counts.value.total : 0;
    onTask({ type: 'wipe', done: 0, total });
    const withheld = await runWithholding(withholdEntry, file, (done) => {
      onTask({ type: 'wipe', done, total: Math.max(done, total) });
    });
    onTask(null);
    // Every row may be another now.
    onChange([]);
    return withheld;
  }
}

/** What is told where there is no copy to follow with. */
function statusWithout({ code, detail }: AppError): MonitorStatus {
  return { mode: 'stopped', asOfMs: null, keptSinceMs: null, snapshot: null, error: { code, detail } };
}

/** True where settings may take jobs in that those before left out. */
function isLooser(settings: CopySettings, before: CopySettings): boolean {
  const allowsMore = (limit: number | null, earlier: number | null): boolean =>
    earlier !== null && (limit === null || limit > earlier);
  return allowsMore(settings.keptDays, before.keptDays) || allowsMore(settings.bytesMax, before.bytesMax);
}
