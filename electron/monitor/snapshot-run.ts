import { CACHED_PARTS, type CachedPart } from '#cache/changes.ts';
import type { SnapshotPart, SnapshotSplits } from '#cache/snapshot-book.ts';
import { keepWindow } from './keep-window.ts';
import { PageGroup } from './page-group.ts';
import { ownRoute, threadRoute, type PageRoute } from './page-route.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
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

/**
 * Copies what is left of the open snapshot: collections side by side, and ranges of each, the highest ids first.
 * @param documents about how many there are on the server
 */
export async function runSnapshot(work: MonitorWork, documents: number): Promise<RunEnd> {
  const oddOnes = await copyOddDocuments(work);
  if (oddOnes !== null) return oddOnes;
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const left = standing.value.parts.filter(({ isDone }) => !isDone);
  const { beginPageThread, changes } = work;
  const { pageBytes = null } = changes;
  if (beginPageThread === undefined || pageBytes === null || documents < work.limits.threadRows) {
    return copyParts(work, left, ownRoute(work));
  }
  const thread = beginPageThread();
  try {
    return await copyParts(work, left, threadRoute(work, pageBytes, thread));
  } finally {
    await thread.close();
  }
}

async function copyParts<Content>(
  work: MonitorWork,
  left: readonly SnapshotPart[],
  route: PageRoute<Content>,
): Promise<RunEnd> {
  const queues = CACHED_PARTS.map((part) => left.filter((one) => one.part === part));
  const lanes = queues.flatMap((queue) =>
    Array.from({ length: Math.min(work.limits.rangesAtOnce, queue.length) }, () => queue),
  );
  const group = new PageGroup(work, route, lanes.length);
  const ends = await Promise.all(lanes.map((queue) => copyRanges(work, queue, group).finally(() => group.leave())));
  return ends.find(({ type }) => type !== 'stopped') ?? STOPPED;
}

/** Copies one range after the other of a queue that other lanes take from too. */
async function copyRanges<Content>(
  work: MonitorWork,
  queue: SnapshotPart[],
  group: PageGroup<Content>,
): Promise<RunEnd> {
  let asked = askAhead(work, queue.shift(), group);
  while (asked !== null) {
    await work.untilResumed();
    const page = await asked.reading;
    if (page === 'stopped') return STOPPED;
    if (!page.ok) return failed(page.error);
    const { part, range, beforeId } = asked.range;
    const { content, isLast, lastId } = page.value;
    // The server reads the next page while this one is written.
    asked = askAhead(work, isLast ? queue.shift() : { ...asked.range, beforeId: lastId }, group);
    const written = await group.write({ part, range, beforeId, isLast, content });
    const ended = written ?? (await keepWindow(work));
    if (ended !== null) {
      // The page that was asked for ahead is of no use any more, and neither is its failure.
      void asked?.reading.catch((cause: unknown) => work.log('a page asked for ahead failed', cause));
      return ended;
    }
  }
  return STOPPED;
}

/** What is left of a range, and its next page; null where there is no range. */
interface AskedPage<Content> {
  readonly range: SnapshotPart;
  readonly reading: ReturnType<PageRoute<Content>['read']>;
}

function askAhead<Content>(
  work: MonitorWork,
  range: SnapshotPart | undefined,
  group: PageGroup<Content>,
): AskedPage<Content> | null {
  return range === undefined ? null : { range, reading: readRange(work, range, group) };
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
  const group = new PageGroup(work, ownRoute(work), 1);
  const page = await readRange(work, next, group);
  if (page === 'stopped') return STOPPED;
  if (!page.ok) return failed(page.error);
  const { content, isLast } = page.value;
  const { part, range, beforeId } = next;
  return group.write({ part, range, beforeId, isLast, content });
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

function readRange<Content>(
  work: MonitorWork,
  { part, fromId, beforeId }: SnapshotPart,
  { route }: PageGroup<Content>,
): ReturnType<PageRoute<Content>['read']> {
  const standing = work.writer.standing();
  if (!standing.ok) return Promise.resolve(standing);
  const { keptSinceMs } = standing.value.scope;
  return route.read(part, beforeId, { fromId, keptSinceMs });
}
