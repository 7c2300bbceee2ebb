import { isDeepStrictEqual } from 'node:util';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { CacheChange } from '#cache/changes.ts';
import type { FailureGroup } from '#cache/failure-reader.ts';
import {
  healthMomentSchema,
  type HealthFigures,
  type HealthFilter,
  type HealthGroup,
  type HealthMoment,
} from '#contract/health-views.ts';
import type { CacheReader } from '#cache/reader.ts';
import { DurationCounts, durationQuantiles, durationSlotOf } from '#domain/health/duration-histogram.ts';
import type { Job } from '#domain/job.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { NOW_MS, setupCache } from '../../support/cache-world.ts';

const ROLL_UP_TABLES = [
  'job_counts',
  'health',
  'workspace_health',
  'workspace_totals',
  'workspace_model_totals',
  'owner_totals',
  'failure_days',
  'failure_points',
];

/** Everything that the roll-ups of a file hold. */
export function rollUpsOf(file: string): Readonly<Record<string, unknown>> {
  const db = new Database(file, { readonly: true });
  const rows = ROLL_UP_TABLES.map(
    (table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all()] as const,
  );
  db.close();
  return Object.fromEntries(rows);
}

/** The roll-ups of a copy that was given these documents once, and nothing else ever. */
export function rollUpsOfFresh(changes: readonly CacheChange[]): Readonly<Record<string, unknown>> {
  const world = setupCache();
  expectOk(world.open().writer.apply(changes, null));
  const rollUps = rollUpsOf(world.file);
  world.end();
  return rollUps;
}

const EVERY_JOB: HealthFilter = { kind: null, provider: null, model: null, workspaceId: null };
const HOUR_MS = 3_600_000;
/** Around the times of `anyJobSpec`, so long that each grain is asked for; each ends where all its buckets end. */
const TIMES = [
  { fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS + 2 * HOUR_MS },
  { fromMs: NOW_MS - 10 * HOUR_MS, toMs: NOW_MS + 12 * HOUR_MS },
  { fromMs: NOW_MS - 180 * HOUR_MS, toMs: NOW_MS + 180 * HOUR_MS },
];

/** Holds the figures of health by workspace over a time against a naive count over all jobs; the workspaces are few enough for one answer. */
export function expectWorkspacesOf(
  reader: CacheReader,
  everyJob: readonly Job[],
  { filter, ...times }: Times & { readonly filter: Partial<HealthFilter> },
): void {
  const asked = { ...EVERY_JOB, ...filter };
  const jobs = everyJob.filter((job) => isOf(job, asked));
  const answer = expectOk(reader.health({ ...times, groupBy: 'workspace', filter: asked }));
  expect(plain(answer.figures)).toEqual(recount(jobs, answer));
  const workspaces = new Set(jobs.map(({ workspaceId }) => workspaceId));
  const nothing = recount([], answer);
  const counted = [...workspaces]
    .map((key) => ({
      key,
      figures: recount(
        jobs.filter(({ workspaceId }) => workspaceId === key),
        answer,
      ),
    }))
    .filter(({ figures }) => !isDeepStrictEqual(figures, nothing));
  const shown = answer.groups.map(({ key, figures }) => ({ key, figures: plain(figures) }));
  // A workspace whose jobs wait now is named too, whatever the time that is asked for.
  expect(shown.filter(({ figures }) => !isDeepStrictEqual(figures, nothing)).toSorted(byKey)).toEqual(
    counted.toSorted(byKey),
  );
  const sizes = answer.groups.map(({ figures }) => figures.arrived + figures.completed + figures.failed);
  expect(sizes).toEqual(sizes.toSorted((left, right) => right - left));
}

function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return left.key < right.key ? -1 : 1;
}

/** Holds the answers of health against a naive count over all jobs. */
export function expectHealthOf(reader: CacheReader, jobs: readonly Job[]): void {
  for (const times of TIMES) {
    for (const groupBy of [null, 'kind', 'model', 'workspace'] as const) {
      for (const filter of [EVERY_JOB, { ...EVERY_JOB, kind: 'image' }, { ...EVERY_JOB, workspaceId: 'w1' }]) {
        const answer = expectOk(reader.health({ ...times, groupBy, filter }));
        const asked = jobs.filter((job) => isOf(job, filter));
        expect(plain(answer.figures)).toEqual(recount(asked, answer));
        expect(answer.queue).toEqual(recountQueue(asked));
        for (const point of answer.points) {
          expect(plain(point.figures)).toEqual(
            recount(asked, { fromMs: point.fromMs, toMs: point.fromMs + answer.bucketMs }),
          );
        }
        for (const group of answer.groups) {
          const ofGroup = asked.filter((job) => groupBy !== null && keyOf(job, groupBy) === group.key);
          expect(plain(group.figures)).toEqual(recount(ofGroup, answer));
          expect(group.queue).toEqual(recountQueue(ofGroup));
        }
      }
    }
    expectMoments(reader, jobs, times);
    const groups = expectOk(reader.failureGroups({ ...times, workspaceId: null, classes: [], limit: 100 }));
    const failed = jobs.filter(({ failure }) => failure !== null && within(failure.at.getTime(), groups));
    expect(groups.groups.map(({ fingerprint }) => fingerprint).toSorted()).toEqual(
      [...new Set(failed.map(({ failure }) => failure?.fingerprint ?? ''))].toSorted(),
    );
    for (const group of groups.groups) expectGroup(group, failed, jobs);
  }
}

/** The jobs behind a mark are those that were counted in it. */
function expectMoments(reader: CacheReader, jobs: readonly Job[], times: Times): void {
  const startOf = (job: Job): Date | undefined =>
    job.attempts[0]?.startedAt ?? job.history.find(({ to }) => to === 'running')?.at;
  const endedAs = (job: Job): string =>
    job.state === 'completed' ? 'completed' : job.failure?.class === 'cancelled' ? 'cancelled' : 'failed';
  const expected: Readonly<Record<HealthMoment, (job: Job) => number | undefined>> = {
    arrived: (job) => job.createdAt.getTime(),
    started: (job) => startOf(job)?.getTime(),
    completed: (job) => (hasEnded(job) && endedAs(job) === 'completed' ? endOf(job) : undefined),
    failed: (job) => (hasEnded(job) && endedAs(job) === 'failed' ? endOf(job) : undefined),
    cancelled: (job) => (hasEnded(job) && endedAs(job) === 'cancelled' ? endOf(job) : undefined),
    ended: (job) => (hasEnded(job) ? endOf(job) : undefined),
  };
  for (const moment of healthMomentSchema.options) {
    const found = expectOk(reader.healthJobs({ ...times, moment, filter: EVERY_JOB }));
    expect(found.isWhole).toBe(true);
    expect(found.jobs.map(({ row }) => row.id).toSorted()).toEqual(
      jobs
        .filter((job) => {
          const atMs = expected[moment](job);
          return atMs !== undefined && within(atMs, times);
        })
        .map(({ _id }) => _id)
        .toSorted(),
    );
  }
}

function hasEnded(job: Job): boolean {
  return job.state === 'completed' || job.state === 'failed';
}

function expectGroup(group: FailureGroup, inTime: readonly Job[], jobs: readonly Job[]): void {
  const own = inTime.filter(({ failure }) => failure?.fingerprint === group.fingerprint);
  const ever = jobs.flatMap(({ failure }) =>
    failure?.fingerprint === group.fingerprint ? [failure.at.getTime()] : [],
  );
  expect(group).toMatchObject({
    failedJobs: own.filter(({ state }) => state === 'failed').length,
    retryingJobs: own.filter(({ state }) => state === 'retrying').length,
    customers: new Set(own.map(({ workspaceId }) => workspaceId)).size,
    creditsAtRisk: own.reduce((sum, job) => sum + atRisk(job), 0),
    firstSeenMs: Math.min(...ever),
    lastSeenMs: Math.max(...ever),
  });
  expect(group.points.reduce((sum, { jobs: failures }) => sum + failures, 0)).toBe(own.length);
}

function isOf(job: Job, filter: HealthFilter): boolean {
  return (
    (filter.kind === null || job.kind === filter.kind) &&
    (filter.provider === null || job.provider.name === filter.provider) &&
    (filter.model === null || job.provider.model === filter.model) &&
    (filter.workspaceId === null || job.workspaceId === filter.workspaceId)
  );
}

function keyOf(job: Job, groupBy: HealthGroup): string {
  return { kind: job.kind, provider: job.provider.name, model: job.provider.model, workspace: job.workspaceId }[
    groupBy
  ];
}

interface Times {
  readonly fromMs: number;
  readonly toMs: number;
}

function within(timeMs: number, { fromMs, toMs }: Times): boolean {
  return timeMs >= fromMs && timeMs < toMs;
}

/** The figures without those that are shares of others. */
function plain(figures: HealthFigures): object {
  return Object.fromEntries(
    Object.entries(figures).filter(([name]) => name !== 'successRate' && name !== 'attemptsPerCompleted'),
  );
}

function atRisk(job: Job): number {
  if (job.failure?.class === 'cancelled') return 0;
  return Math.max(0, job.billing.price - (job.billing.captured - job.billing.refunded));
}

function endOf(job: Job): number {
  return (job.history.at(-1)?.at ?? job.updatedAt).getTime();
}

function recount(jobs: readonly Job[], times: Times): object {
  const started = jobs.flatMap((job) => {
    const startedAt = job.attempts[0]?.startedAt ?? job.history.find(({ to }) => to === 'running')?.at;
    return startedAt === undefined ? [] : [{ job, startedMs: startedAt.getTime() }];
  });
  const inTime = started.filter(({ startedMs }) => within(startedMs, times));
  const ended = jobs.filter(({ state }) => state === 'completed' || state === 'failed');
  const ends = ended.filter((job) => within(endOf(job), times));
  const completed = ends.filter(({ state }) => state === 'completed');
  const cancelled = ends.filter(({ failure }) => failure?.class === 'cancelled');
  const failed = ends.filter(({ state, failure }) => state === 'failed' && failure?.class !== 'cancelled');
  const costOf = (job: Job): number => job.attempts.reduce((sum, { providerCost }) => sum + (providerCost ?? 0), 0);
  const isUntold = (job: Job): boolean => job.attempts.some(({ providerCost }) => providerCost === null);
  // A document without attempts tells no cost of a job that was generated.
  const lacksCost = (job: Job): boolean => isUntold(job) || (job.attempts.length === 0 && job.state === 'completed');
  const sumOf = (list: readonly Job[], figure: (job: Job) => number): number =>
    list.reduce((sum, job) => sum + figure(job), 0);
  return {
    arrived: jobs.filter(({ createdAt }) => within(createdAt.getTime(), times)).length,
    started: inTime.length,
    completed: completed.length,
    failed: failed.length,
    failedByCustomer: failed.filter(({ failure }) => failure?.class === 'input').length,
    cancelled: cancelled.length,
    attempts: sumOf(ends, (job) => (job.attempts.length > 0 ? job.attempts.length : job.attempt)),
    earnedCredits: sumOf(ends, ({ billing }) => billing.captured - billing.refunded),
    lostCredits: sumOf(failed, atRisk),
    costMicroUsd: sumOf(ends, costOf),
    lostCostMicroUsd: sumOf([...failed, ...cancelled], costOf),
    unknownCosts: ends.filter(lacksCost).length,
    lostUnknownCosts: [...failed, ...cancelled].filter(lacksCost).length,
    queueTime: durationsOf(inTime.map(({ job, startedMs }) => startedMs - job.createdAt.getTime())),
    finishTime: durationsOf(completed.map((job) => endOf(job) - job.createdAt.getTime())),
  };
}

function durationsOf(durations: readonly number[]): object {
  const counts = new DurationCounts();
  for (const duration of durations) counts.add(durationSlotOf(duration), 1);
  const [p50Ms, p95Ms, p99Ms] = [0.5, 0.95, 0.99].map((share) => durationQuantiles(counts, [share])[0]);
  return { count: durations.length, p50Ms, p95Ms, p99Ms };
}

function recountQueue(jobs: readonly Job[]): object {
  const inState = (state: Job['state']): readonly Job[] => jobs.filter((job) => job.state === state);
  const ready = inState('queued').map((job) => Math.max(job.createdAt.getTime(), job.notBefore.getTime()));
  return {
    queued: ready.length,
    retrying: inState('retrying').length,
    running: inState('running').length,
    validating: inState('validating').length,
    oldestReadySinceMs: ready.length === 0 ? null : Math.min(...ready),
  };
}
