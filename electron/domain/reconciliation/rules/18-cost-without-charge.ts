import { shownCredits, shownDollars } from '../../credits.ts';
import type { Rule } from '../rule.ts';
import { CAPTURED, OPEN, RELEASED } from '../view.ts';

/** Work that we pay the provider for and that was never even reserved; a completed one is `completed_without_capture`. */
export const costWithoutCharge: Rule = {
  number: 18,
  name: 'cost_without_charge',
  title: 'Provider cost without a job charge',
  sentence: 'An attempt cost money at the provider, and the ledger knows nothing of its generation.',
  evidence: 'The provider cost of the attempts, and that neither a reservation nor a capture stands.',
  cases: { never_reserved: { sentence: 'Nothing was ever reserved.', mend: 'accept' } },
  scan({ view, totals }, report) {
    const { generations, jobs } = view;
    for (let row = 0; row < generations.count; row += 1) {
      const cost = generations.costMicroUsd[row] ?? 0;
      if (cost === 0 || totals.reserved[row] !== 0 || totals.captured[row] !== 0) continue;
      const outcome = generations.outcome[row];
      if (outcome !== OPEN && outcome !== RELEASED && outcome !== CAPTURED) continue;
      const current = jobs.generation[generations.job[row] ?? 0] ?? -1;
      const kept = generations.price[row] ?? -1;
      // The price of an earlier generation is not kept; that of the job today says whether it costs anything at all.
      if ((kept < 0 ? (generations.price[current] ?? 0) : kept) <= 0) continue;
      report.generation(row, {
        case: 'never_reserved',
        credits: 0,
        entries: null,
        evidence: `${shownDollars(cost)} of provider cost; ${shownCredits(0)} reserved, ${shownCredits(0)} captured.`,
      });
    }
  },
};
