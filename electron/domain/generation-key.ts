import type { Attempt, Job } from './job.ts';

/** What services take as a key, as far as they say. */
const REPLACEMENT_KEY_LENGTH_MAX = 255;

type AttemptedJob = Pick<Job, 'attempts' | 'attempt' | 'billing'>;

/**
 * The idempotency key of the provider call that a job's current attempt makes. An attempt that ended without the provider's
 * answer bought something nobody may have received, so attempts after it ask with the same key until they have received it, or
 * know that they never will; an attempt that was answered is done with, and the next one is a purchase of its own.
 */
export function generationKey(job: AttemptedJob): string {
  const { n } = currentPurchase(job);
  return collectedBy(job, n)?.key ?? `${job.billing.generationId}:${n}`;
}

/**
 * The key of the purchase that replaces one whose result the provider says is not to be had any more. It names the acceptance
 * that is gone, so that it is the same for whoever has to ask again. A key that would be longer than services take ends in a digest of all
 * of it: cut, two purchases would have one.
 * @param digest of a text, in characters that a header may hold, at most 128 of them
 */
export function replacementKey(job: AttemptedJob, goneAcceptanceId: string, digest: (text: string) => string): string {
  const whole = `${generationKey(job)}:${goneAcceptanceId}`;
  if (whole.length <= REPLACEMENT_KEY_LENGTH_MAX) return whole;
  const end = `:${digest(whole)}`;
  return whole.slice(0, REPLACEMENT_KEY_LENGTH_MAX - end.length) + end;
}

/**
 * The acceptance that the provider gave for the purchase which the current attempt continues; null where there is none. It may
 * be older than the last attempt, which may have died before it could ask again.
 */
export function unreceivedAcceptance(job: AttemptedJob): string | null {
  const { n, attempts } = currentPurchase(job);
  const own = attempts.findLast((attempt) => attempt.acceptanceId !== null)?.acceptanceId;
  return own ?? collectedBy(job, n)?.acceptanceId ?? null;
}

/** What the next attempt of a job's last generation would still have asked for: a result that may be there to be collected. */
export function collectableAcceptance(job: AttemptedJob): string | null {
  return collectablePurchase(job)?.acceptanceId ?? null;
}

/** The same with the key that it was bought under, for a generation that goes on with it. */
export function collectablePurchase(job: AttemptedJob): Collected | null {
  const next = { ...job, attempt: job.attempt + 1 };
  const acceptanceId = unreceivedAcceptance(next);
  return acceptanceId === null ? null : { acceptanceId, key: generationKey(next) };
}

/** A purchase that a later generation goes on with. */
export type Collected = NonNullable<Job['billing']['collects']>;

/** The earlier purchase that a generation begins with; once its first purchase was answered, it buys for itself. */
function collectedBy({ billing }: AttemptedJob, n: number): Collected | null {
  return n === 1 ? (billing.collects ?? null) : null;
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
        // A call that is turned away says nothing of what was bought before it, in an earlier attempt or in its own.
        const isBought = purchase.attempts.length > 0 || attempt.acceptanceId !== null;
        const isOpen = isUnanswered(attempt) || (isTurnedAway(attempt) && isBought);
        return isOpen
          ? { ...purchase, attempts: [...purchase.attempts, attempt] }
          : { n: purchase.n + 1, attempts: [] };
      },
      { n: 1, attempts: [] },
    );
}

/** Codes by which our account with the provider is refused, and not what was asked for. */
const REFUSED_ACCOUNT: ReadonlySet<string> = new Set([
  'http_401',
  'http_402',
  'http_403',
  'provider_missing',
  'invalid_api_key',
  'insufficient_quota',
  'billing_hard_limit_reached',
  'account_deactivated',
]);

/** Codes by which a gateway says that the provider's reply did not come, or was none: the request may have been given on. */
const LOST_AT_GATEWAY: ReadonlySet<string> = new Set(['http_502', 'http_520', 'http_522']);

/**
 * A crash, a cut connection, a runner that stopped and a time-out leave open whether the provider has made, and charged for, anything. So
 * does what went wrong in the runner itself, such as a disk that was full: it speaks of nothing that the provider did.
 */
function isUnanswered({ failure }: Attempt): boolean {
  if (failure === null) return false;
  if (failure.class === 'unknown') return failure.code === 'exception';
  if (failure.class === 'timeout' || LOST_AT_GATEWAY.has(failure.code)) return true;
  return failure.code === 'lease_expired' || failure.code.startsWith('network_');
}

/** The provider is out of order, over-asked, or does not let us in: none of it speaks of the purchase. */
function isTurnedAway({ failure }: Attempt): boolean {
  if (failure === null) return false;
  return failure.class === 'temporary' || failure.class === 'rate_limit' || REFUSED_ACCOUNT.has(failure.code);
}
