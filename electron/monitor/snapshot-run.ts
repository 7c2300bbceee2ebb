import { CACHED_PARTS, subjectOf, type CachedPart } from '#cache/changes.ts';
import type { SnapshotPart, SnapshotSplits } from '#cache/snapshot-book.ts';
import type { StoreChange } from '#store/change-source.ts';
import { keepWindow } from './keep-window.ts';
import { PageGroup } from './page-group.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import { pageRowsOf, readPage } from './read-page.ts';
import type { MonitorWork } from './work.ts';

/** Begins a snapshot, with large collections parted into ranges. @returns null where it went well */
export async function openSnapshot(work: MonitorWork, position: string | null): Promise<RunEnd | null> {
  // A window that was widened keeps all until here, and what it will not keep need not be read.
  const windowed = await keepWindow(work);
  if (windowed !== null) return windowed;
  const splits: Partial<Record<CachedPart, readonly string[]>> = {};
  for (const part of CACHED_PARTS) {
    const found = await work.read(() => work.changes.splits(part, work.limits.ranges));
    if (found === 'stopped') return STOPPED;
    // A server that takes no samples is copied all the same, each collection in one range.
    if (!found.ok) work.log(`${part} cannot be parted into ranges: ${found.error.code}`, found.error.cause);
    else splits[part] = found.value;
  }
  const opened = work.writer.openSnapshot(position, splits satisfies SnapshotSplits);
  return opened.ok ? work.tellStanding() : failed(opened.error);
}

/** Copies what is left of the open snapshot: collections side by side, and ranges of each, the highest ids first. */
export async function runSnapshot(work: MonitorWork): Promise<RunEnd> {
  const oddOnes = await copyOddDocuments(work);
  if (oddOnes !== null) return oddOnes;
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const queues = CACHED_PARTS.map((part) => standing.value.parts.filter((one) => one.part === part && !one.isDone));
  const lanes = queues.flatMap((queue) =>
    Array.from({ length: Math.min(work.limits.rangesAtOnce, queue.length) }, () => queue),
  );
  const group = new PageGroup(work, lanes.length);
  const ends = await Promise.all(lanes.map((queue) => copyRanges(work, queue, group).finally(() => group.leave())));
  return ends.find(({ type }) => type !== 'stopped') ?? STOPPED;
}

/** Takes one range after the other from a queue that other lanes take from too. */
async function copyRanges(work: MonitorWork, queue: SnapshotPart[], group: PageGroup): Promise<RunEnd> {
  for (let range = queue.shift(); range !== undefined && !work.signal.aborted; range = queue.shift()) {
    const ended = await copyRange(work, range, group);
    if (ended.type !== 'stopped') return ended;
  }
  return STOPPED;
}

/** One page of the next range that is not done. @returns null where there was one */
export async function runSnapshotStep(work: MonitorWork): Promise<RunEnd | null> {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const next = standing.value.parts.find(({ isDone }) => !isDone);
  if (!standing.value.isSnapshotOpen || next === undefined) return STOPPED;
  if (next.beforeId === null && next.part === 'accounts') {
    const oddOnes = await copyOddDocuments(work);
    if (oddOnes !== null) return oddOnes;
  }
  const page = await readRange(work, next, next.beforeId);
  if (page === 'stopped') return STOPPED;
  if (!page.ok) return failed(page.error);
  const isLast = page.value.length < pageRowsOf(work, next.part);
  const { part, range, beforeId } = next;
  return new PageGroup(work, 1).write({ part, range, beforeId, changes: page.value, isLast });
}

/**
 * Takes in the documents whose id is no text: they are all malformed or unreadable, stand in no range of ids, and are listed with the
 * others. At most two pages of each collection; on a server that has more, something else is wrong.
 */
async function copyOddDocuments(work: MonitorWork): Promise<RunEnd | null> {
  for (const part of CACHED_PARTS) {
    const odd = await work.read(() => work.changes.oddOnes(part, work.limits.pageRows));
    if (odd === 'stopped') return STOPPED;
    if (!odd.ok) return failed(odd.error);
    if (odd.value.length === 0) continue;
    const applied = work.writer.applyRead(odd.value, null);
    if (!applied.ok) return failed(applied.error);
    work.tellApplied(applied.value);
  }
  return null;
}

async function copyRange(work: MonitorWork, range: SnapshotPart, group: PageGroup): Promise<RunEnd> {
  let { beforeId } = range;
  let reading = readRange(work, range, beforeId);
  for (;;) {
    await work.untilResumed();
    const page = await reading;
    if (page === 'stopped') return STOPPED;
    if (!page.ok) return failed(page.error);
    const isLast = page.value.length < pageRowsOf(work, range.part);
    const nextId = lastIdOf(page.value);
    // The server reads the next page while this one is written.
    if (!isLast) reading = readRange(work, range, nextId);
    const written = await group.write({ part: range.part, range: range.range, beforeId, changes: page.value, isLast });
    const ended = written ?? (await keepWindow(work));
    if (ended !== null) {
      // The page that was asked for ahead is of no use any more, and neither is its failure.
      void reading.catch((cause: unknown) => work.log('a page asked for ahead failed', cause));
      return ended;
    }
    if (isLast) return STOPPED;
    beforeId = nextId;
  }
}

function readRange(work: MonitorWork, range: SnapshotPart, beforeId: string | null): ReturnType<typeof readPage> {
  const standing = work.writer.standing();
  if (!standing.ok) return Promise.resolve(standing);
  const { keptSinceMs } = standing.value.scope;
  return readPage(work, range.part, beforeId, { fromId: range.fromId, keptSinceMs });
}

function lastIdOf(changes: readonly StoreChange[]): string | null {
  const last = changes.at(-1);
  return last === undefined ? null : subjectOf(last).id;
}
