import type { Database } from 'better-sqlite3';
import type { JobFilter } from '#contract/job-views.ts';
import { WHILE_WANTED, type IsUnwanted } from './interrupt.ts';
import { filterParams, restrictionsOf, whereOf } from './job-query.ts';
import { toFtsQuery } from './search-query.ts';
import { StatementPool } from './statement-pool.ts';

/** Names every job that a filter asks for, whole and not in pages: for plans. */
export class JobIds {
  readonly #pool: StatementPool;

  constructor(db: Database, isUnwanted?: IsUnwanted) {
    this.#pool = new StatementPool(db, isUnwanted);
  }

  /** Ids, those created last first; at most `limit`. */
  read(filter: JobFilter, { nowMs, limit }: { readonly nowMs: number; readonly limit: number }): readonly string[] {
    const text = toFtsQuery(filter.text);
    const hits = text === null ? '' : 'AND num IN (SELECT rowid FROM jobs_text WHERE jobs_text MATCH @text)';
    const sql = `SELECT id FROM jobs WHERE ${whereOf(restrictionsOf(filter))} AND ${WHILE_WANTED} ${hits} ORDER BY num LIMIT +@limit`;
    return this.#pool.all<{ id: string }>(sql, { ...filterParams(filter, nowMs), text, limit }).map(({ id }) => id);
  }
}
