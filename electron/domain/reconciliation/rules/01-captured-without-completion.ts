import { shownCredits } from '../../credits.ts';
import { netCaptured } from '../generation-totals.ts';
import { entriesOfType } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { CAPTURE, OPEN } from '../view.ts';

/** A generation that has not come to its end and was paid for; one that failed is the matter of `refund_owed`. */
export const capturedWithoutCompletion: Rule = {
  number: 1,
  name: 'captured_without_completion',
  title: 'Captured without completion',
  sentence: 'The customer paid for a generation that has not been completed.',
  evidence: 'The capture entries of the generation, and the state of its job.',
  cases: { open: { sentence: 'The job is still under way.', mend: 'refund' } },
  scan({ view, totals }, report) {
    const { outcome, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      if (outcome[row] !== OPEN || totals.captured[row] === 0) continue;
      const net = netCaptured(totals, row);
      if (net <= 0) continue;
      report.generation(row, {
        case: 'open',
        credits: net,
        entries: entriesOfType(view, row, CAPTURE),
        evidence: `${shownCredits(net)} captured after refunds, and the job is still under way.`,
      });
    }
  },
};
