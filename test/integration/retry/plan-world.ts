import { randomBytes } from 'node:crypto';
import { PlanDesk } from '#console/retry/plan-desk.ts';
import { runPlan, type RunOrder } from '#console/retry/plan-run.ts';
import type { RunParts } from '#console/retry/plan-begin.ts';
import type { AppError } from '#domain/errors.ts';
import type { Job, JobInput } from '#domain/job.ts';
import type { PlanRecord } from '#domain/retry-plan/plan-record.ts';
import type { Result } from '#domain/result.ts';
import { wait } from '#engine/wait.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob, type FailedJob } from '../../support/failed-job.ts';
import type { RunnerDeployment } from '../../support/runner-deployment.ts';

export const ANN = { type: 'user', id: 'ann' } as const;

/** Puts jobs that failed for a temporary reason on the server, each with its ledger. */
export async function failJobs(
  deployment: RunnerDeployment,
  ids: readonly string[],
  { model = 'standard', workspaceId = 'w1' }: { readonly model?: string; readonly workspaceId?: string } = {},
): Promise<void> {
  const failed = failedJob({ failureClass: 'temporary' });
  const jobs = ids.map((id): Job => ({
    ...failed,
    _id: id,
    workspaceId,
    maxAttempts: 1,
    provider: { ...failed.provider, model },
    attempts: failed.attempts.map((attempt) => ({ ...attempt, generationId: `g-${id}`, model })),
    billing: { ...failed.billing, generationId: `g-${id}` },
  }));
  expectOk(await deployment.store.writer.insertJobs(jobs));
  const { client, dbName } = deployment.server;
  const ledger = client.db(dbName).collection<{ _id: string }>('credit_ledger');
  await ledger.insertMany(jobs.flatMap((job) => entriesOf(job).map((entry) => ({ ...entry }))));
}

/** One job that failed, with the ledger that it left; `isUnproved` leaves entries that say that it was not charged. */
export async function plantFailed(
  deployment: RunnerDeployment,
  {
    isUnproved = false,
    input,
    ...spec
  }: FailedJob & { readonly id: string; readonly isUnproved?: boolean; readonly input?: JobInput },
): Promise<void> {
  const failed = failedJob(spec);
  const job: Job = input === undefined ? failed : { ...failed, input };
  expectOk(await deployment.store.writer.insertJobs([job]));
  const entries = entriesOf(isUnproved ? failedJob({ ...spec, captured: 0 }) : job);
  const { client, dbName } = deployment.server;
  await client
    .db(dbName)
    .collection<{ _id: string }>('credit_ledger')
    .insertMany(entries.map((entry) => ({ ...entry })));
}

/** The desk that makes plans, over a store. */
export function deskOf({ reader, bulk, plans, policies }: Store): PlanDesk {
  const newPlanId = (): string => randomBytes(8).toString('hex');
  return new PlanDesk({ reader, bulk, plans, policies, newPlanId });
}

/** A plan of these jobs as it stands on the server. */
export async function planOf(
  store: Store,
  ids: readonly string[],
  { isCollecting = true }: { readonly isCollecting?: boolean } = {},
): Promise<PlanRecord> {
  const order = { source: { type: 'ids', count: ids.length }, chosen: { ids }, copy: null, isCollecting } as const;
  const signal = new AbortController().signal;
  return expectOk(await deskOf(store).plan({ ...order, reason: 'the provider is back', by: ANN, signal }));
}

/** Runs a plan by steps of two jobs, with limits that nothing meets by chance. */
export function run(
  store: Store,
  planId: string,
  order: Partial<RunOrder> = {},
  parts: Partial<RunParts> = {},
): Promise<Result<PlanRecord, AppError>> {
  return runPlan(
    { ...store, wait: (_ms, signal) => wait(50, signal), ...parts },
    {
      planId,
      by: ANN,
      ramp: [2],
      limits: { failureRateMax: 0.5, endedMin: 2, spendCreditsMax: 1_000_000 },
      typedCredits: null,
      holder: 'one',
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...order,
    },
  );
}
