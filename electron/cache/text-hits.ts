import { LIST_COLUMNS, type ListColumns } from './job-columns.ts';
import { behindKey, compareKeys, keyParams, type PagePlan, type ScannedRows } from './page-plan.ts';
import { whereOf } from './job-query.ts';
import { firstNumOf, lastNumOf, secondOf, secondOfNum } from './job-table.ts';
import type { StatementPool } from './statement-pool.ts';

/** A page looks at this many hits at least, and then at more until it is full or this many. */
const HITS_MIN = 200;
const HITS_MAX = 10_000;
const WIDENED_BY = 5;

/**
 * Reads hits of a search in the order of creation. The search index gives them by the second of creation; within a second
 * they are sorted here, so a second is taken only when all of it has been seen.
 */
export function readNewestHits(pool: StatementPool, plan: PagePlan, text: string): ScannedRows {
  for (let examined = Math.max(HITS_MIN, plan.limit * 2); ; examined *= WIDENED_BY) {
    const scanned = readStep(pool, plan, text, examined);
    // Where one second holds more hits than the step nothing was gained, and the step has to be wider whatever it costs.
    if (scanned === null) continue;
    if (scanned.stoppedAt === null || examined >= HITS_MAX) return scanned;
  }
}

function readStep(pool: StatementPool, plan: PagePlan, text: string, examined: number): ScannedRows | null {
  const startSecond = plan.after === null ? null : secondOf(Number(plan.after.value));
  // Numbers fall with time: the newest hits are the first ones.
  const bounds = {
    low: plan.isAscending || startSecond === null ? 0 : firstNumOf(startSecond),
    high: plan.isAscending && startSecond !== null ? lastNumOf(startSecond) : Number.MAX_SAFE_INTEGER,
  };
  const hits = `SELECT rowid AS hit FROM jobs_text
    WHERE jobs_text MATCH @text AND rowid BETWEEN CAST(@low AS INTEGER) AND CAST(@high AS INTEGER)
    ORDER BY rowid ${plan.isAscending ? 'DESC' : 'ASC'} LIMIT @examined`;
  const params = { text, ...bounds, examined };
  const seen = pool.get<{ found: number; first: number | null; last: number | null }>(
    `SELECT count(*) AS found, ${plan.isAscending ? 'max(hit) AS first, min(hit)' : 'min(hit) AS first, max(hit)'} AS last
     FROM (${hits})`,
    params,
  );
  const isAll = (seen?.found ?? 0) < examined;
  const firstSecond = secondOfNum(seen?.first ?? 0);
  const cutSecond = isAll ? null : secondOfNum(seen?.last ?? 0);
  if (cutSecond === firstSecond) return null;
  const rows = pool
    .all<ListColumns>(
      `SELECT ${LIST_COLUMNS} FROM (${hits}) CROSS JOIN jobs ON num = hit
       WHERE ${whereOf(plan.restrictions)} AND ${behindKey(plan)}`,
      { ...plan.params, ...params, ...keyParams(plan) },
    )
    .filter((row) => cutSecond === null || secondOf(row.created_ms) !== cutSecond)
    .sort((left, right) => {
      const order = compareKeys({ value: left.created_ms, id: left.id }, { value: right.created_ms, id: right.id });
      return plan.isAscending ? order : -order;
    });
  if (cutSecond === null || rows.length > plan.limit) return { rows: rows.slice(0, plan.limit + 1), stoppedAt: null };
  return { rows, stoppedAt: { value: edgeOf(cutSecond, plan.isAscending), id: '' } };
}

/** The time before everything of a second in the order that is read; the outermost seconds hold all times beyond them too. */
function edgeOf(second: number, isAscending: boolean): number {
  if (isAscending) return second === 0 ? Number.MIN_SAFE_INTEGER : second * 1000;
  return second === secondOf(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : (second + 1) * 1000;
}
