import { z } from 'zod';
import { creditsSchema, microUsdSchema, shownCredits } from '../credits.ts';
import { appError, type AppError } from '../errors.ts';
import { failureClassSchema } from '../failure.ts';
import { actorSchema, type Actor } from '../ledger.ts';
import { err, ok, type Result } from '../result.ts';
import { isDecidedByAnother, mayDecide, proposalStepSchema, type ProposalDecision } from '../second-person.ts';
import { planGroupSchema } from './plan-item.ts';
import { NOTHING_RUN, rampSchema, runLimitsSchema, runTalliesSchema, stopCauseSchema } from './ramp.ts';

/** How long a plan can be run after it was made, in milliseconds: by then its verdicts say little of today. */
export const PLAN_EXPIRES_MS = 24 * 3_600_000;

/** The most letters of a sentence in a plan that says why. */
export const WHY_LENGTH_MAX = 500;

export const planIdSchema = z.string().regex(/^[0-9a-f]{16}$/);

const sumsSchema = z.object({ jobs: z.int().nonnegative(), credits: creditsSchema });

const workspaceTotalsSchema = z.object({
  workspaceId: z.string(),
  availableCredits: z.int(),
  eligibleJobs: z.int().nonnegative(),
  eligibleCredits: creditsSchema,
  /** What is collected, in a plan that collects; it is paid for beside the eligible ones. */
  collectJobs: z.int().nonnegative().default(0),
  collectCredits: creditsSchema.default(0),
  /** Micro-USD, of the eligible jobs whose cost is known. */
  costMicroUsd: microUsdSchema,
  jobsWithoutCost: z.int().nonnegative(),
  insufficientJobs: z.int().nonnegative(),
  insufficientCredits: creditsSchema,
  otherJobs: z.int().nonnegative(),
});
export type WorkspaceTotals = z.infer<typeof workspaceTotalsSchema>;

/** The sums of a plan. Credits in the smallest unit, cost in micro-USD. */
export const planTotalsSchema = z.object({
  jobs: z.int().nonnegative(),
  groups: z.record(planGroupSchema, sumsSchema),
  /** The workspaces with the most at stake. */
  workspaces: z.array(workspaceTotalsSchema).max(200),
  workspacesInAll: z.int().nonnegative(),
  costMicroUsd: microUsdSchema,
  jobsWithoutCost: z.int().nonnegative(),
  /** Eligible jobs with whose input another job is on its way already. */
  sameInputJobs: z.int().nonnegative().default(0),
  /**
   * What providers cost at most for what is collected: nothing more where they still have the result, otherwise a purchase. Micro-USD,
   * of the jobs whose cost is known.
   */
  collect: z
    .object({ costMicroUsdMax: microUsdSchema, jobsWithoutCost: z.int().nonnegative() })
    .default({ costMicroUsdMax: 0, jobsWithoutCost: 0 }),
  /** How many of the eligible jobs whose kind of failure was retried before are expected to succeed. */
  estimate: z.object({
    succeed: z.int().nonnegative(),
    ofJobs: z.int().nonnegative(),
    withoutExperience: z.int().nonnegative(),
    basis: z.string().max(300),
  }),
});
export type PlanTotals = z.infer<typeof planTotalsSchema>;

/** What the jobs of a plan were chosen by. */
export const planSourceSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ids'), count: z.int().nonnegative() }),
  /** The query as it was typed. */
  z.object({ type: z.literal('where'), where: z.string().max(2000) }),
  /** What of another plan failed, was skipped or not begun. */
  z.object({ type: z.literal('remainder'), planId: planIdSchema }),
  /** What another plan could not begin for lack of credit. */
  z.object({ type: z.literal('after_top_up'), planId: planIdSchema }),
]);
export type PlanSource = z.infer<typeof planSourceSchema>;

/** What the verdicts and prices of a plan were read from; `asOf` says up to when the offline copy was whole. */
const planOriginSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('server') }),
  z.object({ type: z.literal('copy'), asOf: z.date() }),
]);
export type PlanOrigin = z.infer<typeof planOriginSchema>;

/**
 * How a plan stands. Who leaves a state: `planned` whoever begins, withdraws or (a second person) rejects it; `running` the run, by
 * coming to its end, at a limit, or because somebody asks for a pause or a stop; `paused` whoever goes on or stops. `finished`,
 * `stopped`, `rejected` and `withdrawn` are ends.
 */
export const planStateSchema = z.enum(['planned', 'running', 'paused', 'finished', 'stopped', 'rejected', 'withdrawn']);
export type PlanState = z.infer<typeof planStateSchema>;

/** The right of one console to run a plan until `expiresAt` on the server's clock; `token` grows with each. */
const planLeaseSchema = z.object({ holder: z.string().max(200), token: z.int().positive(), expiresAt: z.date() });

/** How far a run has come; written only by who holds the lease. */
export const planRunSchema = z.object({
  by: actorSchema,
  startedAt: z.date(),
  ramp: rampSchema,
  limits: runLimitsSchema,
  /** The items to be acted on before this one have been begun or skipped; counts from 0. */
  position: z.int().nonnegative(),
  step: z.int().nonnegative(),
  /** The step ends at this position. */
  stepEnd: z.int().nonnegative(),
  tallies: runTalliesSchema,
  /** Why it is over, and what of the plan's credits it left unspent; null while it is not. */
  ended: z
    .object({
      cause: z.union([stopCauseSchema, z.enum(['finished', 'by_hand'])]),
      why: z.string().max(WHY_LENGTH_MAX),
      unspentCredits: creditsSchema,
      at: z.date(),
    })
    .nullable(),
});
export type PlanRun = z.infer<typeof planRunSchema>;

/** A plan as it is kept in `retry_plans`; its items stand in documents of their own. */
export const planRecordSchema = z.object({
  _id: planIdSchema,
  source: planSourceSchema,
  origin: planOriginSchema.default({ type: 'server' }),
  /** True where the jobs of the group `collect_first` are begun too, after the eligible ones. */
  isCollecting: z.boolean().default(false),
  /** Given for every job; stands in their histories. */
  reason: z.string().max(300),
  policyVersion: z.int().positive(),
  totals: planTotalsSchema,
  /** Spending above `typedCredits` is confirmed by typing it, above `approvalCredits` by another person too; as they held then. */
  thresholds: z.object({ typedCredits: creditsSchema, approvalCredits: creditsSchema }),
  proposed: proposalStepSchema,
  /** A second person's decision; null where there was none. */
  decided: proposalStepSchema.extend({ decision: z.enum(['approved', 'rejected', 'withdrawn']) }).nullable(),
  expiresAt: z.date(),
  state: planStateSchema,
  /** What somebody wants of a run, wherever it runs. */
  wish: z.enum(['pause', 'stop']).nullable(),
  lease: planLeaseSchema.nullable(),
  leaseToken: z.int().nonnegative(),
  run: planRunSchema.nullable(),
  version: z.int().positive(),
});
export type PlanRecord = z.infer<typeof planRecordSchema>;

/** What became of a job of a plan. */
export const jobOutcomeSchema = z.object({
  jobId: z.string(),
  /** Whether it is made anew, or its result collected. */
  act: z.enum(['retry', 'collect']).default('retry'),
  /** Among the items that are acted on, from 0. */
  index: z.int().nonnegative(),
  workspaceId: z.string(),
  priceCredits: creditsSchema,
  generationId: z.string(),
  /** `begun` it waits or runs; `waiting` it lacks credit; `skipped` nothing was done. */
  outcome: z.enum(['begun', 'waiting', 'succeeded', 'failed', 'skipped']),
  failureClass: failureClassSchema.nullable(),
  why: z.string().max(WHY_LENGTH_MAX),
  /** What the ledger says that the customer paid for the new generation. */
  paidCredits: z.int(),
  /** For how many of the job's generations the customer paid and was not refunded; more than one must never be. */
  timesPaid: z.int().nonnegative(),
});
export type JobOutcome = z.infer<typeof jobOutcomeSchema>;

type PlannedSums = Pick<PlanRecord, 'totals' | 'isCollecting'>;

/** What a plan would spend at most. */
export function plannedCredits({ totals, isCollecting }: PlannedSums): number {
  const { eligible, collect_first: collect } = totals.groups;
  return eligible.credits + (isCollecting ? collect.credits : 0);
}

/** How many jobs a plan would begin: those that are made anew, and those whose results are collected. */
export function plannedJobs({ totals, isCollecting }: PlannedSums): number {
  const { eligible, collect_first: collect } = totals.groups;
  return eligible.jobs + (isCollecting ? collect.jobs : 0);
}

/** What must be there before a plan is run: nothing, the amount typed, or that and another person's approval. */
export function neededConsent(plan: PlannedSums & Pick<PlanRecord, 'thresholds'>): 'none' | 'typed' | 'second_person' {
  const credits = plannedCredits(plan);
  if (credits > plan.thresholds.approvalCredits) return 'second_person';
  return credits > plan.thresholds.typedCredits ? 'typed' : 'none';
}

/**
 * Whether somebody may begin or go on with a plan now.
 * @param typedCredits what the person typed as the amount, null where nothing was typed
 * Errors: `illegal_transition` where it is over, `plan_expired`, `confirmation_needed`, `permission_denied` where a second person has yet to approve.
 */
export function mayRun(plan: PlanRecord, typedCredits: number | null, now: Date): Result<void, AppError> {
  if (!['planned', 'running', 'paused'].includes(plan.state)) {
    return err(appError('illegal_transition', `the plan is ${plan.state}`));
  }
  if (plan.run !== null) return ok(undefined);
  if (now.getTime() >= plan.expiresAt.getTime()) return err(appError('plan_expired', plan.expiresAt.toISOString()));
  if (plannedJobs(plan) === 0) {
    return err(appError('illegal_transition', 'no job of the plan may be retried'));
  }
  const consent = neededConsent(plan);
  const isApproved = plan.decided?.decision === 'approved' && isDecidedByAnother(plan.proposed.by, plan.decided);
  if (consent === 'second_person' && !isApproved) {
    const { approvalCredits } = plan.thresholds;
    return err(
      appError(
        'permission_denied',
        `a plan above ${shownCredits(approvalCredits)} credits needs another person's approval`,
      ),
    );
  }
  if (consent !== 'none' && typedCredits !== plannedCredits(plan)) {
    return err(appError('confirmation_needed', `type ${plannedCredits(plan)}`));
  }
  return ok(undefined);
}

/** A second person's or the proposer's decision about a plan that has not begun. Errors: those of `mayDecide`. */
export function decidePlan(
  plan: PlanRecord,
  decision: ProposalDecision,
  step: { readonly by: Actor; readonly at: Date; readonly note: string },
): Result<PlanRecord, AppError> {
  const state = plan.state === 'planned' && plan.decided?.decision === 'approved' ? 'approved' : plan.state;
  const proposal = { state, isOpen: plan.state === 'planned', proposedBy: plan.proposed.by };
  const allowed = mayDecide(proposal, decision, step.by);
  if (!allowed.ok) return allowed;
  const next = decision === 'approved' ? plan.state : decision;
  return ok({ ...plan, state: next, decided: { ...step, decision }, version: plan.version + 1 });
}

/** The run of a plan at its beginning. */
export function firstRun(
  plan: PlanRecord,
  order: {
    readonly by: Actor;
    readonly at: Date;
    readonly ramp: readonly number[];
    readonly limits: PlanRun['limits'];
  },
): PlanRun {
  const { by, at, ramp, limits } = order;
  const stepEnd = Math.min(ramp[0] ?? 1, plannedJobs(plan));
  return {
    by,
    startedAt: at,
    ramp: [...ramp],
    limits,
    position: 0,
    step: 0,
    stepEnd,
    tallies: NOTHING_RUN,
    ended: null,
  };
}

/** What a run leaves of what the plan would have spent. */
export function unspentCredits(plan: PlannedSums, committedCredits: number): number {
  return Math.max(0, plannedCredits(plan) - committedCredits);
}
