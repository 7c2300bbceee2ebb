import { subjectOf, type CachedPart } from '#cache/changes.ts';
import type { Applied } from '#cache/copied-rows.ts';
import type { SnapshotPage } from '#cache/writer.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { PageBytes, PageBytesRead, ReadWithin, StoreChange } from '#store/change-source.ts';
import type { PageThread } from './ports.ts';
import { ABOVE_ALL_IDS, pageRowsOf, readPage } from './read-page.ts';
import type { MonitorWork } from './work.ts';

/** What of a page tells where the next one begins, beside its documents. */
export interface ReadPage<Content> {
  readonly content: Content;
  /** True where nothing of the range comes behind it. */
  readonly isLast: boolean;
  /** Null where it has no document. */
  readonly lastId: string | null;
}

/** A page with the place in the snapshot that it belongs to. */
export interface PlacedPage<Content> extends Required<Omit<SnapshotPage, 'changes'>> {
  readonly content: Content;
}

/** The way that pages of a snapshot take from the server into the copy. */
export interface PageRoute<Content> {
  read(
    part: CachedPart,
    beforeId: string | null,
    within: ReadWithin,
  ): Promise<Result<ReadPage<Content>, AppError> | 'stopped'>;
  /** Writes pages in one transaction. */
  write(pages: readonly PlacedPage<Content>[]): Promise<Result<Applied, AppError>>;
}

/** Pages are decoded and written here, while nothing else is done. */
export function ownRoute(work: MonitorWork): PageRoute<readonly StoreChange[]> {
  return {
    read: async (part, beforeId, within) => {
      const page = await readPage(work, part, beforeId, within);
      if (page === 'stopped' || !page.ok) return page;
      const { changes, isLast } = page.value;
      const last = changes.at(-1);
      return ok({
        content: changes,
        isLast,
        lastId: last === undefined ? null : subjectOf(last).id,
      });
    },
    write: async (pages) =>
      work.writer.applyPages(pages.map(({ content, ...page }) => ({ ...page, changes: content }))),
  };
}

/** Pages go as the server sent them to a thread, which decodes and writes them. */
export function threadRoute(work: MonitorWork, pageBytes: PageBytesRead, thread: PageThread): PageRoute<PageBytes> {
  return {
    read: async (part, beforeId, within) => {
      const page = await work.read(() => pageBytes(part, beforeId ?? ABOVE_ALL_IDS, pageRowsOf(work, part), within));
      if (page === 'stopped' || !page.ok) return page;
      return ok({ content: page.value, isLast: page.value.isLast, lastId: page.value.lastId });
    },
    write: async (pages) => {
      const serverMs = work.serverMs();
      if (serverMs === null) return err(appError('internal', 'pages came before the time of the server'));
      const placed = pages.map(({ content: { bytes, lastId }, ...page }) => ({ ...page, bytes, lastId }));
      return work.whilePagesAreWritten(thread.write(placed, serverMs));
    },
  };
}
