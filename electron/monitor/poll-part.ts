import { subjectOf } from '#cache/changes.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import { readPage } from './read-page.ts';
import type { MonitorWork } from './work.ts';

/**
 * Reads the documents of a collection that changed since a time, in pages.
 * @param sinceMs milliseconds since 1970
 * @returns null where it went well
 */
export async function pollPart(work: MonitorWork, part: 'jobs' | 'ledger', sinceMs: number): Promise<RunEnd | null> {
  for (let from: ChangedPlace | null = { atMs: sinceMs, fromId: null }; from !== null;) {
    const place: ChangedPlace = from;
    const page = await work.read(() => work.changes.changedSince(part, place, work.limits.pageRows));
    if (page === 'stopped') return STOPPED;
    if (!page.ok) return failed(page.error);
    const applied = work.writer.applyRead(page.value.changes, null);
    if (!applied.ok) return failed(applied.error);
    work.tellApplied(applied.value);
    from = page.value.next;
  }
  return null;
}

/** Reads all accounts: they carry no time. @returns null where it went well */
export async function copyAccounts(work: MonitorWork): Promise<RunEnd | null> {
  let before: string | null = null;
  for (;;) {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(work, 'accounts', before);
    if (page === 'stopped') return STOPPED;
    if (!page.ok) return failed(page.error);
    const { changes, isLast } = page.value;
    const applied = work.writer.applyRead(changes, null);
    if (!applied.ok) return failed(applied.error);
    const last = changes.at(-1);
    if (last === undefined || isLast) return null;
    before = subjectOf(last).id;
  }
}
