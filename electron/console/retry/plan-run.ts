import { appError, type AppError } from '#domain/errors.ts';
import type { Actor } from '#domain/ledger.ts';
import {
  firstRun,
  mayRun,
  plannedJobs,
  unspentCredits,
  type PlanRecord,
  type PlanRun,
} from '#domain/retry-plan/plan-record.ts';
import {
  crossedLimit,
  explainStop,
  isStepOver,
  stepSize,
  type RunLimits,
  type StopCause,
} from '#domain/retry-plan/ramp.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { beginJobs, BEGIN_AT_ONCE, type RunParts } from './plan-begin.ts';
import { followJobs, recount } from './plan-follow.ts';

/** How somebody wants a plan run. Ramp and limits count where it begins; one that goes on keeps its own. */
export interface RunOrder {
  readonly planId: string;
  readonly by: Actor;
  readonly ramp: readonly number[];
  readonly limits: RunLimits;
  /** What the person typed as the amount, null where nothing was typed. */
  readonly typedCredits: number | null;
  /** Names the console that runs it. */
  readonly holder: string;
  /** Aborted when this console ends; the plan then stays as it is, for whoever goes on with it. */
  readonly signal: AbortSignal;
  readonly onProgress: (plan: PlanRecord) => void;
}

/** How long a console that is silent keeps the right to run a plan, in milliseconds. */
const LEASE_MS = 15_000;
/** How often jobs under way are looked at, in milliseconds. */
const FOLLOW_MS = 1000;
/** After how many batches within one step, too: looking at all that is under way after each would cost more than beginning them. */
const BATCHES_BETWEEN_LOOKS = 10;

/**
 * Runs a plan until it is over, paused or stopped, or this console ends. Whatever happens in between, it can be called again, here
 * or elsewhere, and goes on where it was: every step is written after what it did, and what it did is known by the generations
 * that it began. Errors, besides the store's and those of {@link mayRun}: `lease_lost` where another console runs it.
 * @returns the plan as it then stands
 */
export async function runPlan(parts: RunParts, order: RunOrder): Promise<Result<PlanRecord, AppError>> {
  const taken = await takeUp(parts, order);
  if (!taken.ok) return taken;
  let plan = taken.value;
  let batches = 0;
  for (;;) {
    order.onProgress(plan);
    if (order.signal.aborted) return letGo(parts, plan);
    const done = await advance(parts, plan, batches % BATCHES_BETWEEN_LOOKS === 0);
    if (!done.ok) return done;
    batches = done.value.hasBegun ? batches + 1 : 0;
    const written = await save(parts, done.value.plan);
    if (!written.ok) return written;
    plan = written.value;
    if (plan.state !== 'running') {
      order.onProgress(plan);
      return ok(plan);
    }
    if (done.value.isWaiting) await parts.wait(FOLLOW_MS, order.signal);
  }
}

/** Takes the lease, and begins the run where there is none yet. */
async function takeUp(parts: RunParts, order: RunOrder): Promise<Result<PlanRecord, AppError>> {
  const read = await parts.plans.read(order.planId);
  if (!read.ok) return read;
  const plan = read.value;
  const now = await parts.reader.serverNow();
  if (!now.ok) return now;
  const allowed = mayRun(plan, order.typedCredits, now.value);
  if (!allowed.ok) return allowed;
  if (plan.lease !== null && plan.lease.expiresAt > now.value && plan.lease.holder !== order.holder) {
    return err(appError('lease_lost', `plan ${plan._id} is being run by ${plan.lease.holder}`));
  }
  const token = plan.leaseToken + 1;
  const lease = { holder: order.holder, token, expiresAt: new Date(now.value.getTime() + LEASE_MS) };
  const { by, ramp, limits } = order;
  const run = plan.run ?? firstRun(plan, { by, at: now.value, ramp, limits });
  // A wish that stands was made of a console which died or ended before it obeyed: it is obeyed here.
  const next = { ...plan, state: 'running' as const, lease, leaseToken: token, run, version: plan.version + 1 };
  const written = await parts.plans.replace(next);
  if (!written.ok) return written;
  if (!written.value) return err(appError('write_conflict', `plan ${plan._id}`));
  if (plan.run === null) return ok(next);
  const taken = await parts.plans.takeOutcomes(plan._id, token);
  if (!taken.ok) return taken;
  // What was noted of jobs may be further than what was noted of the run: the jobs count.
  const counted = await recount(parts, plan._id, run);
  return counted.ok ? ok({ ...next, run: counted.value }) : counted;
}

interface Advanced {
  readonly plan: PlanRecord;
  /** True where nothing is left to do but to wait for runners. */
  readonly isWaiting: boolean;
  /** True where a batch of jobs was begun. */
  readonly hasBegun: boolean;
}

/**
 * Does the next piece of work of a run: looks at what is under way, begins jobs of the step, or ends it.
 * @param isLooking false passes over the look, where the step still has jobs to begin and nobody wishes anything
 */
async function advance(parts: RunParts, plan: PlanRecord, isLooking: boolean): Promise<Result<Advanced, AppError>> {
  if (plan.run === null) return err(appError('internal', 'a plan that runs has a run'));
  const isPassed = !isLooking && plan.wish === null && plan.run.position < plan.run.stepEnd;
  const followed = isPassed ? ok(plan.run) : await followJobs(parts, plan, plan.run);
  if (!followed.ok) return followed;
  const run = followed.value;
  const crossed = crossedLimit(run.tallies, run.limits);
  if (crossed !== null) return stopAt(parts, plan, run, crossed);
  if (plan.wish !== null) return obey(parts, { ...plan, run }, run, plan.wish);
  const planned = plannedJobs(plan);
  if (run.position < run.stepEnd) {
    const begun = await beginJobs(parts, plan, run, Math.min(BEGIN_AT_ONCE, run.stepEnd - run.position));
    if (!begun.ok) return begun;
    if (begun.value.isSpent) return stopAt(parts, plan, begun.value.run, 'spend');
    return ok({ plan: { ...plan, run: begun.value.run }, isWaiting: false, hasBegun: true });
  }
  if (!isStepOver(run.tallies)) return ok({ plan: { ...plan, run }, isWaiting: true, hasBegun: false });
  if (run.position >= planned) {
    return end(parts, plan, run, 'finished', { cause: 'finished', why: 'Every job of the plan was looked at.' });
  }
  const step = run.step + 1;
  const stepEnd = Math.min(planned, run.position + stepSize(run.ramp, step));
  return ok({ plan: { ...plan, run: { ...run, step, stepEnd } }, isWaiting: false, hasBegun: false });
}

function stopAt(
  parts: RunParts,
  plan: PlanRecord,
  run: PlanRun,
  cause: StopCause,
): Promise<Result<Advanced, AppError>> {
  return end(parts, plan, run, 'stopped', { cause, why: explainStop(cause, run.tallies, run.limits) });
}

async function obey(
  parts: RunParts,
  plan: PlanRecord,
  run: PlanRun,
  wish: 'pause' | 'stop',
): Promise<Result<Advanced, AppError>> {
  if (wish === 'pause')
    return ok({ plan: { ...plan, state: 'paused', wish: null, lease: null }, isWaiting: false, hasBegun: false });
  return end(parts, plan, run, 'stopped', { cause: 'by_hand', why: 'Stopped by hand.' });
}

async function end(
  parts: RunParts,
  plan: PlanRecord,
  run: PlanRun,
  state: 'finished' | 'stopped',
  over: Pick<NonNullable<PlanRun['ended']>, 'cause' | 'why'>,
): Promise<Result<Advanced, AppError>> {
  const now = await parts.reader.serverNow();
  if (!now.ok) return now;
  const ended = { ...over, unspentCredits: unspentCredits(plan, run.tallies.committedCredits), at: now.value };
  return ok({
    plan: { ...plan, state, wish: null, lease: null, run: { ...run, ended } },
    isWaiting: false,
    hasBegun: false,
  });
}

/** Writes how far the run has come and holds the lease on, beside what somebody may have wished meanwhile. */
async function save(parts: RunParts, plan: PlanRecord): Promise<Result<PlanRecord, AppError>> {
  const now = await parts.reader.serverNow();
  if (!now.ok) return now;
  const lease = plan.lease === null ? null : { ...plan.lease, expiresAt: new Date(now.value.getTime() + LEASE_MS) };
  let next: PlanRecord = { ...plan, lease, version: plan.version + 1 };
  for (;;) {
    const written = await parts.plans.replace(next);
    if (!written.ok) return written;
    if (written.value) return ok(next);
    const fresh = await parts.plans.read(plan._id);
    if (!fresh.ok) return fresh;
    // Another console has taken over, or it was ended while this one was silent: what was done here is found by its generations.
    if (fresh.value.leaseToken !== plan.leaseToken || fresh.value.lease === null) {
      return err(appError('lease_lost', `plan ${plan._id} is run by another console now`));
    }
    next = { ...next, wish: next.state === 'running' ? fresh.value.wish : null, version: fresh.value.version + 1 };
  }
}

/** Gives the lease back where it is, so that another console can go on at once. */
async function letGo(parts: RunParts, plan: PlanRecord): Promise<Result<PlanRecord, AppError>> {
  return save(parts, { ...plan, lease: null });
}
