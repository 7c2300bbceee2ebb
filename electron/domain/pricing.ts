import { z } from 'zod';
import { creditsSchema } from './credits.ts';

/**
 * How a generation's final price is found, agreed when the job is ordered and kept in it: today's price list changes nothing
 * for a job that stands. Whatever it says, the reservation is the most that is captured.
 *
 * - `fixed` the price, whole
 * - `per_attempt` so many credits for each attempt that a provider accepted, however many attempts it took to receive it
 * - `metered` so many credits for so many micro-USD that the provider metered, over all attempts
 */
export const pricingSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('fixed') }),
  z.object({ type: z.literal('per_attempt'), credits: creditsSchema }),
  z.object({ type: z.literal('metered'), credits: creditsSchema, perMicroUsd: z.int().positive() }),
]);
export type Pricing = z.infer<typeof pricingSchema>;

/** One attempt of a generation, with those that collected what it bought, as far as its price goes. Cost in micro-USD, null where it is not known. */
export interface PricedAttempt {
  readonly isAccepted: boolean;
  readonly providerCost: number | null;
}

/**
 * What a generation that was completed costs in the end, in whole credits; a fraction is the customer's. Null is the whole
 * reservation: where the price is fixed, and where the provider did not say what the last attempt has cost. Costs that are
 * not known of earlier attempts, which brought nothing, are not charged.
 *
 * @param attempts of this generation, oldest first; the last one is the one that was completed
 */
export function finalCreditsOf(pricing: Pricing, attempts: readonly PricedAttempt[]): number | null {
  switch (pricing.type) {
    case 'fixed':
      return null;
    case 'per_attempt': {
      const last = attempts.length - 1;
      return keptCreditsOf(
        pricing,
        attempts.map((one, n) => (n === last ? { ...one, isAccepted: true } : one)),
      );
    }
    case 'metered':
      return (attempts.at(-1)?.providerCost ?? null) === null ? null : keptCreditsOf(pricing, attempts);
  }
}

/**
 * What a generation that failed costs where its class keeps the charge: what providers are known to have taken for it and no more, because
 * it brought nothing. Null is the whole reservation, where the price is fixed.
 * @param attempts of this generation, in any order
 */
export function keptCreditsOf(pricing: Pricing, attempts: readonly PricedAttempt[]): number | null {
  switch (pricing.type) {
    case 'fixed':
      return null;
    case 'per_attempt':
      return clamped(BigInt(pricing.credits) * BigInt(attempts.filter(({ isAccepted }) => isAccepted).length));
    case 'metered': {
      const microUsd = attempts.reduce((sum, { providerCost }) => sum + BigInt(providerCost ?? 0), 0n);
      return clamped((microUsd * BigInt(pricing.credits)) / BigInt(pricing.perMicroUsd));
    }
  }
}

function clamped(credits: bigint): number {
  const max = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(credits > max ? max : credits);
}
