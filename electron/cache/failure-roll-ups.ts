import type { Database } from 'better-sqlite3';
import { creditsAtRiskOf } from '#domain/health/health-facts.ts';
import { healthFactsOfRow, type RolledUpJob } from './job-columns.ts';
import { bucketOf } from './health-grains.ts';
import { SummedRows } from './summed-rows.ts';

export const DAY_SECONDS = 86_400;
export const HOUR_SECONDS = 3600;
/** The lengths of the points of a chart. */
const POINT_GRAINS = [HOUR_SECONDS, DAY_SECONDS] as const;

/** Counts the jobs that stand failed or wait for another attempt by the cause of their failure, in the writer's transaction. */
export class FailureRollUps {
  readonly #days: SummedRows;
  readonly #points: SummedRows;

  constructor(db: Database) {
    this.#days = new SummedRows(db, 'failure_days', {
      keys: ['day', 'fingerprint', 'workspace'],
      sums: ['failed', 'retrying', 'credits'],
    });
    this.#points = new SummedRows(db, 'failure_points', { keys: ['grain', 'bucket', 'fingerprint'], sums: ['jobs'] });
  }

  move(row: RolledUpJob, by: 1 | -1): void {
    const { fingerprint, failure_ms: failureMs } = row;
    if (fingerprint === null || failureMs === null) return;
    const isFailed = row.state === 'failed';
    const credits = creditsAtRiskOf(healthFactsOfRow(row));
    const day = bucketOf(failureMs, DAY_SECONDS);
    this.#days.add([day, fingerprint, row.workspace], [isFailed ? by : 0, isFailed ? 0 : by, by * credits]);
    for (const grain of POINT_GRAINS) this.#points.add([grain, bucketOf(failureMs, grain), fingerprint], [by]);
  }

  reset(): void {
    this.#days.reset();
    this.#points.reset();
  }

  flush(): void {
    this.#days.flush();
    this.#points.flush();
  }
}
