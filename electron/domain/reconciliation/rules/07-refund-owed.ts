import { shownCredits } from '../../credits.ts';
import { netCaptured } from '../generation-totals.ts';
import { entriesOfType } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { CAPTURE, RELEASED } from '../view.ts';

/** A failed generation whose class gives the charge back still has credits of the customer. */
export const refundOwed: Rule = {
  number: 7,
  name: 'refund_owed',
  title: 'Refund owed by class and not made',
  sentence: 'The generation failed in a class whose charge is given back, and the customer has not got it back.',
  evidence: 'The capture entries of the generation, and the class of failure that it ended in.',
  cases: { not_made: { sentence: 'What was captured is not refunded.', mend: 'refund' } },
  scan({ view, totals }, report) {
    const { outcome, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      if (outcome[row] !== RELEASED || totals.captured[row] === 0) continue;
      const net = netCaptured(totals, row);
      if (net <= 0) continue;
      report.generation(row, {
        case: 'not_made',
        credits: net,
        entries: entriesOfType(view, row, CAPTURE),
        evidence: `Failed with ${shownCredits(net)} captured after refunds.`,
      });
    }
  },
};
