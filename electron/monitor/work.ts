import type { Applied } from '#cache/copied-rows.ts';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import { within } from '#store/within.ts';
import {
  failed,
  type ChangesPort,
  type CopyWriter,
  type MonitorLimits,
  type MonitorOptions,
  type Retention,
  type RunEnd,
} from './ports.ts';
import type { SnapshotGate } from './snapshot-gate.ts';
import type { StatusBoard } from './status-board.ts';

/** What the parts of the monitor share while one connection to the server holds. */
export class MonitorWork {
  readonly changes: ChangesPort;
  readonly writer: CopyWriter;
  readonly limits: MonitorLimits;
  readonly signal: AbortSignal;
  readonly board: StatusBoard;
  /** True where the stream's position is not to be asked for again: it was refused too often. */
  readonly isPositionDoubted: boolean;
  readonly #options: MonitorOptions;
  readonly #by: 'stream' | 'polling';
  readonly #gate: SnapshotGate;
  #windowAtMs = Number.NEGATIVE_INFINITY;
  /** What the server said of its time last, and when it did. */
  #told: { readonly serverMs: number; readonly atMs: number } | null = null;
  /** Pages that a thread writes just now. */
  #pages: Promise<unknown> | null = null;

  constructor(
    options: MonitorOptions,
    context: {
      readonly limits: MonitorLimits;
      readonly signal: AbortSignal;
      readonly board: StatusBoard;
      readonly by: 'stream' | 'polling';
      readonly gate: SnapshotGate;
      readonly isPositionDoubted: boolean;
    },
  ) {
    this.changes = options.changes;
    this.writer = options.writer;
    this.limits = context.limits;
    this.signal = context.signal;
    this.board = context.board;
    this.isPositionDoubted = context.isPositionDoubted;
    this.#options = options;
    this.#by = context.by;
    this.#gate = context.gate;
  }

  get retention(): Retention {
    return this.#options.retention ?? { ageMsMax: null, bytesMax: null };
  }

  get isSnapshotPaused(): boolean {
    return this.#gate.isPaused;
  }

  /** Resolves at once unless the snapshot was paused; then when it goes on or everything is stopped. */
  untilResumed(): Promise<void> {
    return this.#gate.untilResumed(this.signal);
  }

  /** True when the window has to be looked at again; asking it counts as looking. */
  isWindowDue(): boolean {
    const now = this.clock.monotonicMs();
    if (now - this.#windowAtMs < this.limits.windowMs) return false;
    this.#windowAtMs = now;
    return true;
  }

  get clock(): MonitorOptions['clock'] {
    return this.#options.clock;
  }

  wait(ms: number): Promise<void> {
    return this.#options.wait(ms, this.signal);
  }

  log(line: string, cause?: unknown): void {
    this.#options.log?.(line, cause);
  }

  /**
   * Calls the server, unless everything is being stopped; an answer that comes after that is dropped, so that nothing is
   * written any more once `stop` has returned. No answer within that many milliseconds is `server_unreachable`: a connection that went silent
   * is given up by the system after a quarter of an hour only.
   */
  async read<Value>(
    call: () => Promise<Result<Value, AppError>>,
    answerMs: number = this.limits.answerMs,
  ): Promise<Result<Value, AppError> | 'stopped'> {
    if (this.signal.aborted) return 'stopped';
    const stopped = Promise.withResolvers<'stopped'>();
    const onAbort = (): void => stopped.resolve('stopped');
    this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      const answered = within(call(), answerMs, this.#options.wait);
      return await Promise.race([answered, stopped.promise]);
    } finally {
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  /** The server's time, which the writer is told too. */
  async now(): Promise<Result<Date, AppError> | 'stopped'> {
    const now = await this.read(() => this.changes.now(), this.limits.streamAnswerMs);
    if (now !== 'stopped' && now.ok) {
      const serverMs = now.value.getTime();
      this.writer.tellTime(serverMs);
      this.#told = { serverMs, atMs: this.clock.monotonicMs() };
    }
    return now;
  }

  /** What time it is on the server by what it said last, in milliseconds since 1970; null before it was asked. */
  serverMs(): number | null {
    return this.#told === null ? null : this.#told.serverMs + this.clock.monotonicMs() - this.#told.atMs;
  }

  get beginPageThread(): MonitorOptions['beginPageThread'] {
    return this.#options.beginPageThread;
  }

  /** What a thread writes until it is written; nothing else is to be written meanwhile. */
  async whilePagesAreWritten<Value>(writing: Promise<Value>): Promise<Value> {
    this.#pages = writing;
    try {
      return await writing;
    } finally {
      this.#pages = null;
    }
  }

  /**
   * Resolves when no thread writes pages, and whoever writes at once then meets none. Without it SQLite would wait for the thread, and with
   * it everything that this process does.
   */
  async untilPagesAreWritten(): Promise<void> {
    while (this.#pages !== null) await this.#pages.catch(() => undefined);
  }

  /** Tells which jobs changed. */
  tellApplied(applied: Applied): void {
    if (applied.jobIds.length > 0) this.#options.onChange(applied.jobIds);
  }

  /** Tells where the copy stands. @returns null, or the failure to read it */
  tellStanding(): RunEnd | null {
    const standing = this.writer.standing();
    if (!standing.ok) return failed(standing.error);
    this.board.showFollowing(this.#by, standing.value);
    return null;
  }
}
