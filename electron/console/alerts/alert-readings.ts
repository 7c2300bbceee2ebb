import type { CopyReader } from '#cache/copy-reader.ts';
import type { AlertRule } from '#domain/alerts/alert-rule.ts';
import type { AlertReading } from '#domain/alerts/alert-step.ts';
import type { HealthFigures } from '#contract/health-views.ts';
import type { AppError } from '#domain/errors.ts';
import { assertNever, ok, type Result } from '#domain/result.ts';
import { isLive, type RunnerNode } from '#domain/runner-node.ts';

const MINUTE_MS = 60_000;

/** How far the copy may be behind the server and still tell how things are now, in milliseconds. */
export const COPY_LAG_MS_MAX = 5 * MINUTE_MS;

/** What is known of the runners: null while the server is away. */
export interface KnownRunners {
  readonly runners: readonly Pick<RunnerNode, 'state' | 'heartbeatAt'>[];
  readonly serverNow: Date;
}

/** What the readings of rules are taken from. */
export interface ReadingSources {
  readonly reader: CopyReader;
  /** Now, by the server's clock, which is that of the copy; null where the copy is not of now. */
  readonly copyNowMs: number | null;
  /** For how long runners have been looked for, where none was ever heard of, in milliseconds. */
  readonly watchedMs: number;
  readonly runners: KnownRunners | null;
  /** Findings of the last reconciliation; null where there was none. */
  readonly findings: number | null;
}

/** What a rule's measure is now, in its unit; null where it cannot be known. Errors: those of the copy. */
export async function readMeasure(
  rule: AlertRule,
  sources: ReadingSources,
): Promise<Result<Pick<AlertReading, 'value' | 'unknownCosts'>, AppError>> {
  const { reader, copyNowMs: nowMs } = sources;
  switch (rule.measure) {
    case 'failure_rate':
    case 'spend':
    case 'oldest_queued': {
      if (nowMs === null) return ok({ value: null });
      const filter = { ...rule.scope, workspaceId: null };
      const fromMs = nowMs - rule.windowMinutes * MINUTE_MS;
      const health = await reader.health({ fromMs, toMs: nowMs, groupBy: null, filter });
      if (!health.ok) return health;
      const { figures, queue } = health.value;
      if (rule.measure === 'spend') {
        return ok({ value: figures.costMicroUsd, unknownCosts: figures.unknownCosts });
      }
      if (rule.measure === 'failure_rate') return ok({ value: failureRateOf(figures, rule.jobsMin) });
      const sinceMs = queue.oldestReadySinceMs;
      return ok({ value: sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs) / MINUTE_MS });
    }
    case 'stuck': {
      if (nowMs === null) return ok({ value: null });
      const stuck = await reader.stuckJobs(nowMs - rule.windowMinutes * MINUTE_MS);
      return stuck.ok ? ok({ value: stuck.value }) : stuck;
    }
    case 'drift':
      return ok({ value: sources.findings });
    case 'no_runner': {
      const { runners, watchedMs } = sources;
      return ok({ value: runners === null ? null : minutesWithoutRunner(runners, watchedMs) });
    }
    default:
      return assertNever(rule.measure);
  }
}

/** Per cent of ended jobs that failed; 0 where too few ended to prove anything. */
export function failureRateOf(
  { completed, failed }: Pick<HealthFigures, 'completed' | 'failed'>,
  jobsMin: number,
): number {
  const ended = completed + failed;
  return ended < jobsMin ? 0 : (failed / ended) * 100;
}

function minutesWithoutRunner({ runners, serverNow }: KnownRunners, watchedMs: number): number {
  if (runners.some((runner) => isLive(runner, serverNow))) return 0;
  const heardMs = runners.reduce((latest, { heartbeatAt }) => Math.max(latest, heartbeatAt.getTime()), 0);
  return Math.max(0, heardMs === 0 ? watchedMs : serverNow.getTime() - heardMs) / MINUTE_MS;
}
