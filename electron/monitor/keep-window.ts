import { setImmediate as nextTurn } from 'node:timers/promises';
import { appError } from '#domain/errors.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import type { MonitorWork } from './work.ts';

/** Jobs that are dropped in one transaction: few enough that changes do not wait long behind it. */
const DROPPED_AT_ONCE = 200;
/** A file over its limit is brought this far below it, so that not every new job drops an old one. */
const SIZE_LEFT = 0.95;
/** However small the limit of the size, jobs of the last day are kept: without them nothing that one looks for is there. */
const KEPT_MS_MIN = 86_400_000;
/** Pages that are given back to the disk at once. */
const PAGES_AT_ONCE = 2000;
/** So often is that done at one look at most: changes wait behind it, and what is left is given back with the next look. */
const GIVEN_TIMES_MAX = 50;
/** What the file may hold of free room, in bytes: new rows take it soon. */
const FREE_BYTES_MAX = 16 * 1024 * 1024;
/** The window by age moves on in steps of at least this, in milliseconds: each step changes what the server is asked for. */
const STEP_MS = 60_000;

/**
 * Moves the window of what is kept on with the server's time, and makes it narrower where the file is too large; at most every
 * `windowMs`. @returns null where it went well
 */
export async function keepWindow(work: MonitorWork): Promise<RunEnd | null> {
  const { ageMsMax, bytesMax } = work.retention;
  if ((ageMsMax === null && bytesMax === null) || !work.isWindowDue()) return null;
  const now = await work.now();
  if (now === 'stopped') return STOPPED;
  if (!now.ok) return failed(now.error);
  const nowMs = now.value.getTime();
  const widened = widenFromAhead(work, nowMs);
  if (widened !== null) return widened;
  if (ageMsMax !== null) {
    const sinceMs = Math.floor((nowMs - ageMsMax) / STEP_MS) * STEP_MS;
    const kept = await dropUntil(work, sinceMs, () => false);
    if (kept !== null) return kept;
  }
  if (bytesMax !== null) {
    const size = work.writer.size();
    if (!size.ok) return failed(size.error);
    if (size.value.usedBytes > bytesMax) {
      const kept = await dropUntil(work, nowMs - KEPT_MS_MIN, () => {
        const left = work.writer.size();
        return left.ok && left.value.usedBytes <= bytesMax * SIZE_LEFT;
      });
      if (kept !== null) return kept;
    }
  }
  return giveRoomBack(work);
}

/**
 * A window that begins after now was moved there by a clock that has gone back since, and would leave out every job that ends until then:
 * it is given up, and what it left out is read anew.
 */
function widenFromAhead(work: MonitorWork, nowMs: number): RunEnd | null {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const { keptSinceMs } = standing.value.scope;
  if (keptSinceMs === null || keptSinceMs <= nowMs) return null;
  work.log("the window of what is kept lies ahead of the server's time; everything is read anew");
  const kept = work.writer.keepSince(null, 0);
  if (!kept.ok) return failed(kept.error);
  return { type: 'void', error: appError('stream_history_lost', "the window lay ahead of the server's time") };
}

/** Gives the room back that a large part of the copy has left, whenever that was. */
async function giveRoomBack(work: MonitorWork): Promise<RunEnd | null> {
  for (let times = 0; times < GIVEN_TIMES_MAX; times += 1) {
    await work.untilPagesAreWritten();
    if (work.signal.aborted) return STOPPED;
    const size = work.writer.size();
    if (!size.ok) return failed(size.error);
    if (size.value.fileBytes - size.value.usedBytes <= FREE_BYTES_MAX) return null;
    const given = work.writer.giveBack(PAGES_AT_ONCE);
    if (!given.ok) return failed(given.error);
    await nextTurn();
  }
  return null;
}

async function dropUntil(work: MonitorWork, sinceMs: number, isEnough: () => boolean): Promise<RunEnd | null> {
  for (;;) {
    await work.untilPagesAreWritten();
    if (work.signal.aborted) return STOPPED;
    const standing = work.writer.standing();
    if (!standing.ok) return failed(standing.error);
    const { keptSinceMs } = standing.value.scope;
    // A window that was made narrower for its size is not widened by its age, and neither is one that another lane has moved further on
    // while this one gave way: asked for less, the writer would take it for a window that grows.
    if (keptSinceMs !== null && keptSinceMs >= sinceMs) return null;
    const kept = work.writer.keepSince(sinceMs, DROPPED_AT_ONCE);
    if (!kept.ok) return failed(kept.error);
    work.tellApplied(kept.value);
    if (kept.value.isDone || isEnough()) break;
    await nextTurn();
  }
  await work.untilPagesAreWritten();
  const given = work.writer.giveBack(PAGES_AT_ONCE);
  return given.ok ? work.tellStanding() : failed(given.error);
}
