import { shownCredits } from '../../credits.ts';
import { netCaptured, refundsThatCount } from '../generation-totals.ts';
import { listedPriceAt, type ListedPrice } from '../price-list.ts';
import type { Rule, RuleInput } from '../rule.ts';
import { COMPLETED } from '../view.ts';

/** A job that was sold at another price than the list's of its day. */
export const priceDiffers: Rule = {
  number: 19,
  name: 'price_differs',
  title: 'Price differs from the price list of its day',
  sentence: 'The price of the job is not the one that the price list had when it was asked for.',
  evidence: 'The price of the job beside the line of the price list.',
  cases: {
    above: { sentence: 'The price is above the list.', mend: 'adjustment' },
    below: { sentence: 'The price is below the list; the customer is not charged after the fact.', mend: 'adjustment' },
  },
  scan(input, report) {
    const { view, totals, options } = input;
    const { jobs, generations } = view;
    const explained = totals.explained.get(19);
    const prices = Array.from({ length: view.kinds.size }, (_, kind) => {
      const name = view.kinds.text(kind);
      return options.prices.filter((line) => line.kind === name);
    });
    for (let job = 0; job < jobs.presence.length; job += 1) {
      if (jobs.presence[job] !== 1) continue;
      const generation = jobs.generation[job] ?? 0;
      const price = generations.price[generation] ?? 0;
      const listed = priceOf(prices[jobs.kind[job] ?? 0] ?? [], generations.startedAtMs[generation] ?? 0);
      if (listed === null || listed === price) continue;
      const owed = owedFor(overcharge(input, generation, listed), explained?.credits[generation] ?? 0);
      if (owed === 0 && (explained?.count[generation] ?? 0) > 0) continue;
      report.job(job, {
        case: price > listed ? 'above' : 'below',
        credits: owed,
        entryKeys: [],
        atMs: generations.startedAtMs[generation] ?? 0,
        evidence: `The price is ${shownCredits(price)}, the list had ${shownCredits(listed)}.`,
      });
    }
  },
};

/** The price at a time, from the lines of one kind; most kinds have one price, and this is asked for every job. */
function priceOf(lines: readonly ListedPrice[], atMs: number): number | null {
  const [only] = lines;
  if (only === undefined) return null;
  if (lines.length > 1) return listedPriceAt(lines, only.kind, atMs);
  return only.fromMs > atMs ? null : only.priceCredits;
}

/** Credits above the list's price: what the customer has paid or still will, and what is left of that where refunds make up for it. */
interface Overcharge {
  readonly paid: number;
  readonly left: number;
}

/** Captures beyond the first, and what the first took beyond what was to be captured, are other rules'. */
function overcharge({ view, totals }: RuleInput, generation: number, listed: number): Overcharge {
  const due = view.generations.due[generation] ?? 0;
  if (view.generations.outcome[generation] !== COMPLETED) return { paid: 0, left: 0 };
  const captured = totals.captured[generation] ?? 0;
  if (captured === 0) {
    const above = Math.max(0, due - listed);
    return { paid: above, left: above };
  }
  if (netCaptured(totals, generation) === 0) return { paid: 0, left: 0 };
  const first = Math.min(due, totals.firstCapture[generation] ?? 0);
  // Refunds make up for those others first.
  const refunded = Math.max(0, refundsThatCount(totals, generation) - (captured - first));
  return { paid: Math.max(0, first - listed), left: Math.max(0, first - refunded - listed) };
}

/** What is to be given once so much was: a refund that came after that is no reason to take any of it back. */
function owedFor({ paid, left }: Overcharge, given: number): number {
  return given < left ? left - given : Math.min(0, paid - given);
}
