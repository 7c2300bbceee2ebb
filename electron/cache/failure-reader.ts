import type { Database } from 'better-sqlite3';
import type { FailureClass } from '#domain/failure.ts';
import { DAY_SECONDS, HOUR_SECONDS } from './failure-roll-ups.ts';
import { bucketOf } from './health-grains.ts';
import type { IsUnwanted } from './interrupt.ts';
import { StatementPool } from './statement-pool.ts';

/** Which groups of failures are asked for. */
export interface FailureGroupsQuery {
  /** Milliseconds since 1970, by the time of the failure; widened to whole days in UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Null counts the jobs of every workspace. */
  readonly workspaceId: string | null;
  /** Empty does not restrict. */
  readonly classes: readonly FailureClass[];
  /** 1 to 500. */
  readonly limit: number;
}

/** Jobs that stand failed or wait for another attempt for one cause. */
export interface FailureGroup {
  readonly fingerprint: string;
  readonly class: FailureClass;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  /** Its latest job, and the message of that, at most 300 characters. */
  readonly jobId: string;
  readonly message: string;
  readonly failedJobs: number;
  readonly retryingJobs: number;
  /** Workspaces that have such a job. */
  readonly customers: number;
  /** Price of these jobs, less what was kept of it, in the smallest unit. */
  readonly creditsAtRisk: number;
  /** The first and last failure of this cause of all that the copy holds, in milliseconds since 1970. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  /** Failures of each bucket of the time asked for, oldest first, of all workspaces. */
  readonly points: readonly { readonly fromMs: number; readonly jobs: number }[];
}

/** The groups of failures of a time, which was widened and may have been shortened: `fromMs` and `toMs` are what it came to. */
export interface FailureGroups {
  readonly fromMs: number;
  readonly toMs: number;
  /** The length of a bucket of the points in milliseconds: an hour, and a day where the time is long. */
  readonly bucketMs: number;
  /** Most jobs first. */
  readonly groups: readonly FailureGroup[];
  /** How many groups there are in all. */
  readonly total: number;
}

interface GroupRow {
  readonly fingerprint: string;
  readonly failed: number;
  readonly retrying: number;
  readonly customers: number;
  readonly credits: number;
}

/** The latest job of a cause, and when its first one failed. */
interface LatestRow {
  readonly fingerprint: string;
  readonly id: string;
  readonly failure_class: FailureClass;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly failure_message: string;
  readonly failure_ms: number;
  readonly first_ms: number;
}

/** Up to how long a time the points are of hours. */
const HOURS_MAX = 72;
/** Up to so many days are read by the day; of more, all days are read by their cause. */
const FEW_DAYS = 10;
/** The most days of an answer; a longer time begins later. */
const DAYS_MAX = 400;

/** Groups failures by their cause, from the roll-ups. */
export class FailureReader {
  readonly #pool: StatementPool;

  constructor(db: Database, isUnwanted?: IsUnwanted) {
    this.#pool = new StatementPool(db, isUnwanted);
  }

  groups(query: FailureGroupsQuery): FailureGroups {
    const { firstDay, lastDay } = daysOf(query.fromMs, query.toMs);
    const rows = this.#pool.all<GroupRow>(
      `SELECT fingerprint, sum(failed) AS failed, sum(retrying) AS retrying, sum(credits) AS credits,
         count(DISTINCT workspace) AS customers
       FROM failure_days ${lastDay - firstDay < FEW_DAYS ? '' : 'INDEXED BY failure_days_cause'}
       WHERE day BETWEEN @firstDay AND @lastDay ${query.workspaceId === null ? '' : 'AND workspace = @workspaceId'}
       GROUP BY fingerprint ORDER BY failed + retrying DESC, fingerprint`,
      { firstDay, lastDay, workspaceId: query.workspaceId },
    );
    const latestOf = this.#latest(rows.map(({ fingerprint }) => fingerprint));
    const found = rows.flatMap((row) => {
      const latest = latestOf.get(row.fingerprint);
      const isAsked =
        query.classes.length === 0 || (latest !== undefined && query.classes.includes(latest.failure_class));
      return latest === undefined || !isAsked ? [] : [{ row, latest }];
    });
    const shown = found.slice(0, query.limit);
    const seconds = (lastDay - firstDay + 1) * 24 <= HOURS_MAX ? HOUR_SECONDS : DAY_SECONDS;
    const points = this.#points(new Set(shown.map(({ row }) => row.fingerprint)), { firstDay, lastDay, seconds });
    return {
      fromMs: firstDay * DAY_SECONDS * 1000,
      toMs: (lastDay + 1) * DAY_SECONDS * 1000,
      bucketMs: seconds * 1000,
      total: found.length,
      groups: shown.map(({ row, latest }) => ({
        fingerprint: row.fingerprint,
        class: latest.failure_class,
        kind: latest.kind,
        provider: latest.provider,
        model: latest.model,
        jobId: latest.id,
        message: latest.failure_message,
        failedJobs: row.failed,
        retryingJobs: row.retrying,
        customers: row.customers,
        creditsAtRisk: row.credits,
        firstSeenMs: latest.first_ms,
        lastSeenMs: latest.failure_ms,
        points: points(row.fingerprint),
      })),
    };
  }

  /** How many workspaces have a failure of any of these causes in a time, which is widened to whole days in UTC. */
  customers(fingerprints: readonly string[], { fromMs, toMs, workspaceId }: Omit<FailureGroupsQuery, 'limit'>): number {
    const { firstDay, lastDay } = daysOf(fromMs, toMs);
    const row = this.#pool.get<{ customers: number }>(
      `SELECT count(DISTINCT workspace) AS customers FROM failure_days
       WHERE day BETWEEN @firstDay AND @lastDay AND fingerprint IN (SELECT value FROM json_each(@fingerprints))
         ${workspaceId === null ? '' : 'AND workspace = @workspaceId'}`,
      { firstDay, lastDay, fingerprints: JSON.stringify(fingerprints), workspaceId },
    );
    return row?.customers ?? 0;
  }

  /** Jobs that stand failed or retrying for any of these causes since a time, and whose they are. */
  since(fingerprints: readonly string[], sinceMs: number): { readonly jobs: number; readonly customers: number } {
    const row = this.#pool.get<{ jobs: number; customers: number }>(
      `SELECT count(*) AS jobs, count(DISTINCT workspace) AS customers FROM jobs INDEXED BY jobs_fingerprint_failed
       WHERE fingerprint IN (SELECT value FROM json_each(@fingerprints)) AND failure_ms > @sinceMs`,
      { fingerprints: JSON.stringify(fingerprints), sinceMs },
    );
    return { jobs: row?.jobs ?? 0, customers: row?.customers ?? 0 };
  }

  /** The latest job of each cause. One statement: one for each cause took five times as long. */
  #latest(fingerprints: readonly string[]): ReadonlyMap<string, LatestRow> {
    const ofCause = 'FROM jobs INDEXED BY jobs_fingerprint_failed WHERE fingerprint = wanted';
    const rows = this.#pool.all<LatestRow>(
      `SELECT fingerprint, id, failure_class, kind, provider, model, failure_message, failure_ms,
         (SELECT min(failure_ms) ${ofCause}) AS first_ms
       FROM (SELECT value AS wanted FROM json_each(@fingerprints))
       CROSS JOIN jobs ON num = (SELECT num ${ofCause} ORDER BY failure_ms DESC LIMIT 1)`,
      { fingerprints: JSON.stringify(fingerprints) },
    );
    return new Map(rows.map((row) => [row.fingerprint, row]));
  }

  #points(
    fingerprints: ReadonlySet<string>,
    range: { readonly firstDay: number; readonly lastDay: number; readonly seconds: number },
  ): (fingerprint: string) => FailureGroup['points'] {
    const perDay = DAY_SECONDS / range.seconds;
    const first = range.firstDay * perDay;
    const last = (range.lastDay + 1) * perDay - 1;
    const rows = this.#pool.rawAll(
      `SELECT bucket, fingerprint, jobs FROM failure_points WHERE grain = @grain AND bucket BETWEEN @first AND @last`,
      { grain: range.seconds, first, last },
    );
    const found = new Map<string, Map<number, number>>();
    for (const [bucket, fingerprint, jobs] of rows) {
      const name = String(fingerprint);
      if (!fingerprints.has(name)) continue;
      const buckets = found.get(name) ?? new Map<number, number>();
      found.set(name, buckets.set(Number(bucket), Number(jobs)));
    }
    return (fingerprint) =>
      Array.from({ length: last - first + 1 }, (_, n) => ({
        fromMs: (first + n) * range.seconds * 1000,
        jobs: found.get(fingerprint)?.get(first + n) ?? 0,
      }));
  }
}

function daysOf(fromMs: number, toMs: number): { readonly firstDay: number; readonly lastDay: number } {
  const lastDay = bucketOf(Math.max(fromMs, toMs - 1), DAY_SECONDS);
  return { firstDay: Math.max(bucketOf(fromMs, DAY_SECONDS), lastDay - DAYS_MAX + 1), lastDay };
}
