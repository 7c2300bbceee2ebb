import type { FailureClass } from './failure.ts';
import type { ChargeStatus, JobState } from './job.ts';
import { decideRetry, type RetryPolicy, type RetryVerdict } from './retry-policy.ts';

/** What is looked at when a person asks for a retry, of one job or of many. */
export interface PersonRetryFacts {
  readonly job: { readonly state: JobState; readonly inputHash: string; readonly generationId: string };
  readonly failureClass: FailureClass | null;
  /** As it was proved, never as the job says. */
  readonly chargeStatus: ChargeStatus;
  readonly pendingEntries: number;
  /** What the provider accepted and nobody received; null where there is nothing to collect. */
  readonly acceptanceId: string | null;
  readonly policy: RetryPolicy;
}

/** What a person brings to a retry. */
export interface RetryOffer {
  readonly reason: string | null;
  /** The hash of an edited input; null retries the job's own. */
  readonly editedInputHash: string | null;
  /** True where the result that the provider may have is to be collected, and not bought again. */
  readonly isCollecting: boolean;
}

/** A retry that must wait for something that a person knows. */
export type PersonVerdict =
  | RetryVerdict
  /** The provider may have made what was asked for: ask it for the result, or say why it is bought again. */
  | {
      readonly verdict: 'collect_first';
      readonly acceptanceId: string;
      readonly policyVersion: number;
      readonly why: string;
    }
  /** The customer paid for the failed generation: refund it, or say why it is paid again. */
  | { readonly verdict: 'refund_first'; readonly policyVersion: number; readonly why: string };

/**
 * Whether a person may retry a job. The policy decides; beyond it, nobody buys again what may have been made, and no customer
 * pays twice, without saying why. Pure.
 */
export function decidePersonRetry(facts: PersonRetryFacts, offer: RetryOffer): PersonVerdict {
  const { job, policy, chargeStatus, acceptanceId } = facts;
  const verdict = decideRetry({
    job: { ...job, maxAttempts: 1, attempts: [] },
    failureClass: facts.failureClass ?? 'unknown',
    chargeStatus,
    pendingEntries: facts.pendingEntries,
    asker: { type: 'person', reason: offer.reason, editedInputHash: offer.editedInputHash },
    policy,
    retryAfterMs: 0,
    random: 0,
  });
  if (verdict.verdict !== 'retry' || (offer.reason ?? '').trim() !== '') return verdict;
  const { policyVersion } = verdict;
  if (chargeStatus === 'charged') {
    const why = 'The failed generation was charged and not refunded; refund it first, or say why it is paid again.';
    return { verdict: 'refund_first', policyVersion, why };
  }
  if (acceptanceId !== null && isSameInput(job, offer)) {
    if (offer.isCollecting)
      return { ...verdict, why: 'The provider is asked for the result that it accepted to make.' };
    const why =
      'The provider accepted the last generation and nobody received its result; collect it first, or say why it is bought again.';
    return { verdict: 'collect_first', acceptanceId, policyVersion, why };
  }
  return verdict;
}

function isSameInput(job: PersonRetryFacts['job'], offer: RetryOffer): boolean {
  return offer.editedInputHash === null || offer.editedInputHash === job.inputHash;
}
