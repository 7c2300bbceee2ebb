import { z } from 'zod';
import { creditsSchema, microUsdSchema } from '../credits.ts';
import { failureClassSchema, type FailureClass } from '../failure.ts';
import { chargeStatusSchema, jobStateSchema, type ChargeStatus, type JobState } from '../job.ts';
import { decidePersonRetry, type PersonVerdict } from '../person-retry.ts';
import type { RetryPolicy } from '../retry-policy.ts';
import { assertNever } from '../result.ts';

/** What a plan makes of a job. Only what is `eligible`, or `collect_first` in a plan that collects, is ever acted upon. */
export const planGroupSchema = z.enum([
  'eligible',
  /** It could be retried, but its workspace cannot pay for it beside the others of the plan. */
  'insufficient_credit',
  'needs_edit',
  'needs_reason',
  /** The provider accepted it and nobody received the result: it is collected for the job's price, not bought again. */
  'collect_first',
  /** The failed generation stayed charged: refund it, or retry it alone with a reason. */
  'already_charged',
  'blocked_by_class',
  /** What was charged cannot be proved, or is still being posted. */
  'charge_unknown',
  /** It succeeded, is under way or waits already. */
  'not_failed',
  /** There is no such job, or its document is none. */
  'unreadable',
]);
export type PlanGroup = z.infer<typeof planGroupSchema>;

/** True for a group whose jobs a plan begins; the rest is only told of. */
export function isActedOn(group: PlanGroup, isCollecting: boolean): boolean {
  return group === 'eligible' || (group === 'collect_first' && isCollecting);
}

/** What a plan needs to know of a job; nothing in it is read from anywhere else. Credits in the smallest unit. */
export interface PlanSubject {
  readonly jobId: string;
  readonly version: number;
  readonly workspaceId: string;
  readonly kind: string;
  readonly model: string;
  readonly state: JobState;
  readonly failureClass: FailureClass | null;
  readonly priceCredits: number;
  /** As proved from job, ledger and account. */
  readonly chargeStatus: ChargeStatus;
  readonly pendingEntries: number;
  readonly acceptanceId: string | null;
}

/** One job of a plan, frozen. */
export const planItemSchema = z.object({
  jobId: z.string().min(1).max(200),
  /** The plan acts on this version only. */
  version: z.int().nonnegative(),
  workspaceId: z.string().max(200),
  state: jobStateSchema.nullable(),
  failureClass: failureClassSchema.nullable(),
  chargeStatus: chargeStatusSchema,
  priceCredits: creditsSchema,
  /** Micro-USD, from earlier jobs of its kind and model; null where none has a known cost. Of what is collected, the most it can be. */
  costMicroUsd: microUsdSchema.nullable(),
  group: planGroupSchema,
  /** Another job of the workspace with the same input that was on its way when it was planned; null where there was none. */
  sameInputAs: z.string().max(200).nullable().default(null),
  /** Why it is in this group, for people. */
  why: z.string().max(500),
});
export type PlanItem = z.infer<typeof planItemSchema>;

/** The group of a verdict, before anybody looks at the balance. */
function groupOfVerdict(verdict: PersonVerdict): PlanGroup {
  switch (verdict.verdict) {
    case 'retry':
      return 'eligible';
    case 'edit_input':
      return 'needs_edit';
    case 'needs_reason':
      return 'needs_reason';
    case 'collect_first':
      return 'collect_first';
    case 'refund_first':
      return 'already_charged';
    case 'blocked':
      return groupOfBlock(verdict.cause);
    default:
      return assertNever(verdict);
  }
}

function groupOfBlock(cause: Extract<PersonVerdict, { verdict: 'blocked' }>['cause']): PlanGroup {
  switch (cause) {
    case 'not_failed':
      return 'not_failed';
    case 'charge_unknown':
    case 'charge_pending':
      return 'charge_unknown';
    case 'attempts_used_up':
    case 'class_not_automatic':
    case 'class_limit_reached':
    case 'class_never':
      return 'blocked_by_class';
    default:
      return assertNever(cause);
  }
}

/** What only an edit is compared with. */
const NOT_EDITED = { inputHash: '', generationId: '' } as const;
/** A plan does not edit, and never takes a collection for a purchase. */
const AS_IT_WAS = { editedInputHash: null, isCollecting: false } as const;

/**
 * What a plan makes of a job, without its balance. A reason given for a whole plan answers what the policy asks a reason for; it
 * never lets a customer pay twice, nor buys again what may have been made: those are looked at one by one. A job whose state is
 * past its failure is told so before anything else.
 */
export function judgeSubject(
  subject: PlanSubject,
  policy: RetryPolicy,
  reason: string,
): { readonly group: PlanGroup; readonly why: string } {
  if (subject.state !== 'failed') return { group: 'not_failed', why: `The job is ${subject.state}.` };
  const facts = { ...subject, job: { state: subject.state, ...NOT_EDITED }, policy };
  const bare = decidePersonRetry(facts, { reason: null, ...AS_IT_WAS });
  const verdict = bare.verdict === 'needs_reason' ? decidePersonRetry(facts, { reason, ...AS_IT_WAS }) : bare;
  // The reason has answered the policy; what it must not answer is asked again.
  if (verdict.verdict === 'retry' && subject.chargeStatus === 'charged') {
    return { group: 'already_charged', why: 'The failed generation was charged and not refunded.' };
  }
  if (verdict.verdict === 'retry' && subject.acceptanceId !== null) {
    return { group: 'collect_first', why: 'The provider accepted it and nobody received the result.' };
  }
  return { group: groupOfVerdict(verdict), why: verdict.why };
}
