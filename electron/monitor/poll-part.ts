import { subjectOf } from '#cache/changes.ts';
import { failed, STOPPED, type RunEnd } from './ports.ts';
import type { StoreChange } from '#store/change-source.ts';
import { pageRowsOf, readPage } from './read-page.ts';
import type { MonitorWork } from './work.ts';

/** A read of documents that all changed in one millisecond is widened up to this many. */
const ONE_INSTANT_ROWS_MAX = 1_000_000;

/** Reads the documents of a collection that changed since a time, in steps. @returns null where it went well */
export async function pollPart(work: MonitorWork, part: 'jobs' | 'ledger', since: Date): Promise<RunEnd | null> {
  let from = since;
  let rows = work.limits.pageRows;
  for (;;) {
    const [asked, limit] = [from, rows];
    const changes = await work.read(() => work.changes.changedSince(part, asked, limit));
    if (changes === 'stopped') return STOPPED;
    if (!changes.ok) return failed(changes.error);
    const applied = work.writer.applyRead(changes.value, null);
    if (!applied.ok) return failed(applied.error);
    work.tellApplied(applied.value);
    if (changes.value.length < limit) return null;
    const last = lastTimeOf(changes.value);
    if (last !== null && last.getTime() > from.getTime()) {
      from = last;
      rows = work.limits.pageRows;
    } else if (rows < ONE_INSTANT_ROWS_MAX) {
      // A bulk update stamps any number of documents with one time; the read has to reach beyond them.
      rows *= 4;
    } else {
      work.log(
        `more than ${ONE_INSTANT_ROWS_MAX} documents of ${part} changed in one instant; the next sweep finds the rest`,
      );
      return null;
    }
  }
}

/** The latest time that the documents carry; they come in the order of it. */
function lastTimeOf(changes: readonly StoreChange[]): Date | null {
  for (const change of changes.toReversed()) {
    if (change.type === 'entry') return change.entry.at;
    if (change.type === 'job') {
      const time = change.job.document['updatedAt'];
      if (time instanceof Date) return time;
    }
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
    const applied = work.writer.applyRead(page.value, null);
    if (!applied.ok) return failed(applied.error);
    const last = page.value.at(-1);
    if (last === undefined || page.value.length < pageRowsOf(work, 'accounts')) return null;
    before = subjectOf(last).id;
  }
}
