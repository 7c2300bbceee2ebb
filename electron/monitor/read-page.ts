import type { CachedPart } from '#cache/changes.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { ChangesPage, ReadWithin, StoreChange } from '#store/change-source.ts';
import type { ChangesPort } from './ports.ts';
import type { MonitorWork } from './work.ts';

/**
 * Above every id that is text. A first page without a bound would begin with ids of other types, which MongoDB orders above
 * all text, and the bound of the second, being text, would then leave out the text above it.
 */
export const ABOVE_ALL_IDS = '\u{10FFFF}'.repeat(8);

/** Documents of one page of a collection: of jobs, which are large, half as many. */
export function pageRowsOf({ limits }: MonitorWork, part: CachedPart): number {
  return part === 'jobs' ? Math.ceil(limits.pageRows / 2) : limits.pageRows;
}

/** A page of a collection by ids that are text, descending, from `beforeId` (null: the highest) down, of what the copy keeps. */
export function readPage(
  work: MonitorWork,
  part: CachedPart,
  beforeId: string | null,
  within: ReadWithin = {},
): Promise<Result<ChangesPage, AppError> | 'stopped'> {
  return work.read(() => work.changes.page(part, beforeId ?? ABOVE_ALL_IDS, pageRowsOf(work, part), within));
}

/** The document of an id that is text, or nothing; with it there may be one whose id is above. */
export async function readOne(
  changes: Pick<ChangesPort, 'page'>,
  part: CachedPart,
  id: string,
): Promise<Result<readonly StoreChange[], AppError>> {
  // The next text after an id is the id with a NUL behind it.
  const page = await changes.page(part, `${id}\0`, 1, { fromId: id });
  return page.ok ? ok(page.value.changes) : page;
}
