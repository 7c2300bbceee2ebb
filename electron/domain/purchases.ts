import type { Attempt } from './job.ts';

/** What one attempt bought, with the attempts after it that only collected it. One that was never accepted may have bought nothing. */
export interface Purchase {
  readonly boughtBy: Attempt;
  /** The last attempt that asked for it. */
  readonly lastBy: Attempt;
  /** In micro-USD, as the provider told it last; null where it never did. */
  readonly costMicroUsd: number | null;
}

/**
 * What the attempts of a job have bought, oldest first. An attempt that collects what an earlier one had bought, of its own generation or
 * the one before, is told of the same cost once more: whoever adds up costs adds up purchases.
 */
export function purchasesOf(attempts: readonly Attempt[]): readonly Purchase[] {
  const purchases: Purchase[] = [];
  const places = new Map<string, number>();
  for (const attempt of attempts) {
    const { acceptanceId, provider, providerCost } = attempt;
    const name = acceptanceId === null ? null : JSON.stringify([provider, acceptanceId]);
    const place = name === null ? undefined : places.get(name);
    const known = place === undefined ? undefined : purchases[place];
    if (place === undefined || known === undefined) {
      if (name !== null) places.set(name, purchases.length);
      purchases.push({ boughtBy: attempt, lastBy: attempt, costMicroUsd: providerCost });
    } else {
      purchases[place] = { ...known, lastBy: attempt, costMicroUsd: providerCost ?? known.costMicroUsd };
    }
  }
  return purchases;
}

/** What the attempts of a job cost at their providers, in micro-USD, as far as it is known. */
export function costOfPurchases(purchases: readonly Purchase[]): number {
  return purchases.reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? 0), 0);
}
