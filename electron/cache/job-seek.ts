import type { Database } from 'better-sqlite3';
import type { JobFilter, JobSort } from '#contract/job-views.ts';
import type { IsUnwanted } from './interrupt.ts';
import { chooseScan, filterParams, restrictionsOf, SORT_COLUMNS, whereOf, type OrderedScan } from './job-query.ts';
import { encodeCursor, type PageKey } from './page-cursor.ts';
import { toFtsQuery } from './search-query.ts';
import { StatementPool } from './statement-pool.ts';

/** A place in a list: a page behind the cursor begins with the row of this rank. */
export interface JobsPlace {
  readonly rank: number;
  /** Null at the beginning of the list. */
  readonly cursor: string | null;
}

/** Restrictions to more values than this are read forwards only. */
const PREFIX_VALUES_MAX = 6;

/**
 * Finds the row of a rank in a list that an index gives whole. Only the index's own entries are passed over, from whichever end is
 * nearer: that is the one place where an offset is bounded by what it costs, some tens of nanoseconds an entry.
 */
export class JobSeeker {
  readonly #pool: StatementPool;
  readonly #now: () => number;

  constructor(db: Database, now: () => number, isUnwanted?: IsUnwanted) {
    this.#pool = new StatementPool(db, isUnwanted);
    this.#now = now;
  }

  /**
   * The place of a rank; the list's last row where it has fewer. Null where no index gives the list, which is then read page by page.
   * @param total how many rows the list has
   */
  seek(
    filter: JobFilter,
    sort: JobSort,
    { rank, total }: { readonly rank: number; readonly total: number },
  ): JobsPlace | null {
    const restrictions = restrictionsOf(filter);
    const column = SORT_COLUMNS[sort.column];
    const scan = chooseScan(restrictions, column);
    const isWhole = restrictions.every((restriction) => restriction === scan.prefix);
    if (!isWhole || toFtsQuery(filter.text) !== null || (scan.prefix?.values.length ?? 0) > PREFIX_VALUES_MAX)
      return null;
    const reached = Math.min(rank, Math.max(0, total - 1));
    if (reached <= 0) return { rank: 0, cursor: null };
    const params = filterParams(filter, this.#now());
    const isAscending = sort.direction === 'ascending';
    const isFromEnd = reached > total / 2;
    const key = this.#pool.get<PageKey>(
      `SELECT value, id FROM (${entriesOf(scan, column)}) ORDER BY value ${directionOf(isAscending !== isFromEnd)},
         id ${directionOf(isAscending !== isFromEnd)} LIMIT 1 OFFSET @passed`,
      // The page begins behind its cursor, so that is the row before.
      { ...params, ...prefixParams(scan), passed: isFromEnd ? total - reached : reached - 1 },
    );
    return key === undefined ? { rank: 0, cursor: null } : { rank: reached, cursor: encodeCursor(sort, key) };
  }
}

function directionOf(isAscending: boolean): string {
  return isAscending ? 'ASC' : 'DESC';
}

/** The entries of the index; several values are merged in order, which a plain condition on all of them would sort. */
function entriesOf({ index, prefix }: OrderedScan, column: string): string {
  if (prefix === null) return `SELECT ${column} AS value, id FROM jobs INDEXED BY ${index} WHERE ${whereOf([])}`;
  return prefix.values
    .map((_, n) => `SELECT ${column} AS value, id FROM jobs INDEXED BY ${index} WHERE ${prefix.column} = @prefix${n}`)
    .join(' UNION ALL ');
}

function prefixParams({ prefix }: OrderedScan): Readonly<Record<string, string>> {
  return Object.fromEntries((prefix?.values ?? []).map((value, n) => [`prefix${n}`, value]));
}
