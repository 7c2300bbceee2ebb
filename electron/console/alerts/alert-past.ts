import type { CopyReader } from '#cache/copy-reader.ts';
import type { AlertRule } from '#domain/alerts/alert-rule.ts';
import type { AlertReading } from '#domain/alerts/alert-step.ts';
import { countLasting, momentsOf, oldestLasting, type PastInterval } from '#domain/alerts/past-intervals.ts';
import type { HealthPoint } from '#contract/health-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import type { Job } from '#domain/job.ts';
import { assertNever, err, ok, type Result } from '#domain/result.ts';
import { SILENT_MS_MAX, type RunnerNode } from '#domain/runner-node.ts';
import { failureRateOf } from './alert-readings.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The past is looked at in steps as long as the shortest buckets of health. */
const STEP_MS = 5 * MINUTE_MS;
/** Up to this length health answers in its shortest buckets whatever it is restricted to. */
const FINE_MS = 3 * 3_600_000;
/** Jobs whose history is read at most. */
const HISTORIES_MAX = 5_000;

/** What a measure was in the past. */
export interface PastReadings {
  readonly readings: readonly AlertReading[];
  readonly knownFromMs: number | null;
  readonly isWhole: boolean;
}

/** What the past of measures is read from. */
export interface PastSources {
  readonly reader: CopyReader;
  readonly fromMs: number;
  readonly toMs: number;
  /** Every runner that the server still knows; null while it is away. */
  readonly runners: readonly RunnerNode[] | null;
  /** What reconciliation found while this console looked, oldest first. */
  readonly runs: readonly { readonly asOfMs: number; readonly findings: number }[];
  /** Aborted when nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** Reads a measure's past in small portions, so that nobody else has to wait for it. Errors: those of the copy; `cancelled`; `server_unreachable`. */
export async function readPast(rule: AlertRule, sources: PastSources): Promise<Result<PastReadings, AppError>> {
  switch (rule.measure) {
    case 'failure_rate':
    case 'spend':
      return readRates(rule, sources);
    case 'oldest_queued':
      return readWaits(rule, sources);
    case 'stuck':
      return readRuns(rule, sources);
    case 'drift':
      return ok(readDrift(sources));
    case 'no_runner':
      return sources.runners === null
        ? err(appError('server_unreachable', 'runners are known to the server alone'))
        : ok(readRunners(sources.runners, sources));
    default:
      return assertNever(rule.measure);
  }
}

/** Calls for each part of the past, oldest first in portions that hold nobody up for long. */
async function inParts(
  { fromMs, toMs, signal }: PastSources,
  partMs: number,
  read: (part: { readonly fromMs: number; readonly toMs: number }) => Promise<AppError | null>,
): Promise<AppError | null> {
  for (let from = Math.floor(fromMs / STEP_MS) * STEP_MS; from < toMs; from += partMs) {
    if (signal.aborted) return appError('cancelled');
    const problem = await read({ fromMs: from, toMs: Math.min(from + partMs, toMs) });
    if (problem !== null) return problem;
  }
  return null;
}

async function readRates(rule: AlertRule, sources: PastSources): Promise<Result<PastReadings, AppError>> {
  const points: HealthPoint[] = [];
  const filter = { ...rule.scope, workspaceId: null };
  const problem = await inParts(sources, FINE_MS, async (part) => {
    const health = await sources.reader.health({ ...part, groupBy: null, filter });
    if (!health.ok) return health.error;
    points.push(...health.value.points);
    return null;
  });
  if (problem !== null) return err(problem);
  const buckets = (rule.windowMinutes * MINUTE_MS) / STEP_MS;
  const sums = { completed: 0, failed: 0, costMicroUsd: 0 };
  const readings = points.map(({ fromMs, figures }, index) => {
    const left = points[index - buckets]?.figures;
    sums.completed += figures.completed - (left?.completed ?? 0);
    sums.failed += figures.failed - (left?.failed ?? 0);
    sums.costMicroUsd += figures.costMicroUsd - (left?.costMicroUsd ?? 0);
    const value = rule.measure === 'spend' ? sums.costMicroUsd : failureRateOf(sums, rule.jobsMin);
    return { atMs: fromMs + STEP_MS, value };
  });
  return ok({ readings, knownFromMs: sources.fromMs, isWhole: true });
}

async function readWaits(rule: AlertRule, sources: PastSources): Promise<Result<PastReadings, AppError>> {
  const waits: PastInterval[] = [];
  let isWhole = true;
  const query = { nowMs: sources.toMs, leastMs: rule.threshold * 0.8 * MINUTE_MS };
  const problem = await inParts(sources, DAY_MS, async (part) => {
    const found = await sources.reader.longWaits({ ...part, ...query }, rule.scope);
    if (!found.ok) return found.error;
    isWhole &&= found.value.isWhole;
    waits.push(...found.value.jobs.map((job) => ({ fromMs: job.readyMs, toMs: job.begunMs ?? Infinity })));
    return null;
  });
  if (problem !== null) return err(problem);
  const moments = momentsOf(sources.fromMs, sources.toMs, STEP_MS);
  const ages = oldestLasting(waits, moments);
  const readings = moments.map((atMs, index) => ({ atMs, value: (ages[index] ?? 0) / MINUTE_MS }));
  return ok({ readings, knownFromMs: sources.fromMs, isWhole });
}

async function readRuns(rule: AlertRule, sources: PastSources): Promise<Result<PastReadings, AppError>> {
  const runs: PastInterval[] = [];
  let isWhole = true;
  let histories = 0;
  const leastMs = rule.windowMinutes * MINUTE_MS;
  const problem = await inParts(sources, DAY_MS, async (part) => {
    const found = await sources.reader.longRuns({ ...part, nowMs: sources.toMs, leastMs });
    if (!found.ok) return found.error;
    isWhole &&= found.value.isWhole;
    for (const { id } of found.value.jobs) {
      if (histories >= HISTORIES_MAX) {
        isWhole = false;
        break;
      }
      histories += 1;
      const job = await sources.reader.job(id);
      if (!job.ok) return job.error;
      if (job.value?.type === 'job') runs.push(...workOf(job.value.job));
    }
    return null;
  });
  if (problem !== null) return err(problem);
  const moments = momentsOf(sources.fromMs, sources.toMs, STEP_MS);
  const counts = countLasting(runs, moments, leastMs);
  const readings = moments.map((atMs, index) => ({ atMs, value: counts[index] ?? 0 }));
  return ok({ readings, knownFromMs: sources.fromMs, isWhole });
}

/** The times in which a job was running or validating, each state by itself, as its history tells them. */
function workOf({ history }: Job): readonly PastInterval[] {
  return history.flatMap(({ to, at }, index) =>
    to === 'running' || to === 'validating'
      ? [{ fromMs: at.getTime(), toMs: history[index + 1]?.at.getTime() ?? Infinity }]
      : [],
  );
}

function readDrift({ runs, fromMs, toMs }: PastSources): PastReadings {
  const known = runs[0]?.asOfMs ?? null;
  const readings = momentsOf(fromMs, toMs, STEP_MS).map((atMs) => ({
    atMs,
    value: runs.findLast(({ asOfMs }) => asOfMs <= atMs)?.findings ?? null,
  }));
  return { readings, knownFromMs: known === null ? null : Math.max(known, fromMs), isWhole: true };
}

/** Runners are known from their first word to their last. One that fell silent in between and spoke again is taken for alive. */
function readRunners(runners: readonly RunnerNode[], { fromMs, toMs }: PastSources): PastReadings {
  const lives = runners.map((runner) => ({
    fromMs: runner.startedAt.getTime(),
    toMs: runner.heartbeatAt.getTime() + (runner.state === 'stopped' ? 0 : SILENT_MS_MAX),
  }));
  const first = lives.reduce<number | null>((least, life) => Math.min(least ?? life.fromMs, life.fromMs), null);
  const readings = momentsOf(fromMs, toMs, STEP_MS).map((atMs) => {
    if (first === null || atMs < first) return { atMs, value: null };
    if (lives.some((life) => life.fromMs <= atMs && atMs < life.toMs)) return { atMs, value: 0 };
    const last = lives.reduce((latest, life) => (life.toMs <= atMs ? Math.max(latest, life.toMs) : latest), first);
    return { atMs, value: (atMs - last) / MINUTE_MS };
  });
  return { readings, knownFromMs: first === null ? null : Math.max(first, fromMs), isWhole: true };
}
