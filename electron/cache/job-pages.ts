import type { Database } from 'better-sqlite3';
import type { JobFilter, JobRow, JobSort } from '#contract/job-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { WHILE_HIT_WANTED, WHILE_WANTED, type IsUnwanted } from './interrupt.ts';
import { LIST_COLUMNS, toJobRow, type ListColumns } from './job-columns.ts';
import {
  chooseScan,
  filterParams,
  gatherIndexOf,
  restrictionsOf,
  SORT_COLUMNS,
  whereOf,
  type FilterParams,
  type Restriction,
} from './job-query.ts';
import { decodeCursor, encodeCursor, type PageKey } from './page-cursor.ts';
import { behindKey, compareKeys, keyParams, orderOf, type PagePlan, type ScannedRows } from './page-plan.ts';
import { RowHits } from './row-hits.ts';
import { toFtsQuery } from './search-query.ts';
import { StatementPool } from './statement-pool.ts';
import { readNewestHits } from './text-hits.ts';
import { WordsBeginning } from './words-beginning.ts';

/** Rows that one page may look at to fill itself; where they do not suffice it comes short, with a cursor to go on from. */
const EXAMINED_MAX = 5_000;
/** A restriction or search with at most this many hits is gathered whole and sorted. */
const GATHERED_MAX = 10_000;
/** Rows that one count may look at. */
const COUNTED_MAX = 20_000;

/** Which page of a list of jobs is asked for. */
export interface JobsQuery {
  readonly filter: JobFilter;
  readonly sort: JobSort;
  /** Null for the first page. */
  readonly cursor: string | null;
  /** In an order by time, where the first page begins: at this time, in the direction of the order. Null begins at its end. */
  readonly startAtMs?: number | null;
  /** 1 to 500. */
  readonly limit: number;
}

/** A page of a list of jobs, in the order that was asked for. */
export interface JobsPage {
  readonly rows: readonly JobRow[];
  /** Where the next page begins, null at the end. A page may come short of `limit` and still have a next one. */
  readonly nextCursor: string | null;
  /** False where a search for a very common word in an order other than time looked at its newest 10,000 hits only. */
  readonly isWhole: boolean;
}

/** How many jobs a filter lets through. */
export interface JobsCount {
  readonly count: number;
  /** False where counting stopped at a limit: there are at least that many. */
  readonly isExact: boolean;
}

/** Answers pages and counts of jobs from a read-only connection, in bounded time whatever the filter. */
export class JobPages {
  readonly #pool: StatementPool;
  readonly #hits: RowHits;
  readonly #words: WordsBeginning;
  readonly #now: () => number;

  constructor(db: Database, now: () => number, isUnwanted?: IsUnwanted) {
    this.#pool = new StatementPool(db, isUnwanted);
    this.#hits = new RowHits(db);
    this.#words = new WordsBeginning(db);
    this.#now = now;
  }

  /** One page; `invalid_request` where the cursor is none of this order. */
  page(query: JobsQuery): Result<JobsPage, AppError> {
    const after = query.cursor === null ? null : decodeCursor(query.sort, query.cursor);
    if (query.cursor !== null && after === null)
      return err(appError('invalid_request', 'the cursor is of another order'));
    const start = after ?? startOf(query);
    if (start === 'no_time') return err(appError('invalid_request', 'only an order by time can begin at a time'));
    const plan: PagePlan = {
      column: SORT_COLUMNS[query.sort.column],
      isAscending: query.sort.direction === 'ascending',
      restrictions: restrictionsOf(query.filter),
      params: filterParams(query.filter, this.#now()),
      after: start,
      limit: query.limit,
    };
    const text = this.#ftsQueryOf(query.filter);
    if (text === null) return ok({ ...pageOf(plan, query.sort, this.#scan(plan)), isWhole: true });
    if (plan.column === 'created_ms') {
      const page = pageOf(plan, query.sort, [readNewestHits(this.#pool, plan, text)]);
      return ok({ ...page, rows: this.#hits.mark(page.rows, query.filter.text), isWhole: true });
    }
    const isWhole = this.#countHits(text) <= GATHERED_MAX;
    const page = pageOf(plan, query.sort, [this.#gatherHits(plan, text, isWhole)]);
    return ok({ ...page, rows: this.#hits.mark(page.rows, query.filter.text), isWhole });
  }

  /** How many jobs a filter has; where only states and kinds are given, from the roll-ups. */
  count(filter: JobFilter): JobsCount {
    const restrictions = restrictionsOf(filter);
    const params = filterParams(filter, this.#now());
    const text = this.#ftsQueryOf(filter);
    if (text !== null) return this.#countText(text, restrictions, params);
    if (restrictions.every(({ column }) => column === 'state' || column === 'kind')) {
      const sql = `SELECT coalesce(sum(jobs), 0) AS found FROM job_counts WHERE ${whereOf(restrictions)}`;
      return { count: this.#pool.get<{ found: number }>(sql, params)?.found ?? 0, isExact: true };
    }
    const owned = this.#countOwned(restrictions, params);
    if (owned !== null) return { count: owned, isExact: true };
    const [first, ...rest] = restrictions;
    const index = first === undefined ? null : gatherIndexOf(first);
    // Every such index but the one on prices goes on with the time of creation.
    const times =
      index === null || first?.column === 'price' ? [] : rest.filter(({ column }) => column === 'created_ms');
    const others = rest.filter((restriction) => !times.includes(restriction));
    const sql = `SELECT count(*) AS examined, coalesce(sum(is_hit), 0) AS found FROM (
      SELECT ${whereOf(others)} AS is_hit FROM jobs ${index === null ? '' : `INDEXED BY ${index}`}
      WHERE ${first?.sql ?? '1'} AND ${whereOf(times)} AND ${WHILE_WANTED} LIMIT ${COUNTED_MAX + 1})`;
    const counted = this.#pool.get<{ examined: number; found: number }>(sql, params);
    return { count: counted?.found ?? 0, isExact: (counted?.examined ?? 0) <= COUNTED_MAX };
  }

  #ftsQueryOf({ text }: JobFilter): string | null {
    return toFtsQuery(text, (beginning) => this.#words.read(beginning));
  }

  /** All jobs of one workspace or one user are summed up already; null for every other filter. */
  #countOwned([restriction, ...rest]: readonly Restriction[], params: FilterParams): number | null {
    if (restriction === undefined || rest.length > 0) return null;
    if (restriction.column !== 'workspace' && restriction.column !== 'user') return null;
    const sql = `SELECT jobs AS found FROM owner_totals
      WHERE owner = '${restriction.column}' AND id = @${restriction.column === 'user' ? 'userId' : 'workspaceId'}`;
    return this.#pool.get<{ found: number }>(sql, params)?.found ?? 0;
  }

  #scan(plan: PagePlan): readonly ScannedRows[] {
    const scan = chooseScan(plan.restrictions, plan.column);
    if (scan.prefix === null) {
      const narrow = plan.restrictions.find((restriction) => this.#isNarrow(restriction, plan.params));
      if (narrow !== undefined) {
        return [this.#gather(plan, `jobs INDEXED BY ${gatherIndexOf(narrow) ?? ''}`, plan.params)];
      }
      return [this.#scanIndex(plan, scan.index, '1', plan.restrictions, plan.params)];
    }
    const { prefix } = scan;
    const rest = plan.restrictions.filter((restriction) => restriction !== prefix);
    return prefix.values.map((value) =>
      this.#scanIndex(plan, scan.index, `${prefix.column} = @prefix`, rest, { ...plan.params, prefix: value }),
    );
  }

  /** Reads an index in order from the key on: the first matches of a bounded number of rows. */
  #scanIndex(
    plan: PagePlan,
    index: string,
    entry: string,
    rest: readonly Restriction[],
    params: FilterParams & { readonly prefix?: string },
  ): ScannedRows {
    const all = { ...params, ...keyParams(plan), limit: plan.limit + 1 };
    const order = orderOf(plan);
    // A range of the column that the rows are ordered by ends the scan; any other one is asked of each row.
    const ranges = rest.filter(({ column, isRange }) => isRange && column === plan.column);
    const isFiltered = rest.length > ranges.length;
    const from = `FROM jobs INDEXED BY ${index} WHERE ${entry} AND ${whereOf(ranges)} AND ${behindKey(plan)}
      ORDER BY ${order}`;
    if (!isFiltered) {
      return {
        rows: this.#pool.all<ListColumns>(`SELECT ${LIST_COLUMNS} ${from} LIMIT +@limit`, all),
        stoppedAt: null,
      };
    }
    // The place to stop at is found in the index alone; rows are read only until the page is full.
    const stop = this.#pool.get<PageKey>(
      `SELECT ${plan.column} AS value, id ${from} LIMIT 1 OFFSET ${EXAMINED_MAX - 1}`,
      all,
    );
    const within =
      stop === undefined ? '1' : `(${plan.column}, id) ${plan.isAscending ? '<=' : '>='} (@stopValue, @stopId)`;
    const rows = this.#pool.all<ListColumns>(
      `SELECT ${LIST_COLUMNS} FROM jobs INDEXED BY ${index}
       WHERE ${entry} AND ${whereOf(rest)} AND ${behindKey(plan)} AND ${within} ORDER BY ${order} LIMIT +@limit`,
      { ...all, ...(stop === undefined ? {} : { stopValue: stop.value, stopId: stop.id }) },
    );
    return { rows, stoppedAt: rows.length > plan.limit ? null : (stop ?? null) };
  }

  /** Gathers all rows of a source that is known to be small, and sorts them. */
  #gather(plan: PagePlan, source: string, params: FilterParams & { readonly text?: string }): ScannedRows {
    const rows = this.#pool.all<ListColumns>(
      `SELECT ${LIST_COLUMNS} FROM ${source} WHERE ${whereOf(plan.restrictions)} AND ${behindKey(plan)} AND ${WHILE_WANTED}
       ORDER BY ${orderOf(plan)} LIMIT +@limit`,
      { ...params, ...keyParams(plan), limit: plan.limit + 1 },
    );
    return { rows, stoppedAt: null };
  }

  #gatherHits(plan: PagePlan, text: string, isWhole: boolean): ScannedRows {
    const newest = isWhole ? '' : `ORDER BY rowid LIMIT ${GATHERED_MAX}`;
    const hits = `(SELECT rowid AS hit FROM jobs_text WHERE jobs_text MATCH @text ${newest})`;
    return this.#gather(plan, `${hits} CROSS JOIN jobs ON num = hit`, { ...plan.params, text });
  }

  #isNarrow(restriction: Restriction, params: FilterParams): boolean {
    const index = gatherIndexOf(restriction);
    if (index === null) return false;
    const sql = `SELECT count(*) AS found FROM (
      SELECT 1 FROM jobs INDEXED BY ${index} WHERE ${restriction.sql} LIMIT ${GATHERED_MAX + 1})`;
    return (this.#pool.get<{ found: number }>(sql, params)?.found ?? 0) <= GATHERED_MAX;
  }

  #countHits(text: string): number {
    const sql = `SELECT count(*) AS found FROM (
      SELECT rowid FROM jobs_text WHERE jobs_text MATCH @text AND ${WHILE_HIT_WANTED} LIMIT ${GATHERED_MAX + 1})`;
    return this.#pool.get<{ found: number }>(sql, { text })?.found ?? 0;
  }

  #countText(text: string, restrictions: readonly Restriction[], params: FilterParams): JobsCount {
    const hits = this.#countHits(text);
    if (restrictions.length === 0) return { count: hits, isExact: hits <= GATHERED_MAX };
    const sql = `SELECT count(*) AS found FROM (
        SELECT rowid AS hit FROM jobs_text WHERE jobs_text MATCH @text ORDER BY rowid LIMIT ${GATHERED_MAX}
      ) CROSS JOIN jobs ON num = hit WHERE ${whereOf(restrictions)}`;
    return {
      count: this.#pool.get<{ found: number }>(sql, { ...params, text })?.found ?? 0,
      isExact: hits <= GATHERED_MAX,
    };
  }
}

/** The key just before the time that a list is to begin at. */
function startOf({ startAtMs = null, sort }: JobsQuery): PageKey | null | 'no_time' {
  if (startAtMs === null) return null;
  if (sort.column !== 'createdAt' && sort.column !== 'updatedAt') return 'no_time';
  // Ids are never empty, so an empty one stands before all rows of its time, in either direction of the next millisecond.
  return { value: sort.direction === 'ascending' ? startAtMs : startAtMs + 1, id: '' };
}

function pageOf(plan: PagePlan, sort: JobSort, scanned: readonly ScannedRows[]): Omit<JobsPage, 'isWhole'> {
  const keyOf = (row: ListColumns): PageKey => ({ value: row[plan.column], id: row.id });
  const { rows, stop } = mergedRows(plan, scanned, keyOf);
  const shown = rows.slice(0, plan.limit);
  const last = shown.at(-1);
  const nextKey = rows.length > plan.limit && last !== undefined ? keyOf(last) : stop;
  return {
    rows: shown.map(toJobRow),
    nextCursor: nextKey === null ? null : encodeCursor(sort, nextKey),
  };
}

/** What scans brought, in the order of the page, up to where the first of them stopped. */
function mergedRows(
  plan: PagePlan,
  scanned: readonly ScannedRows[],
  keyOf: (row: ListColumns) => PageKey,
): { readonly rows: readonly ListColumns[]; readonly stop: PageKey | null } {
  const [first, ...others] = scanned;
  // What one scan brought is in order already, and nothing of it lies behind the place where it stopped.
  if (first !== undefined && others.length === 0) return { rows: first.rows, stop: first.stoppedAt };
  const compare = plan.isAscending ? compareKeys : (left: PageKey, right: PageKey) => compareKeys(right, left);
  // No row may be shown that lies behind the place where one of the scans stopped: that scan may have more before it.
  const stops = scanned.flatMap(({ stoppedAt }) => (stoppedAt === null ? [] : [stoppedAt])).sort(compare);
  const stop = stops[0] ?? null;
  const keyed = scanned
    .flatMap(({ rows }) => rows.map((row) => ({ row, key: keyOf(row) })))
    .filter(({ key }) => stop === null || compare(key, stop) <= 0)
    .sort((left, right) => compare(left.key, right.key));
  return { rows: keyed.map(({ row }) => row), stop };
}
