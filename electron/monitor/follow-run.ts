import { ok, type Result } from '#domain/result.ts';
import type { ChangeBatch, ChangeFollower } from '#store/change-source.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { decodePosition, encodePosition } from './position.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import { keepWindow } from './keep-window.ts';
import { openSnapshot, runSnapshot } from './snapshot-run.ts';
import { hasNoStreams, isPositionLost } from './stream-faults.ts';
import type { MonitorWork } from './work.ts';

/** A batch of this many changes may have been cut: the server may have more that already happened. */
const BATCH_CHANGES_FULL = 1000;
/** Where nothing happens, position and time are written this often, in milliseconds: each write touches the disk. */
const IDLE_WRITE_MS = 5000;

/**
 * Follows the stream for as long as it goes well, and copies what is left of the snapshot beside it. The stream is opened
 * first, so that between it and the snapshot there is no gap.
 */
export async function runStream(work: MonitorWork, stopBoth: () => void): Promise<RunEnd> {
  const opened = await openStream(work);
  if (opened === 'stopped') return STOPPED;
  if ('type' in opened) return opened;
  const { follower, needsSnapshot, isResumed } = opened;
  try {
    const told = work.tellStanding();
    if (told !== null) return told;
    // Whichever ends first for a reason of its own takes the other down with it.
    const taking = async (run: Promise<RunEnd>): Promise<RunEnd> => {
      const end = await run;
      if (end.type !== 'stopped') stopBoth();
      return end;
    };
    const ends = await Promise.all([
      taking(follow(work, follower, isResumed)),
      ...(needsSnapshot ? [taking(runEstimatedSnapshot(work))] : []),
    ]);
    return ends.find(({ type }) => type !== 'stopped') ?? STOPPED;
  } finally {
    // Not waited for: closing asks the server, which may be the one that does not answer.
    follower.close().catch((cause: unknown) => work.log('closing the change stream failed', cause));
  }
}

interface OpenedStream {
  readonly follower: ChangeFollower;
  readonly needsSnapshot: boolean;
  /** True where it goes on from the position that the copy holds. */
  readonly isResumed: boolean;
}

async function openStream(work: MonitorWork): Promise<OpenedStream | RunEnd | 'stopped'> {
  // Before anything is written, so that all of it is seen by the server's clock.
  const now = await work.now();
  if (now === 'stopped') return 'stopped';
  if (!now.ok) return failed(now.error);
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const position = decodePosition(standing.value.position);
  const token = position?.type === 'stream' ? position.token : null;
  const isWorthResuming = token !== null && (standing.value.isComplete || standing.value.isSnapshotOpen);
  const resumed = isWorthResuming && !work.isPositionDoubted ? await followFrom(work, token) : null;
  if (resumed === 'stopped') return 'stopped';
  if (resumed !== null && resumed.ok) {
    return { follower: resumed.value, needsSnapshot: standing.value.isSnapshotOpen, isResumed: true };
  }
  if (resumed !== null && !isPositionLost(resumed.error)) return endOf(resumed.error, true);
  const fresh = await followFrom(work, null);
  if (fresh === 'stopped') return 'stopped';
  if (!fresh.ok) return hasNoStreams(fresh.error) ? { type: 'no_stream', error: fresh.error } : failed(fresh.error);
  const given = isWorthResuming ? giveUpPosition(work, resumed?.error ?? null) : null;
  const ended = given ?? (await openSnapshot(work, null));
  if (ended === null) return { follower: fresh.value, needsSnapshot: true, isResumed: false };
  await fresh.value.close();
  return ended;
}

/** Makes the copy void, and says so. @param why what the server said of the position; null where it said too often what nobody knows */
function giveUpPosition(work: MonitorWork, why: AppError | null): RunEnd | null {
  const detail = why === null ? 'the server refuses the last position again and again' : why.detail;
  work.log('the changes since the last position are gone; the copy is compared with the server', why?.cause ?? detail);
  work.board.showError(appError('stream_history_lost', detail, why?.cause));
  const voided = work.writer.declareVoid();
  return voided.ok ? null : failed(voided.error);
}

async function followFrom(
  work: MonitorWork,
  token: string | null,
): Promise<Result<ChangeFollower, AppError> | 'stopped'> {
  let isAbandoned = false;
  const opened = await work.read(async () => {
    const follower = await work.changes.follow(token);
    if (isAbandoned && follower.ok) await follower.value.close();
    return follower;
  });
  // Stopped, or waited for too long: what opens after that nobody takes.
  isAbandoned = opened === 'stopped' || !opened.ok;
  return opened;
}

/** How a failure of the stream is to be taken. @param isResuming true where nothing has come of its position yet */
function endOf(error: AppError, isResuming: boolean): RunEnd {
  if (isPositionLost(error)) return { type: 'void', error };
  if (hasNoStreams(error)) return { type: 'no_stream', error };
  return { type: 'failed', error, refusesPosition: isResuming && error.code === 'server_error' };
}

async function runEstimatedSnapshot(work: MonitorWork): Promise<RunEnd> {
  const estimate = await work.read(() => work.changes.estimate());
  if (estimate === 'stopped') return STOPPED;
  if (!estimate.ok) return failed(estimate.error);
  work.board.setEstimate(estimate.value);
  return runSnapshot(work, estimate.value);
}

async function follow(work: MonitorWork, follower: ChangeFollower, isResumed: boolean): Promise<RunEnd> {
  let isResuming = isResumed;
  let isDrained = false;
  let idleSinceMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const windowed = await keepWindow(work);
    if (windowed !== null) return windowed;
    const askedAt = await work.now();
    if (askedAt === 'stopped') return STOPPED;
    if (!askedAt.ok) return failed(askedAt.error);
    const batch = await work.read(() => follower.next(), work.limits.streamAnswerMs);
    if (batch === 'stopped') return STOPPED;
    if (!batch.ok) return endOf(batch.error, isResuming);
    isResuming = false;
    const { changes, position, isInvalidated } = batch.value;
    // What the driver held from before tells nothing of the time since; an asking that came after everything was taken does.
    const wasDrained = isDrained;
    isDrained = isAllThereIs(batch.value, askedAt.value.getTime());
    const isIdle = changes.length === 0 && !isInvalidated;
    const asOf = wasDrained && isDrained ? askedAt.value.getTime() : null;
    const now = work.clock.monotonicMs();
    if (isIdle && now - idleSinceMs < IDLE_WRITE_MS) {
      const told = tellIdle(work, asOf);
      if (told !== null) return told;
      continue;
    }
    if (isIdle) idleSinceMs = now;
    await work.untilPagesAreWritten();
    const applied = applyBatch(work, batch.value, asOf);
    if (!applied.ok) return failed(applied.error);
    if (isInvalidated) {
      work.log('a followed collection was dropped or renamed; the copy is compared with the server');
      return { type: 'void', error: appError('stream_history_lost', `invalidated at ${position.slice(0, 40)}`) };
    }
    const told = work.tellStanding();
    if (told !== null) return told;
  }
}

/** How old the last change of a batch is at most where nothing has happened behind it yet, in milliseconds: its time is told to the second. */
const NEWEST_MS = 3_000;

/** A batch that is not full may still be an old one, because servers also end batches by their bytes and shards by their own ends. */
function isAllThereIs({ changes, lastAtMs }: ChangeBatch, askedAtMs: number): boolean {
  if (changes.length >= BATCH_CHANGES_FULL) return false;
  return lastAtMs === null || lastAtMs >= askedAtMs - NEWEST_MS;
}

function applyBatch(work: MonitorWork, batch: ChangeBatch, asOf: number | null): Result<void, AppError> {
  // Where a collection went, the position stays before that: whoever takes it up again meets it again, whatever ends this process
  // before the copy is declared void.
  if (batch.isInvalidated) return applyChanges(work, batch.changes, { position: null, asOfMs: null });
  const standing = work.writer.standing();
  if (!standing.ok) return standing;
  // While a snapshot is open rows are missing that are older than any time, so the copy's time stands still.
  const asOfMs = standing.value.isComplete && !standing.value.isSnapshotOpen ? asOf : null;
  const position = encodePosition({ type: 'stream', token: batch.position });
  return applyChanges(work, batch.changes, { position, asOfMs });
}

function applyChanges(
  work: MonitorWork,
  changes: ChangeBatch['changes'],
  to: { readonly position: string | null; readonly asOfMs: number | null },
): Result<void, AppError> {
  const applied = work.writer.apply(changes, to.position, to.asOfMs);
  if (!applied.ok) return applied;
  work.tellApplied(applied.value);
  return ok(undefined);
}

function tellIdle(work: MonitorWork, asOf: number | null): RunEnd | null {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const isWhole = standing.value.isComplete && !standing.value.isSnapshotOpen;
  work.board.showFollowing('stream', isWhole && asOf !== null ? { ...standing.value, asOfMs: asOf } : standing.value);
  return null;
}
