import { LIST_COLUMNS, type ListColumns } from './job-columns.ts';
import type { PageKey } from './page-cursor.ts';
import { behindKey, compareKeys, keyParams, type PagePlan, type ScannedRows } from './page-plan.ts';
import { whereOf } from './job-query.ts';
import { firstNumOf, lastNumOf, secondOf, secondOfNum } from './job-table.ts';
import type { StatementPool } from './statement-pool.ts';

/** A page with a filter beside the words looks at this many hits at least, and then at more until it is full or this many. */
const HITS_MIN = 200;
const HITS_MAX = 10_000;
/** Without a filter each hit is a row, but for those of the second that the last one stands in: so many more than the page shows. */
const SPARE_HITS = 24;
const WIDENED_BY = 5;
/** Rows that are read at once at least: with a filter beside the words few of them may be of the page. */
const ROWS_MIN = 100;

/**
 * Reads hits of a search in the order of creation. The search index gives them by the second of creation; within a second
 * they are sorted here, so a second is taken only when all of it has been seen.
 */
export function readNewestHits(pool: StatementPool, plan: PagePlan, text: string): ScannedRows {
  // Hits of a phrase cost by the words that are looked through for each, so no more are asked for than there is use for.
  const first = plan.restrictions.length === 0 ? plan.limit + SPARE_HITS : Math.max(HITS_MIN, plan.limit * 2);
  for (let examined = first; ; examined *= WIDENED_BY) {
    const scanned = readStep(pool, plan, text, examined);
    // Where one second holds more hits than the step nothing was gained, and the step has to be wider whatever it costs.
    if (scanned === null) continue;
    if (scanned.stoppedAt === null || examined >= HITS_MAX) return scanned;
  }
}

function readStep(pool: StatementPool, plan: PagePlan, text: string, examined: number): ScannedRows | null {
  const nums = hitsOf(pool, plan, text, examined);
  const isAll = nums.length < examined;
  const cutSecond = isAll ? null : secondOfNum(nums.at(-1) ?? 0);
  if (cutSecond !== null && cutSecond === secondOfNum(nums[0] ?? 0)) return null;
  // A row stands on a page of the file of its own: only as many are read as the page shows, second by second.
  const rows: ListColumns[] = [];
  for (let from = 0; from < nums.length && rows.length <= plan.limit;) {
    const to = endOfSecond(nums, from + Math.max(plan.limit + 1 - rows.length, ROWS_MIN));
    rows.push(...readRows(pool, plan, nums.slice(from, to)).filter((row) => secondOf(row.created_ms) !== cutSecond));
    from = to;
  }
  if (cutSecond === null || rows.length > plan.limit) return { rows: rows.slice(0, plan.limit + 1), stoppedAt: null };
  return { rows, stoppedAt: { value: edgeOf(cutSecond, plan.isAscending), id: '' } };
}

/** The numbers of at most so many hits, in the order that the page is read in. */
function hitsOf(pool: StatementPool, plan: PagePlan, text: string, examined: number): readonly number[] {
  const startSecond = plan.after === null ? null : startSecondOf(plan.after, plan.isAscending);
  // Numbers fall with time: the newest hits are the first ones.
  const bounds = {
    low: plan.isAscending || startSecond === null ? 0 : firstNumOf(startSecond),
    high: plan.isAscending && startSecond !== null ? lastNumOf(startSecond) : Number.MAX_SAFE_INTEGER,
  };
  return pool
    .rawAll(
      `SELECT rowid FROM jobs_text
       WHERE jobs_text MATCH @text AND rowid BETWEEN CAST(@low AS INTEGER) AND CAST(@high AS INTEGER)
       ORDER BY rowid ${plan.isAscending ? 'DESC' : 'ASC'} LIMIT @examined`,
      { text, ...bounds, examined },
    )
    .map(([num]) => Number(num));
}

/**
 * The second in which the first row behind a key may be. Before the empty id no row of its time is: descending, the one before is meant,
 * or the hits of a second that was read already would stand before one that is wider than any step, and nothing would be gained ever again.
 */
function startSecondOf({ value, id }: PageKey, isAscending: boolean): number {
  const time = Number(value);
  return secondOf(!isAscending && id === '' ? time - 1 : time);
}

/** Where the second ends that the last of so many hits belongs to. */
function endOfSecond(nums: readonly number[], count: number): number {
  const second = secondOfNum(nums[Math.min(count, nums.length) - 1] ?? 0);
  let end = Math.min(count, nums.length);
  while (end < nums.length && secondOfNum(nums[end] ?? 0) === second) end += 1;
  return end;
}

/** Rows of hits, those of whole seconds only, in the order of the page. */
function readRows(pool: StatementPool, plan: PagePlan, nums: readonly number[]): readonly ListColumns[] {
  return pool
    .all<ListColumns>(
      `SELECT ${LIST_COLUMNS} FROM (SELECT value AS hit FROM json_each(@nums)) CROSS JOIN jobs ON num = hit
       WHERE ${whereOf(plan.restrictions)} AND ${behindKey(plan)}`,
      { ...plan.params, ...keyParams(plan), nums: JSON.stringify(nums) },
    )
    .sort((left, right) => {
      const order = compareKeys({ value: left.created_ms, id: left.id }, { value: right.created_ms, id: right.id });
      return plan.isAscending ? order : -order;
    });
}

/** The time before everything of a second in the order that is read; the outermost seconds hold all times beyond them too. */
function edgeOf(second: number, isAscending: boolean): number {
  if (isAscending) return second === 0 ? Number.MIN_SAFE_INTEGER : second * 1000;
  return second === secondOf(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : (second + 1) * 1000;
}
