import type { HealthFilter } from '#contract/health-views.ts';
import { daySpans, type DaySpan } from './day-spans.ts';
import { WORKSPACE_GRAIN } from './health-grains.ts';
import { HEALTH_COLUMN_NAMES, HealthSums } from './health-sums.ts';
import type { StatementPool } from './statement-pool.ts';

/** Which jobs are meant; null does not restrict. */
type ModelFilter = Pick<HealthFilter, 'kind' | 'provider' | 'model'>;

/**
 * The sums of the workspaces with most jobs over a time of whole days, the largest first. They are found by their counters alone,
 * from weeks and months as far as these reach, and only what is shown is summed up.
 * @param first the first day since 1970; `last` is included
 */
export function largestWorkspaces(
  pool: StatementPool,
  { first, last, limit }: { readonly first: number; readonly last: number; readonly limit: number },
  filter: ModelFilter,
): ReadonlyMap<string, HealthSums> {
  const { ranked, summed } = statementsOf(filter);
  const spans = daySpans(first, last);
  const largest = pool.all<{ workspace: string }>(ranked, { ...filter, spans: asJson(spans), limit });
  const sums = new Map(largest.map(({ workspace }) => [workspace, new HealthSums()]));
  // One by one: a bucket is then found with its workspace, and not among those of every other one.
  const buckets = asJson(spans.flatMap(bucketsOf));
  const workspaces = JSON.stringify([...sums.keys()]);
  for (const row of pool.rawAll(summed, { ...filter, spans: buckets, workspaces })) {
    const [workspace, sign] = row;
    sums.get(String(workspace))?.addRow(row, 2, sign === -1 ? -1 : 1);
  }
  return sums;
}

/** The spans that a text of JSON names, as rows. */
const SPANS = `WITH spans (grain, first, last, sign) AS MATERIALIZED (
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(@spans)
)`;
const IN_SPAN = 'kept.grain = spans.grain AND kept.bucket BETWEEN spans.first AND spans.last';
const OF_BUCKET = 'kept.workspace = wanted.value AND kept.grain = spans.grain AND kept.bucket = spans.first';
/** What makes a workspace large, and what shows that it has anything at all: each thing that happens to a job is one of these five. */
const COUNTED = `SELECT workspace, sign * (arrived + completed + failed) AS jobs, sign * (started + cancelled) AS others`;
const FIGURES = `SELECT kept.workspace, sign, ${HEALTH_COLUMN_NAMES.join(', ')} FROM json_each(@workspaces) AS wanted CROSS JOIN`;

/** What finds the workspaces, and what gives the rows that are summed up of them: of weeks and longer, and of days. */
function statementsOf(filter: ModelFilter): { readonly ranked: string; readonly summed: string } {
  const restrictions = (['kind', 'provider', 'model'] as const).filter((name) => filter[name] !== null);
  const where = ['1', ...restrictions.map((name) => `kept.${name} = @${name}`)].join(' AND ');
  // `CROSS` keeps SQLite from reading the table before the spans.
  const totals = `spans CROSS JOIN ${restrictions.length === 0 ? 'workspace_totals' : 'workspace_model_totals'} AS kept`;
  const days = 'spans CROSS JOIN workspace_health AS kept';
  const [isLong, isDay] = [`spans.grain > ${WORKSPACE_GRAIN}`, `spans.grain = ${WORKSPACE_GRAIN}`];
  return {
    ranked: `${SPANS}
      SELECT workspace FROM (
        ${COUNTED} FROM ${totals} WHERE ${IN_SPAN} AND ${isLong} AND ${where}
        UNION ALL
        ${COUNTED} FROM ${days} WHERE ${IN_SPAN} AND ${isDay} AND ${where}
      )
      GROUP BY workspace HAVING sum(jobs) + sum(others) > 0
      ORDER BY sum(jobs) DESC, workspace LIMIT @limit`,
    summed: `${SPANS}
      ${FIGURES} ${totals} WHERE ${OF_BUCKET} AND ${isLong} AND ${where}
      UNION ALL
      ${FIGURES} ${days} INDEXED BY workspace_health_workspace WHERE ${OF_BUCKET} AND ${isDay} AND ${where}`,
  };
}

function bucketsOf(span: DaySpan): readonly DaySpan[] {
  const { first, last } = span;
  return Array.from({ length: last - first + 1 }, (_, n) => ({ ...span, first: first + n, last: first + n }));
}

function asJson(spans: readonly DaySpan[]): string {
  return JSON.stringify(spans.map(({ grain, first, last, sign }) => [grain, first, last, sign]));
}
