import { CACHED_PARTS, type CachedPart } from '#cache/changes.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import { decodePosition, encodePosition } from './position.ts';
import { copyAccounts, pollPart } from './poll-part.ts';
import { keepWindow } from './keep-window.ts';
import { PollHorizon } from './poll-horizon.ts';
import { readOne } from './read-page.ts';
import { openSnapshot, runSnapshotStep } from './snapshot-run.ts';
import type { MonitorWork } from './work.ts';

/** A poll that took long is followed by a wait of this many times its duration, so that it takes a bounded share of the server. */
const REST_FACTOR = 3;
/** Ids of one read of a sweep. */
const SWEPT_IDS = 5000;
/** Documents that a sweep found and the copy lacks are read one by one up to so many; with more everything is read. */
const SUSPECTS_MAX = 1000;

/**
 * Follows a deployment without change streams: reads what has changed since the last look, again and again, and looks for
 * deletions now and then. Everything is read and written one after the other, so that a later read never meets an older one.
 */
export async function runPolling(work: MonitorWork): Promise<RunEnd> {
  const prepared = await preparePolling(work);
  if (prepared !== null) return prepared;
  const horizon = new PollHorizon(work.limits);
  let sweptAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const beganAtMs = work.clock.monotonicMs();
    const polled = await pollOnce(work, horizon);
    if (polled !== null) return polled;
    const windowed = await keepWindow(work);
    if (windowed !== null) return windowed;
    const isOpen = work.writer.standing();
    if (!isOpen.ok) return failed(isOpen.error);
    if (isOpen.value.isSnapshotOpen && !work.isSnapshotPaused) {
      const stepped = await copyUntil(work, beganAtMs + work.limits.pollMs);
      if (stepped !== null) return stepped;
      continue;
    }
    if (!isOpen.value.isSnapshotOpen && work.clock.monotonicMs() - sweptAtMs >= work.limits.sweepMs) {
      const swept = await sweep(work, horizon);
      if (swept !== null) return swept;
      sweptAtMs = work.clock.monotonicMs();
    }
    const tookMs = work.clock.monotonicMs() - beganAtMs;
    await work.wait(Math.max(work.limits.pollMs, tookMs * REST_FACTOR));
    if (work.signal.aborted) return STOPPED;
  }
}

/** Opens a snapshot where the copy is not whole, with the time before it as the position to poll from. */
async function preparePolling(work: MonitorWork): Promise<RunEnd | null> {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const { isComplete, isSnapshotOpen, asOfMs } = standing.value;
  const position = decodePosition(standing.value.position);
  const estimate = await work.read(() => work.changes.estimate());
  if (estimate === 'stopped') return STOPPED;
  if (!estimate.ok) return failed(estimate.error);
  work.board.setEstimate(estimate.value);
  if (position?.type === 'poll' && (isComplete || isSnapshotOpen)) return work.tellStanding();
  if (isComplete && !isSnapshotOpen && asOfMs !== null) {
    // The copy was kept by a stream until now; polling goes on from the time up to which nothing is missing.
    const marked = work.writer.applyRead(
      [],
      encodePosition({ type: 'poll', sinceMs: Math.max(0, asOfMs), sweptMs: null }),
    );
    return marked.ok ? work.tellStanding() : failed(marked.error);
  }
  const now = await work.now();
  if (now === 'stopped') return STOPPED;
  if (!now.ok) return failed(now.error);
  return openSnapshot(work, encodePosition({ type: 'poll', sinceMs: now.value.getTime(), sweptMs: null }));
}

/** One round over all collections. @returns null where it went well */
async function pollOnce(work: MonitorWork, horizon: PollHorizon): Promise<RunEnd | null> {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const position = decodePosition(standing.value.position);
  if (position?.type !== 'poll') throw new Error('polling begins with a position of its own');
  const beganAt = await work.now();
  if (beganAt === 'stopped') return STOPPED;
  if (!beganAt.ok) return failed(beganAt.error);
  const beganAtMs = beganAt.value.getTime();
  const sinceMs = horizon.sinceMs(position.sinceMs, { serverMs: beganAtMs, monotonicMs: work.clock.monotonicMs() });
  if (sinceMs === null) return rereadEverything(work, "the server's clock went back while nobody looked");
  for (const part of ['jobs', 'ledger'] as const) {
    const ended = await pollPart(work, part, Math.max(0, sinceMs));
    if (ended !== null) return ended;
  }
  const ended = await copyAccounts(work);
  if (ended !== null) return ended;
  const { sweptMs } = position;
  const isWhole = standing.value.isComplete && !standing.value.isSnapshotOpen;
  const marked = work.writer.applyRead(
    [],
    // A sweep behind a clock that went back since is behind nothing.
    encodePosition({
      type: 'poll',
      sinceMs: beganAtMs,
      sweptMs: sweptMs !== null && sweptMs <= beganAtMs ? sweptMs : null,
    }),
    isWhole ? beganAtMs : null,
  );
  return marked.ok ? work.tellStanding() : failed(marked.error);
}

/** Copies pages of the open snapshot until it is time for the next poll. */
async function copyUntil(work: MonitorWork, untilMs: number): Promise<RunEnd | null> {
  do {
    const stepped = await runSnapshotStep(work);
    if (stepped !== null) return stepped.type === 'stopped' && !work.signal.aborted ? null : stepped;
  } while (work.clock.monotonicMs() < untilMs);
  return null;
}

/**
 * Looks which documents still stand and deletes the others from the copy. A document that stands and that no poll has ever
 * brought (it carries no time, or one long past, as an entry that was posted late) is read by its id.
 */
async function sweep(work: MonitorWork, horizon: PollHorizon): Promise<RunEnd | null> {
  const began = await work.now();
  if (began === 'stopped') return STOPPED;
  if (!began.ok) return failed(began.error);
  const suspects: { readonly part: CachedPart; readonly ids: readonly string[] }[] = [];
  for (const part of CACHED_PARTS) {
    const swept = await sweepPart(work, part);
    if ('type' in swept) return swept;
    suspects.push({ part, ids: swept.lacking });
    const ended = await sweepOddOnes(work, part);
    if (ended !== null) return ended;
  }
  if (suspects.every(({ ids }) => ids.length === 0)) return noteSwept(work, began.value.getTime());
  const polled = await pollOnce(work, horizon);
  if (polled !== null) return polled;
  for (const { part, ids } of suspects) {
    const lacking = work.writer.lacking(part, ids);
    if (!lacking.ok) return failed(lacking.error);
    if (lacking.value.length >= SUSPECTS_MAX) {
      return rereadEverything(work, `${lacking.value.length} documents of ${part} came without a time to find them by`);
    }
    const read = await readOnes(work, part, lacking.value);
    if (read !== null) return read;
  }
  return noteSwept(work, began.value.getTime());
}

async function readOnes(work: MonitorWork, part: CachedPart, ids: readonly string[]): Promise<RunEnd | null> {
  for (const id of ids) {
    const found = await work.read(() => readOne(work.changes, part, id));
    if (found === 'stopped') return STOPPED;
    if (!found.ok) return failed(found.error);
    const applied = work.writer.applyRead(found.value, null);
    if (!applied.ok) return failed(applied.error);
    work.tellApplied(applied.value);
  }
  return null;
}

/** Documents whose id is no text are in no range of ids; where there is more than a page of them, nobody can say what is gone. */
async function sweepOddOnes(work: MonitorWork, part: CachedPart): Promise<RunEnd | null> {
  const odd = await work.read(() => work.changes.oddOnes(part, work.limits.pageRows));
  if (odd === 'stopped') return STOPPED;
  if (!odd.ok) return failed(odd.error);
  if (odd.value.length >= work.limits.pageRows) return null;
  const applied = work.writer.applyOddOnes(part, odd.value);
  if (!applied.ok) return failed(applied.error);
  work.tellApplied(applied.value);
  return null;
}

/** Notes from when on at the latest nothing stands in the copy that is gone from the server. */
function noteSwept(work: MonitorWork, sweptMs: number): RunEnd | null {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const position = decodePosition(standing.value.position);
  if (position?.type !== 'poll') throw new Error('a sweep leaves the position of the polls');
  const marked = work.writer.applyRead([], encodePosition({ ...position, sweptMs }));
  return marked.ok ? null : failed(marked.error);
}

async function rereadEverything(work: MonitorWork, reason: string): Promise<RunEnd | null> {
  work.log(`${reason}; everything is read anew`);
  const now = await work.now();
  if (now === 'stopped') return STOPPED;
  if (!now.ok) return failed(now.error);
  return openSnapshot(work, encodePosition({ type: 'poll', sinceMs: now.value.getTime(), sweptMs: null }));
}

async function sweepPart(
  work: MonitorWork,
  part: CachedPart,
): Promise<RunEnd | { readonly lacking: readonly string[] }> {
  const lackingIds: string[] = [];
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const { scope } = standing.value;
  // From the empty text on: ids that are no text come before and behind all text, and are in no range.
  for (let afterId = ''; ;) {
    const from = afterId;
    const ids = await work.read(() => work.changes.idsAfter(part, from, SWEPT_IDS, scope));
    if (ids === 'stopped') return STOPPED;
    if (!ids.ok) return failed(ids.error);
    const throughId = ids.value.length < SWEPT_IDS ? null : (ids.value.at(-1) ?? null);
    const swept = work.writer.applySweep({ part, afterId: from, throughId, ids: ids.value });
    if (!swept.ok) return failed(swept.error);
    work.tellApplied(swept.value);
    if (lackingIds.length < SUSPECTS_MAX) {
      const lacking = work.writer.lacking(part, ids.value);
      if (!lacking.ok) return failed(lacking.error);
      lackingIds.push(...lacking.value.slice(0, SUSPECTS_MAX));
    }
    if (throughId === null) return { lacking: lackingIds };
    afterId = throughId;
  }
}
