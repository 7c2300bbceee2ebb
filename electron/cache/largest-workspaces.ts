import { daySpans, type DaySpan } from './day-spans.ts';
import { WORKSPACE_GRAIN } from './health-grains.ts';
import { HEALTH_COLUMN_NAMES, HealthSums } from './health-sums.ts';
import type { StatementPool } from './statement-pool.ts';

/** The spans that a text of JSON names, as rows. */
const SPANS = `WITH spans (grain, first, last, sign) AS MATERIALIZED (
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(@spans)
)`;
/** The join of spans with the rows of each table that has any of them; `CROSS` keeps SQLite from reading the table first. */
const OF_TOTALS = 'spans CROSS JOIN workspace_totals AS kept';
const OF_DAYS = `spans CROSS JOIN workspace_health AS kept`;
const IN_SPAN = 'kept.grain = spans.grain AND kept.bucket BETWEEN spans.first AND spans.last';

/**
 * The sums of the workspaces with most jobs over a time of whole days, the largest first. They are found by their counters alone,
 * from weeks and months as far as these reach, and only what is shown is summed up.
 * @param first the first day since 1970; `last` is included
 */
export function largestWorkspaces(
  pool: StatementPool,
  { first, last, limit }: { readonly first: number; readonly last: number; readonly limit: number },
): ReadonlyMap<string, HealthSums> {
  const spans = daySpans(first, last);
  const largest = pool.all<{ workspace: string }>(RANKED, { spans: asJson(spans), limit });
  const sums = new Map(largest.map(({ workspace }) => [workspace, new HealthSums()]));
  // One by one: a bucket is then found by the whole key, and not among those of every other workspace.
  const buckets = asJson(spans.flatMap(bucketsOf));
  const workspaces = JSON.stringify([...sums.keys()]);
  for (const [workspace, sign, ...row] of pool.rawAll(SUMMED, { spans: buckets, workspaces })) {
    const of = new HealthSums();
    of.addRow(row, 0);
    sums.get(String(workspace))?.addSums(of, sign === -1 ? -1 : 1);
  }
  return sums;
}

/** What makes a workspace large, and what shows that it has anything at all: each thing that happens to a job is one of these five. */
const COUNTED = `SELECT workspace, sign * (arrived + completed + failed) AS jobs, sign * (started + cancelled) AS others`;
const RANKED = `${SPANS}
  SELECT workspace FROM (
    ${COUNTED} FROM ${OF_TOTALS} WHERE ${IN_SPAN} AND spans.grain > ${WORKSPACE_GRAIN}
    UNION ALL
    ${COUNTED} FROM ${OF_DAYS} WHERE ${IN_SPAN} AND spans.grain = ${WORKSPACE_GRAIN}
  )
  GROUP BY workspace HAVING sum(jobs) + sum(others) > 0
  ORDER BY sum(jobs) DESC, workspace LIMIT @limit`;

const FIGURES = `SELECT kept.workspace, sign, ${HEALTH_COLUMN_NAMES.join(', ')} FROM json_each(@workspaces) AS wanted CROSS JOIN`;
const SUMMED = `${SPANS}
  ${FIGURES} ${OF_TOTALS} WHERE kept.workspace = wanted.value AND kept.grain = spans.grain AND kept.bucket = spans.first
    AND spans.grain > ${WORKSPACE_GRAIN}
  UNION ALL
  ${FIGURES} ${OF_DAYS} INDEXED BY workspace_health_workspace
    WHERE kept.workspace = wanted.value AND kept.grain = spans.grain AND kept.bucket = spans.first
    AND spans.grain = ${WORKSPACE_GRAIN}`;

function bucketsOf(span: DaySpan): readonly DaySpan[] {
  const { first, last } = span;
  return Array.from({ length: last - first + 1 }, (_, n) => ({ ...span, first: first + n, last: first + n }));
}

function asJson(spans: readonly DaySpan[]): string {
  return JSON.stringify(spans.map(({ grain, first, last, sign }) => [grain, first, last, sign]));
}
