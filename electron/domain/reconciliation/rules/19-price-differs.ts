import { netCaptured } from '../generation-totals.ts';
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
      const owed = overcharge(input, generation, listed) - (explained?.credits[generation] ?? 0);
      if (owed === 0 && (explained?.count[generation] ?? 0) > 0) continue;
      report.job(job, {
        case: price > listed ? 'above' : 'below',
        credits: owed,
        entryKeys: [],
        atMs: generations.startedAtMs[generation] ?? 0,
        evidence: `The price is ${price}, the list had ${listed}.`,
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

/** What the customer has paid, or still will, above the list's price; captures beyond the first are another rule's. */
function overcharge({ view, totals }: RuleInput, generation: number, listed: number): number {
  const price = view.generations.price[generation] ?? 0;
  if (view.generations.outcome[generation] !== COMPLETED) return 0;
  if (totals.captured[generation] === 0) return Math.max(0, (view.generations.due[generation] ?? 0) - listed);
  if (netCaptured(totals, generation) === 0) return 0;
  return Math.max(0, Math.min(price, totals.firstCapture[generation] ?? 0) - listed);
}
