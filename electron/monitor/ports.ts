import type { Applied } from '#cache/copied-rows.ts';
import type { CacheWriter, SnapshotPage } from '#cache/writer.ts';
import type { MonitorStatus } from '#contract/status.ts';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
import type {
  ChangedPage,
  ChangeFollower,
  ChangesPage,
  FollowedPart,
  PageBytes,
  PageBytesRead,
  ReadWithin,
  StoreChange,
} from '#store/change-source.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import type { Topology } from '#store/ports.ts';

/** What the monitor reads from the server; the store's change source has this shape. */
export interface ChangesPort {
  readonly topology: Topology;
  now(): Promise<Result<Date, AppError>>;
  estimate(): Promise<Result<number, AppError>>;
  follow(position: string | null): Promise<Result<ChangeFollower, AppError>>;
  splits(part: FollowedPart, ranges: number): Promise<Result<readonly string[], AppError>>;
  page(
    part: FollowedPart,
    before: string | null,
    limit: number,
    within?: ReadWithin,
  ): Promise<Result<ChangesPage, AppError>>;
  /** Left out or null where pages come only as what their documents say. */
  readonly pageBytes?: PageBytesRead | null;
  oddOnes(part: FollowedPart, limit: number): Promise<Result<readonly StoreChange[], AppError>>;
  changedSince(part: 'jobs' | 'ledger', from: ChangedPlace, limit: number): Promise<Result<ChangedPage, AppError>>;
  idsAfter(
    part: FollowedPart,
    after: string | null,
    limit: number,
    within?: Pick<ReadWithin, 'keptSinceMs'>,
  ): Promise<Result<readonly string[], AppError>>;
}

/** What the monitor may do to the copy. */
export type CopyWriter = Pick<
  CacheWriter,
  | 'standing'
  | 'tellTime'
  | 'apply'
  | 'applyRead'
  | 'openSnapshot'
  | 'applyPages'
  | 'applySweep'
  | 'applyOddOnes'
  | 'lacking'
  | 'setAsOf'
  | 'declareVoid'
  | 'keepSince'
  | 'size'
  | 'giveBack'
>;

/** A page of a snapshot with its documents as the server sent them. */
export interface BytesPage extends Required<Omit<SnapshotPage, 'changes'>>, Pick<PageBytes, 'bytes' | 'lastId'> {}

/** A thread that decodes and writes pages of a snapshot, one group after the other. */
export interface PageThread {
  /**
   * Writes pages as `applyPages` of the copy's writer does, in one transaction; their bytes are the thread's from here on. Errors: those
   * of `applyPages`; `internal` where the thread failed.
   * @param serverMs what time it is on the server, in milliseconds since 1970
   */
  write(pages: readonly BytesPage[], serverMs: number): Promise<Result<Applied, AppError>>;
  /** Resolves when it has let go of the file. */
  close(): Promise<void>;
}

/** Sizes and times of the monitor; every one has a default that fits a desktop. Times in milliseconds. */
export interface MonitorLimits {
  /** Documents of one page of a snapshot (of jobs half as many), and of one read of a poll. */
  readonly pageRows: number;
  /** Ranges that a snapshot parts each large collection into, and how many of one collection are read side by side. */
  readonly ranges: number;
  readonly rangesAtOnce: number;
  /** From so many documents on a snapshot is written on a thread, whose start takes as long as it takes to copy some hundreds of them. */
  readonly threadRows: number;
  /** How often the window is moved on while time passes. */
  readonly windowMs: number;
  /** How long a poll waits after the last one; one that took long is followed by a longer wait. */
  readonly pollMs: number;
  /** How far a poll looks back before the last one, for documents that became visible after their own time. */
  readonly overlapMs: number;
  /** How long after a sweep for deletions the next one begins. */
  readonly sweepMs: number;
  readonly backOffMsMin: number;
  readonly backOffMsMax: number;
  /** How long a read is waited for, and the stream, which answers every second. */
  readonly answerMs: number;
  readonly streamAnswerMs: number;
}

export const DEFAULT_LIMITS: MonitorLimits = {
  pageRows: 500,
  ranges: 16,
  rangesAtOnce: 2,
  threadRows: 5000,
  windowMs: 60_000,
  pollMs: 1000,
  overlapMs: 10_000,
  sweepMs: 30_000,
  backOffMsMin: 250,
  backOffMsMax: 30_000,
  answerMs: 120_000,
  streamAnswerMs: 20_000,
};

/** How much of the jobs that came to their end is kept. Both limits hold where both are given. */
export interface Retention {
  /** Unchanged for longer than this: not kept. Null does not restrict. */
  readonly ageMsMax: number | null;
  /** The most bytes that the copy's file should hold. Null does not restrict. */
  readonly bytesMax: number | null;
}

export interface MonitorOptions {
  readonly changes: ChangesPort;
  readonly writer: CopyWriter;
  /** What time it is only the server is asked, so that a clock of this machine that is wrong changes nothing. */
  readonly clock: {
    /** Milliseconds that never run backwards. */
    readonly monotonicMs: () => number;
  };
  /** Waits, and ends early when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 up to, not including, 1. */
  readonly random: () => number;
  /** The rows of these jobs are now others; never empty. */
  readonly onChange: (jobIds: readonly string[]) => void;
  readonly onStatus: (status: MonitorStatus) => void;
  /** The copy was found damaged; nothing is written to it any more. */
  readonly onUnusable?: (error: AppError) => void;
  /** For what a person would want to know later; holds no document and no secret. */
  readonly log?: (line: string, cause?: unknown) => void;
  readonly limits?: Partial<MonitorLimits>;
  /** Begins a thread that writes pages of a large snapshot; without it they are written where the monitor runs. */
  readonly beginPageThread?: () => PageThread;
  /** What is kept of jobs at their end; left out, all. */
  readonly retention?: Retention;
  /** True where a snapshot is to wait until `resumeSnapshot`. */
  readonly isSnapshotPaused?: boolean;
}

/** How a part of the monitor ended: it was stopped, the stream has a gap or is not to be had, or it failed. */
export type RunEnd =
  | { readonly type: 'stopped' }
  /** What is known is void: the position is gone, or a collection was dropped or renamed. */
  | { readonly type: 'void'; readonly error: AppError }
  /** The deployment or the user's rights have no change streams. */
  | { readonly type: 'no_stream'; readonly error: AppError }
  | {
      readonly type: 'failed';
      readonly error: AppError;
      /** True where the server refused to go on from the stream's position, for a reason that is none of those known. */
      readonly refusesPosition?: boolean;
    };

export const STOPPED: RunEnd = { type: 'stopped' };

/** A failed end. */
export function failed(error: AppError): RunEnd {
  return { type: 'failed', error };
}
