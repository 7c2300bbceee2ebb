import type { Attempt, Job } from './job.ts';

type AttemptedJob = Pick<Job, 'attempts' | 'attempt' | 'billing'>;

/**
 * The idempotency key of the provider call that a job's current attempt makes. An attempt that ended without the provider's
 * answer bought something nobody may have received, so attempts after it ask with the same key until they have received it, or
 * know that they never will; an attempt that was answered is done with, and the next one is a purchase of its own.
 */
export function generationKey(job: AttemptedJob): string {
  return `${job.billing.generationId}:${currentPurchase(job).n}`;
}

/**
 * The acceptance that the provider gave for the purchase which the current attempt continues; null where there is none. It may
 * be older than the last attempt, which may have died before it could ask again.
 */
export function unreceivedAcceptance(job: AttemptedJob): string | null {
  return currentPurchase(job).attempts.findLast((attempt) => attempt.acceptanceId !== null)?.acceptanceId ?? null;
}

interface Purchase {
  readonly n: number;
  /** Those that ended without its result, oldest first. */
  readonly attempts: readonly Attempt[];
}

function currentPurchase({ attempts, attempt: current, billing }: AttemptedJob): Purchase {
  return attempts
    .filter(
      (attempt) => attempt.generationId === billing.generationId && attempt.n < current && attempt.failure !== null,
    )
    .reduce<Purchase>(
      (purchase, attempt) => {
        // A call that is turned away says nothing of what an earlier one with the same key has bought.
        const isOpen = isUnanswered(attempt) || (isTurnedAway(attempt) && purchase.attempts.length > 0);
        return isOpen
          ? { ...purchase, attempts: [...purchase.attempts, attempt] }
          : { n: purchase.n + 1, attempts: [] };
      },
      { n: 1, attempts: [] },
    );
}

/** A crash, a cut connection, a runner that stopped and a time-out leave open whether the provider has made, and charged for, anything. */
function isUnanswered({ failure }: Attempt): boolean {
  if (failure === null) return false;
  return failure.class === 'timeout' || failure.code === 'lease_expired' || failure.code.startsWith('network_');
}

function isTurnedAway({ failure }: Attempt): boolean {
  return failure?.class === 'temporary' || failure?.class === 'rate_limit';
}
