import { LIST_COLUMNS, type ListColumns } from './job-columns.ts';
import { behindKey, compareKeys, keyParams, type PagePlan, type ScannedRows } from './page-plan.ts';
import { whereOf } from './job-query.ts';
import { firstNumOf, secondOf } from './job-table.ts';
import type { StatementPool } from './statement-pool.ts';

/** Hits that one step of a page looks at. */
const HITS_STEP = 2000;

/**
 * Reads hits of a common word in the order of creation. The search index gives them by the second of creation; within a
 * second they are sorted here, so a second is taken only when all of it has been seen.
 */
export function readNewestHits(pool: StatementPool, plan: PagePlan, text: string): ScannedRows {
  for (let examined = Math.max(HITS_STEP, plan.limit * 2); ; examined *= 4) {
    const scanned = readStep(pool, plan, text, examined);
    // Only where one second held more hits than the step was nothing gained; then the step is widened.
    if (scanned !== null) return scanned;
  }
}

function readStep(pool: StatementPool, plan: PagePlan, text: string, examined: number): ScannedRows | null {
  const startSecond = plan.after === null ? null : secondOf(Number(plan.after.value));
  const bounds = {
    low: plan.isAscending && startSecond !== null ? firstNumOf(startSecond) : 0,
    high: plan.isAscending || startSecond === null ? Number.MAX_SAFE_INTEGER : firstNumOf(startSecond + 1) - 1,
  };
  const hits = `SELECT rowid AS hit FROM jobs_text
    WHERE jobs_text MATCH @text AND rowid BETWEEN CAST(@low AS INTEGER) AND CAST(@high AS INTEGER)
    ORDER BY rowid ${plan.isAscending ? 'ASC' : 'DESC'} LIMIT ${examined}`;
  const params = { text, ...bounds };
  const seen = pool.get<{ found: number; first: number | null; last: number | null }>(
    `SELECT count(*) AS found, ${plan.isAscending ? 'min(hit) AS first, max(hit)' : 'max(hit) AS first, min(hit)'} AS last
     FROM (${hits})`,
    params,
  );
  const isAll = (seen?.found ?? 0) < examined;
  const firstSecond = Math.floor((seen?.first ?? 0) / firstNumOf(1));
  const cutSecond = isAll ? null : Math.floor((seen?.last ?? 0) / firstNumOf(1));
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
