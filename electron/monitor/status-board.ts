import type { MonitorStatus } from '#contract/status.ts';
import type { AppError } from '#domain/errors.ts';
import type { Standing } from '#cache/snapshot-book.ts';

/** The status is told at most this often while only figures change, in milliseconds. */
const TELL_MS_MIN = 200;

/** Keeps the status of the monitor and tells it when it changes. */
export class StatusBoard {
  readonly #tell: (status: MonitorStatus) => void;
  readonly #monotonicMs: () => number;
  #status: MonitorStatus = { mode: 'starting', asOfMs: null, keptSinceMs: null, snapshot: null, error: null };
  #isPaused = false;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #snapshotBegan: { readonly atMs: number; readonly rows: number } | null = null;
  #rowsEstimated = 0;

  constructor(tell: (status: MonitorStatus) => void, monotonicMs: () => number) {
    this.#tell = tell;
    this.#monotonicMs = monotonicMs;
  }

  /** Roughly how many documents there are on the server. */
  setEstimate(rows: number): void {
    this.#rowsEstimated = rows;
  }

  /** Follows by stream or by polling; where a snapshot is open, that is what is told. */
  showFollowing(by: 'stream' | 'polling', standing: Standing): void {
    const snapshot = this.#snapshotOf(standing);
    this.#set({
      mode: snapshot === null ? by : 'snapshot',
      asOfMs: standing.asOfMs,
      keptSinceMs: standing.scope.keptSinceMs,
      snapshot,
      error: null,
    });
  }

  /** Something failed and is tried again; mode and figures stay as they were. */
  showError(error: AppError): void {
    this.#set({ ...this.#status, error: { code: error.code, detail: error.detail?.slice(0, 2000) ?? null } });
  }

  /** What is known of the copy before the server was asked for anything. */
  showAsOf({ asOfMs, scope }: Standing): void {
    this.#set({ ...this.#status, asOfMs, keptSinceMs: scope.keptSinceMs });
  }

  /** A snapshot waits for somebody to let it go on. */
  showPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    const { snapshot } = this.#status;
    this.#snapshotBegan = null;
    if (snapshot !== null) this.#set({ ...this.#status, snapshot: { ...snapshot, isPaused } });
  }

  showStopped(): void {
    this.#set({ ...this.#status, mode: 'stopped', snapshot: null });
  }

  #snapshotOf(standing: Standing): MonitorStatus['snapshot'] {
    if (!standing.isSnapshotOpen) {
      this.#snapshotBegan = null;
      return null;
    }
    const rowsDone = standing.parts.reduce((rows, part) => rows + part.rowsDone, 0);
    const now = this.#monotonicMs();
    this.#snapshotBegan ??= { atMs: now, rows: rowsDone };
    const elapsedMs = now - this.#snapshotBegan.atMs;
    const rowsPerSecond = elapsedMs === 0 ? 0 : ((rowsDone - this.#snapshotBegan.rows) * 1000) / elapsedMs;
    // The estimate may be too low while documents are inserted; progress beyond the whole would be nonsense.
    const rowsTotal = Math.max(this.#rowsEstimated, rowsDone);
    const remainingMs = rowsPerSecond === 0 ? null : ((rowsTotal - rowsDone) * 1000) / rowsPerSecond;
    return { rowsDone, rowsTotal, rowsPerSecond, remainingMs, isPaused: this.#isPaused };
  }

  #set(status: MonitorStatus): void {
    const isNews =
      status.mode !== this.#status.mode ||
      status.keptSinceMs !== this.#status.keptSinceMs ||
      status.snapshot?.isPaused !== this.#status.snapshot?.isPaused ||
      status.error?.code !== this.#status.error?.code;
    this.#status = status;
    const now = this.#monotonicMs();
    if (!isNews && now - this.#toldAtMs < TELL_MS_MIN) return;
    this.#toldAtMs = now;
    this.#tell(status);
  }
}
