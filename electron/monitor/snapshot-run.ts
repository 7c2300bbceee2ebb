import { CACHED_PARTS, subjectOf, type CachedPart } from '#cache/changes.ts';
import type { StoreChange } from '#store/change-source.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import { readPage } from './read-page.ts';
import type { MonitorWork } from './work.ts';

/** Copies what is left of the open snapshot, its collections side by side, newest ids first. */
export async function runSnapshot(work: MonitorWork): Promise<RunEnd> {
  const oddOnes = await copyOddDocuments(work);
  if (oddOnes !== null) return oddOnes;
  const ends = await Promise.all(CACHED_PARTS.map((part) => copyPart(work, part)));
  return ends.find(({ type }) => type !== 'stopped') ?? STOPPED;
}

/** One page of the next collection that is not done. @returns null where there was one */
export async function runSnapshotStep(work: MonitorWork): Promise<RunEnd | null> {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const next = standing.value.parts.find(({ isDone }) => !isDone);
  if (!standing.value.isSnapshotOpen || next === undefined) return STOPPED;
  if (next.beforeId === null && next.part === 'accounts') {
    const oddOnes = await copyOddDocuments(work);
    if (oddOnes !== null) return oddOnes;
  }
  const page = await readPage(work, next.part, next.beforeId);
  if (page === 'stopped') return STOPPED;
  if (!page.ok) return failed(page.error);
  return applyPage(work, next.part, next.beforeId, page.value);
}

/**
 * Takes in the documents of the job collection whose id is no text: they are all malformed, stand in no range of ids, and are
 * listed with the others. At most one page of them; on a server that has more, something else is wrong.
 */
async function copyOddDocuments(work: MonitorWork): Promise<RunEnd | null> {
  const page = await work.read(() => work.changes.page('jobs', null, work.limits.pageRows));
  if (page === 'stopped') return STOPPED;
  if (!page.ok) return failed(page.error);
  const odd = page.value.filter((change) => change.type === 'job' && typeof change.job.document['_id'] !== 'string');
  if (odd.length === 0) return null;
  const applied = work.writer.applyRead(odd, null);
  if (!applied.ok) return failed(applied.error);
  work.tellApplied(applied.value);
  return null;
}

async function copyPart(work: MonitorWork, part: CachedPart): Promise<RunEnd> {
  const standing = work.writer.standing();
  if (!standing.ok) return failed(standing.error);
  const progress = standing.value.parts.find((one) => one.part === part);
  if (progress === undefined || progress.isDone || !standing.value.isSnapshotOpen) return STOPPED;
  let beforeId = progress.beforeId;
  let reading = readPage(work, part, beforeId);
  for (;;) {
    const page = await reading;
    if (page === 'stopped') return STOPPED;
    if (!page.ok) return failed(page.error);
    const isLast = page.value.length < work.limits.pageRows;
    const nextId = lastIdOf(page.value);
    // The server reads the next page while this one is written.
    if (!isLast) reading = readPage(work, part, nextId);
    const ended = applyPage(work, part, beforeId, page.value);
    if (ended !== null) {
      // The page that was asked for ahead is of no use any more, and neither is its failure.
      void reading.catch((cause: unknown) => work.log('a page asked for ahead failed', cause));
      return ended;
    }
    if (isLast) return STOPPED;
    beforeId = nextId;
  }
}

function applyPage(
  work: MonitorWork,
  part: CachedPart,
  beforeId: string | null,
  changes: readonly StoreChange[],
): RunEnd | null {
  const applied = work.writer.applyPage({ part, beforeId, changes, isLast: changes.length < work.limits.pageRows });
  if (!applied.ok) return failed(applied.error);
  work.tellApplied(applied.value);
  return work.tellStanding();
}

function lastIdOf(changes: readonly StoreChange[]): string | null {
  const last = changes.at(-1);
  return last === undefined ? null : subjectOf(last).id;
}
