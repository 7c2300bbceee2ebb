import { owedForFailure, proveChargeStatus } from './charge.ts';
import type { FailureClass } from './failure.ts';
import { collectableAcceptance } from './generation-key.ts';
import { keptCreditsOfJob, type ChargeStatus, type Job } from './job.ts';
import type { CreditAccount, LedgerEntry } from './ledger.ts';
import { decidePersonRetry, type PersonVerdict, type RetryOffer } from './person-retry.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** What earlier jobs tell of a retry. Costs in micro-USD. */
export interface RetryExperience {
  /** What the provider metered for attempts of this kind and model that completed, the latest first. */
  readonly costs: readonly number[];
  /** Attempts that failed in this class and were followed by another one, and how many of those that followed completed. */
  readonly retried: number;
  readonly succeeded: number;
  /** How far back this looks, in milliseconds. */
  readonly windowMs: number;
}

/** Everything that the preview of a retry is made from; nothing in it is read from anywhere else. */
export interface RetryFacts {
  readonly job: Job;
  /** Every ledger entry of the job's generation. */
  readonly entries: readonly LedgerEntry[];
  /** Null where the workspace has no account yet. */
  readonly account: CreditAccount | null;
  readonly experience: RetryExperience;
  /** Ids of other jobs of the workspace with the same input that are neither completed nor failed. */
  readonly twins: readonly string[];
  readonly policy: RetryPolicy;
}

/** A figure with how well it is known. `basis` says what an estimate rests on. */
export type Known =
  | { readonly type: 'exact'; readonly value: number }
  | { readonly type: 'estimated'; readonly value: number; readonly basis: string }
  | { readonly type: 'unknown'; readonly basis: string };

/** What a person should have read before a retry, beside the verdict. */
export type RetryWarning =
  /** The failed generation was captured and not refunded: a retry is paid a second time. */
  | { readonly type: 'already_charged'; readonly credits: number }
  /** The account cannot pay now; the job would wait for a top-up. */
  | { readonly type: 'insufficient_credit'; readonly missingCredits: number }
  /** The provider accepted the last generation, whose result nobody received: it may have been made and metered. */
  | { readonly type: 'provider_accepted'; readonly acceptanceId: string }
  /** Another job with the same input is on its way. */
  | { readonly type: 'same_input_under_way'; readonly jobIds: readonly string[] };

/** A retry before anything is written. Credits in the smallest unit, provider cost in micro-USD. */
export interface RetryPreview {
  readonly jobId: string;
  /** The retry acts on this version only. */
  readonly version: number;
  readonly verdict: PersonVerdict;
  readonly failureClass: FailureClass | null;
  readonly chargeStatus: ChargeStatus;
  readonly evidence: readonly string[];
  readonly price: Known;
  readonly providerCost: Known;
  readonly balance: { readonly beforeCredits: number; readonly afterCredits: number };
  readonly experience: Pick<RetryExperience, 'retried' | 'succeeded' | 'windowMs'>;
  readonly warnings: readonly RetryWarning[];
}

/**
 * Says what a retry by a person would cost and whether it may happen, from the same decision that every retry goes through. The
 * price is the stored price of the job, never today's list. Pure.
 */
export function previewRetry(facts: RetryFacts, offer: RetryOffer): RetryPreview {
  const { job, entries, account, experience } = facts;
  const proof = proveChargeStatus(job.billing, entries, account?.holds[job.billing.generationId]?.credits ?? 0);
  const failureClass = job.state === 'failed' ? job.failure.class : null;
  const available = account?.available ?? 0;
  return {
    jobId: job._id,
    version: job.version,
    verdict: verdictOf(facts, offer, proof.status),
    failureClass,
    chargeStatus: proof.status,
    evidence: proof.evidence,
    price: priceOf(job),
    providerCost: estimateCost(experience.costs, job),
    balance: { beforeCredits: available, afterCredits: available - job.billing.price },
    experience: { retried: experience.retried, succeeded: experience.succeeded, windowMs: experience.windowMs },
    warnings: warningsOf(facts, available),
  };
}

function verdictOf({ job, policy }: RetryFacts, offer: RetryOffer, chargeStatus: ChargeStatus): PersonVerdict {
  return decidePersonRetry(
    {
      job: { state: job.state, inputHash: job.input.hash, generationId: job.billing.generationId },
      failureClass: job.state === 'failed' ? job.failure.class : null,
      chargeStatus,
      pendingEntries: job.billing.pending.length,
      acceptanceId: collectableAcceptance(job),
      policy,
    },
    offer,
  );
}

/** The price is what is reserved; where it is metered, the customer may pay less in the end. */
function priceOf({ billing }: Job): Known {
  const { price, pricing } = billing;
  if (pricing === undefined || pricing.type === 'fixed') return { type: 'exact', value: price };
  const what = pricing.type === 'per_attempt' ? 'attempts' : 'what the provider meters';
  return { type: 'estimated', value: price, basis: `the most that it can cost; it is charged by ${what}` };
}

function estimateCost(costs: readonly number[], job: Job): Known {
  if (costs.length === 0) {
    return {
      type: 'unknown',
      basis: `no completed attempt of ${job.kind} with ${job.provider.model} has a known cost`,
    };
  }
  const mean = Math.round(costs.reduce((sum, cost) => sum + cost, 0) / costs.length);
  const basis = `mean of the last ${costs.length} completed attempts of ${job.kind} with ${job.provider.model}`;
  return { type: 'estimated', value: mean, basis };
}

function warningsOf(facts: RetryFacts, available: number): readonly RetryWarning[] {
  const { job, twins } = facts;
  const net = job.billing.captured - job.billing.refunded;
  const missing = job.billing.price - available;
  const acceptanceId = collectableAcceptance(job);
  return [
    ...(net > 0 ? [{ type: 'already_charged' as const, credits: net }] : []),
    ...(missing > 0 ? [{ type: 'insufficient_credit' as const, missingCredits: missing }] : []),
    ...(acceptanceId !== null ? [{ type: 'provider_accepted' as const, acceptanceId }] : []),
    ...(twins.length > 0 ? [{ type: 'same_input_under_way' as const, jobIds: twins }] : []),
  ];
}

/** Whether a person may cancel a job, and what that gives back to the customer. */
export type CancelPreview =
  | {
      readonly verdict: 'cancel';
      readonly version: number;
      /** What is cancelled: one that somebody began since is another. */
      readonly generationId: string;
      readonly releasedCredits: number;
      readonly keptCredits: number;
    }
  | { readonly verdict: 'blocked'; readonly version: number; readonly why: string };

/** Says what cancelling would release or keep, by the policy's rule for cancelled jobs. Pure. */
export function previewCancel(job: Job, policy: RetryPolicy): CancelPreview {
  const { version } = job;
  if (job.state === 'completed' || job.state === 'failed') {
    return { verdict: 'blocked', version, why: `The job is ${job.state} already.` };
  }
  const { charge } = policy.classes.cancelled;
  const owed = owedForFailure(job.billing, charge, 'cancelled', keptByCancel(job));
  const sum = (type: 'release' | 'capture'): number =>
    owed.reduce((total, entry) => (entry.type === type ? total + entry.credits : total), 0);
  const { generationId } = job.billing;
  return { verdict: 'cancel', version, generationId, releasedCredits: sum('release'), keptCredits: sum('capture') };
}

/** What is kept of a job that is cancelled now, where the policy keeps its charge; null is the whole reservation. */
export function keptByCancel(job: Job): number | null {
  return keptCreditsOfJob(job, { acceptanceId: job.provider.acceptanceId, providerCost: null });
}
