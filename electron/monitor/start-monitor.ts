import { isTransient, type AppError } from '#domain/errors.ts';
import { assertNever } from '#domain/result.ts';
import { runStream } from './follow-run.ts';
import { runPolling } from './poll-run.ts';
import { DEFAULT_LIMITS, type MonitorLimits, type MonitorOptions, type RunEnd } from './ports.ts';
import { SnapshotGate } from './snapshot-gate.ts';
import { StatusBoard } from './status-board.ts';
import { MonitorWork } from './work.ts';

/**
 * So often in a row a server may refuse the stream's position for a reason that is not known to mean that it is gone. Then the copy is compared
 * with the server, because otherwise nothing would ever be followed again.
 */
const REFUSALS_MAX = 8;

/** A running monitor. */
export interface Monitor {
  /** Stops it; after that nothing is written to the copy any more. Idempotent, never rejects. */
  stop(): Promise<void>;
  /** Holds the snapshot up, or lets it go on; what changes on the server is followed all the same. */
  pauseSnapshot(): void;
  resumeSnapshot(): void;
}

/**
 * Keeps the copy up with the server until it is stopped: by change stream where the deployment has them, otherwise by
 * polling. Whatever fails is told in the status and tried again with back-off and full jitter; only a copy that cannot be used any
 * more (`cache_unusable`) ends it, with the status `stopped`, and is told: then the copy has to be condemned and opened anew.
 */
export function startMonitor(options: MonitorOptions): Monitor {
  const limits: MonitorLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const stopping = new AbortController();
  const board = new StatusBoard(options.onStatus, options.clock.monotonicMs);
  const gate = new SnapshotGate(options.isSnapshotPaused ?? false);
  board.showPaused(gate.isPaused);
  const loop = runUntilStopped({ options, limits, stopping, board, gate })
    .catch((cause: unknown) => {
      options.log?.('the monitor failed for a reason that nobody expected', cause);
      board.showError({ code: 'internal', detail: cause instanceof Error ? cause.message : null });
    })
    .finally(() => board.showStopped());
  return {
    stop: () => {
      stopping.abort();
      return loop;
    },
    pauseSnapshot: () => {
      gate.pause();
      board.showPaused(true);
    },
    resumeSnapshot: () => {
      gate.resume();
      board.showPaused(false);
    },
  };
}

interface Context {
  readonly options: MonitorOptions;
  readonly limits: MonitorLimits;
  readonly stopping: AbortController;
  readonly board: StatusBoard;
  readonly gate: SnapshotGate;
}

async function runUntilStopped(context: Context): Promise<void> {
  const { options, limits, stopping, board } = context;
  const { signal } = stopping;
  let canStream = options.changes.topology.hasChangeStreams;
  let failures = 0;
  let refusals = 0;
  const standing = options.writer.standing();
  // What was known when the program was last open can be read at once, and the window says of when it is.
  if (standing.ok) board.showAsOf(standing.value);
  while (!signal.aborted) {
    const beganAtMs = options.clock.monotonicMs();
    const end = await runOnce(context, canStream ? 'stream' : 'polling', refusals >= REFUSALS_MAX);
    refusals = end.type === 'failed' && end.refusesPosition === true ? refusals + 1 : 0;
    // A run that held for a while was no failure of the last ones' kind.
    if (options.clock.monotonicMs() - beganAtMs > limits.backOffMsMax) failures = 0;
    switch (end.type) {
      case 'stopped':
        return;
      case 'no_stream':
        options.log?.('there are no change streams here; the copy is kept by polling', end.error.cause);
        canStream = false;
        continue;
      case 'void': {
        const voided = options.writer.declareVoid();
        if (!(await backOff(context, voided.ok ? end.error : voided.error, ++failures))) return;
        continue;
      }
      case 'failed':
        if (!(await backOff(context, end.error, ++failures))) return;
        continue;
      default:
        assertNever(end);
    }
  }
}

async function runOnce(context: Context, by: 'stream' | 'polling', isPositionDoubted: boolean): Promise<RunEnd> {
  const { options, limits, stopping, board, gate } = context;
  const own = new AbortController();
  const signal = AbortSignal.any([stopping.signal, own.signal]);
  const work = new MonitorWork(options, { limits, signal, board, by, gate, isPositionDoubted });
  return by === 'stream' ? runStream(work, () => own.abort()) : runPolling(work);
}

/** Tells the failure and waits. @returns false where trying again cannot help */
async function backOff(context: Context, error: AppError, failures: number): Promise<boolean> {
  const { options, limits, stopping, board } = context;
  options.log?.(
    `the monitor is held up: ${error.code}${isTransient(error) ? '' : ' (somebody has to mend it)'}`,
    error.cause,
  );
  board.showError(error);
  if (error.code === 'cache_unusable') {
    options.onUnusable?.(error);
    return false;
  }
  const ceiling = Math.min(limits.backOffMsMax, limits.backOffMsMin * 2 ** Math.min(failures, 20));
  await options.wait(Math.floor(options.random() * ceiling), stopping.signal);
  return true;
}
