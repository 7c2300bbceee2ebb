import { z } from 'zod';
import { creditsSchema } from '../credits.ts';
import { JOB_KINDS } from '../kinds.ts';

/** A price that holds for a kind of job from a day on, until a later one of the same kind. */
const listedPriceSchema = z.object({
  kind: z.string().min(1).max(100),
  fromMs: z.int(),
  priceCredits: creditsSchema,
});
export type ListedPrice = z.infer<typeof listedPriceSchema>;

/** The most lines of a price list. */
const PRICE_LIST_MAX = 10_000;
export const priceListSchema = z.array(listedPriceSchema).max(PRICE_LIST_MAX);

/** The prices of the catalogue of this version, as if they had always been so. */
export const CATALOGUE_PRICES: readonly ListedPrice[] = Object.values(JOB_KINDS).map((kind) => ({
  kind: kind.name,
  fromMs: 0,
  priceCredits: kind.priceCredits,
}));

/**
 * The price of a kind at a time.
 * @returns null where the list says nothing of the kind at that time
 */
export function listedPriceAt(list: readonly ListedPrice[], kind: string, atMs: number): number | null {
  let found: ListedPrice | null = null;
  for (const line of list) {
    if (line.kind !== kind || line.fromMs > atMs) continue;
    if (found === null || line.fromMs >= found.fromMs) found = line;
  }
  return found === null ? null : found.priceCredits;
}
