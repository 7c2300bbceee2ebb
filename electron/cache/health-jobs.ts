import type { Database } from 'better-sqlite3';
import type { HealthJobs, HealthJobsQuery, HealthMoment } from '#contract/health-views.ts';
import { creditsAtRiskOf } from '#domain/health/health-facts.ts';
import { LIST_COLUMNS, toJobRow, type JobColumns, type ListColumns } from './job-columns.ts';
import type { IsUnwanted } from './interrupt.ts';
import { StatementPool } from './statement-pool.ts';

/** The most jobs of an answer. */
const JOBS_MAX = 200;
/** Rows that one answer may look at: a mark of long ago whose jobs were nearly all touched since comes short. */
const EXAMINED_MAX = 50_000;

/**
 * How the jobs of a moment are found: the rows that can be meant in the order of an index, and which of them are. A job is never
 * changed before it starts or ends, so what ended in a time was last changed in it or later.
 */
const MOMENTS: Readonly<Record<HealthMoment, { readonly at: string; readonly from: string; readonly is: string }>> = {
  arrived: {
    at: 'created_ms',
    from: 'INDEXED BY jobs_created WHERE created_ms >= @fromMs AND created_ms < @toMs ORDER BY created_ms',
    is: '1',
  },
  started: { at: 'started_ms', from: changedSince(), is: '1' },
  completed: { at: 'ended_ms', from: changedSince('completed'), is: '1' },
  failed: { at: 'ended_ms', from: changedSince('failed'), is: "failure_class IS NOT 'cancelled'" },
  cancelled: { at: 'ended_ms', from: changedSince('failed'), is: "failure_class = 'cancelled'" },
  ended: { at: 'ended_ms', from: changedSince(), is: '1' },
};

function changedSince(state: 'completed' | 'failed' | null = null): string {
  const [index, where] = state === null ? ['jobs_updated', ''] : ['jobs_state_updated', `state = '${state}' AND `];
  return `INDEXED BY ${index} WHERE ${where}updated_ms >= @fromMs ORDER BY updated_ms`;
}

interface MomentRow extends ListColumns, Pick<JobColumns, 'started_ms' | 'ended_ms' | 'earned'> {
  readonly at_ms: number;
}

/** Finds the jobs that a mark of health counts. */
export class HealthJobsReader {
  readonly #pool: StatementPool;

  constructor(db: Database, isUnwanted?: IsUnwanted) {
    this.#pool = new StatementPool(db, isUnwanted);
  }

  read({ fromMs, toMs, moment, filter }: HealthJobsQuery): HealthJobs {
    const { at, from, is } = MOMENTS[moment];
    const where = [
      `${at} >= @fromMs AND ${at} < @toMs`,
      is,
      ...(filter.kind === null ? [] : ['kind = @kind']),
      ...(filter.provider === null ? [] : ['provider = @provider']),
      ...(filter.model === null ? [] : ['model = @model']),
      ...(filter.workspaceId === null ? [] : ['workspace = @workspaceId']),
    ];
    const params = { fromMs, toMs, ...filter, examined: EXAMINED_MAX, limit: JOBS_MAX + 1 };
    const rows = this.#pool.all<MomentRow>(
      `SELECT ${LIST_COLUMNS}, started_ms, ended_ms, earned, ${at} AS at_ms
       FROM (SELECT * FROM jobs ${from} LIMIT @examined) WHERE ${where.join(' AND ')} LIMIT @limit`,
      params,
    );
    const isExamined = rows.length > JOBS_MAX || this.#isAllExamined(from, params);
    return {
      jobs: rows
        .slice(0, JOBS_MAX)
        .sort((left, right) => left.at_ms - right.at_ms)
        .map(toHealthJob),
      isWhole: rows.length <= JOBS_MAX && isExamined,
    };
  }

  #isAllExamined(from: string, params: object): boolean {
    const beyond = this.#pool.get(`SELECT 1 FROM jobs ${from} LIMIT 1 OFFSET @examined`, params);
    return beyond === undefined;
  }
}

function toHealthJob(row: MomentRow): HealthJobs['jobs'][number] {
  const { created_ms: createdMs, started_ms: startedMs, ended_ms: endedMs } = row;
  const facts = { failureClass: row.failure_class, priceCredits: row.price, earnedCredits: row.earned };
  return {
    row: toJobRow(row),
    atMs: row.at_ms,
    queueMs: startedMs === null ? null : Math.max(0, startedMs - createdMs),
    finishMs: row.state === 'completed' && endedMs !== null ? Math.max(0, endedMs - createdMs) : null,
    earnedCredits: row.earned,
    lostCredits: row.state === 'failed' ? creditsAtRiskOf(facts) : 0,
  };
}
