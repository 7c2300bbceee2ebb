import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { planGenerationId } from '#console/retry/plan-begin.ts';
import { PlanDesk } from '#console/retry/plan-desk.ts';
import type { Job } from '#domain/job.ts';
import { jobSchema } from '#domain/job.ts';
import { entryKey, periodOf, type LedgerEntry } from '#domain/ledger.ts';
import { expectOk } from '../support/expect-ok.ts';
import { failedJob } from '../support/failed-job.ts';
import { grant } from '../support/job-builder.ts';
import type { SeededRandom } from '../support/model-random.ts';
import { FAULT_PROVIDER } from './fault-jobs.ts';
import type { FaultWorld } from './fault-world.ts';

const WORKSPACE = 'plans';
const PRICE_CREDITS = 10;
const KILLS = { min: 4, max: 9 };
const PAUSE_MS = { min: 50, max: 400 };
const OVER_MS_MAX = 240_000;
const LOOK_MS = 150;
const PLANNER = { type: 'user', id: 'planner' } as const;

/** What a round of plans came to. */
export interface PlanRound {
  /** Ids of the jobs that had failed and were planned. */
  readonly ids: readonly string[];
  readonly consoleKills: number;
  /** What must not be: a job that no plan or more than one has retried, a plan that is not over, an outcome that is not true. */
  readonly findings: readonly string[];
}

/**
 * Two consoles run two plans that share half of their jobs, while consoles, runners and connections are killed midway. Each job must be
 * retried once, by one of the plans, and the other one must say that it left it alone.
 */
export async function runPlanRound(
  world: FaultWorld,
  round: number,
  jobs: number,
  random: SeededRandom,
): Promise<PlanRound> {
  const ids = await plantFailed(world, round, jobs);
  const third = Math.ceil(jobs / 4);
  const parts = [ids.slice(0, jobs - third), ids.slice(third)];
  const plans: string[] = [];
  for (const part of parts) plans.push(await planOf(world, part));
  world.startRunners();
  const consoles = plans.map((planId, index) => world.startConsole(planId, `console-${round}-${index}`));
  let consoleKills = 0;
  for (let left = random.between(KILLS.min, KILLS.max); left > 0; left -= 1) {
    await delay(random.between(PAUSE_MS.min, PAUSE_MS.max));
    const drawn = random.next();
    if (drawn < 0.6) {
      const index = random.between(0, consoles.length - 1);
      await consoles[index]?.kill();
      consoleKills += 1;
      consoles[index] = world.startConsole(plans[index] ?? '', `console-${round}-${index}-${left}`);
    } else if (drawn < 0.75) world.cut();
    else if (drawn < 0.9) await world.killRunner();
    else await world.restartServer();
  }
  await world.makePeace();
  await untilOver(world, { ids, plans, consoles });
  const findings = await judgePlans(world, plans, ids);
  await Promise.all(consoles.map((console) => console.kill()));
  return { ids, consoleKills, findings };
}

/** Jobs that failed for a temporary reason, each with the entries that its failure left, posted by the charge protocol. */
async function plantFailed(world: FaultWorld, round: number, jobs: number): Promise<readonly string[]> {
  const { writer, reader } = world.store;
  const at = expectOk(await reader.serverNow());
  expectOk(await writer.postEntry(grant(WORKSPACE, jobs * PRICE_CREDITS * 2, round)));
  const failed = Array.from({ length: jobs }, (_, n): Job => {
    const id = `plan-${round}-${n}`;
    const job = failedJob({ id, workspaceId: WORKSPACE, failureClass: 'temporary', priceCredits: PRICE_CREDITS, at });
    return jobSchema.parse({ ...job, maxAttempts: 50, provider: { ...job.provider, name: FAULT_PROVIDER } });
  });
  expectOk(await writer.insertJobs(failed));
  for (const { _id, billing } of failed) {
    for (const type of ['reserve', 'release'] as const) {
      const entry: LedgerEntry = {
        _id: entryKey(billing.generationId, type, 1),
        workspaceId: WORKSPACE,
        jobId: _id,
        generationId: billing.generationId,
        attempt: 1,
        type,
        credits: PRICE_CREDITS,
        at,
        actor: { type: 'runner', id: 'earlier' },
        reason: 'before the round',
        period: periodOf(at),
      };
      expectOk(await writer.postEntry(entry));
    }
  }
  return failed.map(({ _id }) => _id);
}

async function planOf({ store }: FaultWorld, ids: readonly string[]): Promise<string> {
  const { reader, bulk, plans, policies } = store;
  const desk = new PlanDesk({ reader, bulk, plans, policies, newPlanId: () => randomBytes(8).toString('hex') });
  const plan = expectOk(
    await desk.plan({
      source: { type: 'ids', count: ids.length },
      chosen: { ids },
      copy: null,
      isCollecting: true,
      reason: 'the provider is back',
      by: PLANNER,
      signal: new AbortController().signal,
    }),
  );
  const { eligible } = plan.totals.groups;
  if (eligible.jobs !== ids.length) throw new Error(`only ${eligible.jobs} of ${ids.length} jobs may be retried`);
  return plan._id;
}

async function untilOver(
  world: FaultWorld,
  round: {
    readonly ids: readonly string[];
    readonly plans: readonly string[];
    readonly consoles: readonly { isGone(): boolean }[];
  },
): Promise<void> {
  const { ids, plans, consoles } = round;
  const until = performance.now() + OVER_MS_MAX;
  while (performance.now() < until) {
    world.reviveRunners();
    expectOk(await world.store.writer.sweep({ limit: 10_000, olderThanMs: 0, isDryRun: false }));
    const states = await Promise.all(plans.map(async (id) => expectOk(await world.store.plans.read(id)).state));
    const isOver = states.every((state) => state === 'finished') && consoles.every((console) => console.isGone());
    if (isOver && (await world.isAtRest(ids))) return;
    await delay(LOOK_MS);
  }
}

/** What the jobs, the ledger and the plans' own outcomes say, held against one another. */
async function judgePlans(
  world: FaultWorld,
  plans: readonly string[],
  ids: readonly string[],
): Promise<readonly string[]> {
  const jobs = await world.readJobs(ids);
  const findings: string[] = [];
  const begunBy = new Map<string, string[]>();
  for (const planId of plans) {
    const plan = expectOk(await world.store.plans.read(planId));
    if (plan.state !== 'finished') findings.push(`plan ${planId} is ${plan.state}`);
    const outcomes = expectOk(await world.store.plans.readOutcomes(planId, 0, 10_000));
    if (outcomes.length !== plan.totals.groups.eligible.jobs) {
      findings.push(`plan ${planId} tells of ${outcomes.length} of ${plan.totals.groups.eligible.jobs} jobs`);
    }
    for (const { jobId, outcome, timesPaid } of outcomes) {
      if (outcome !== 'skipped') begunBy.set(jobId, [...(begunBy.get(jobId) ?? []), planId]);
      if (timesPaid > 1) findings.push(`${jobId} was paid ${timesPaid} times`);
    }
  }
  for (const id of ids) {
    const job = jobs.find(({ _id }) => _id === id);
    const retries = job?.history.filter(({ from, to }) => from === 'failed' && to === 'queued').length ?? 0;
    const owners = begunBy.get(id) ?? [];
    if (retries !== 1) findings.push(`${id} was retried ${retries} times`);
    if (owners.length !== 1) findings.push(`${id} is told as begun by ${owners.length} plans`);
    const generation = job?.billing.generationId;
    if (owners[0] !== undefined && generation !== planGenerationId(owners[0], id)) {
      findings.push(`${id} has the generation ${generation ?? ''}, which is not of the plan that began it`);
    }
  }
  return findings;
}
