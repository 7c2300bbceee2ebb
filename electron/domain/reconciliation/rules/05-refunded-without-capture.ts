import { shownCredits } from '../../credits.ts';
import { refundsThatCount } from '../generation-totals.ts';
import { entriesOfType } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { NO_JOB, REFUND } from '../view.ts';

/** Credits were given back that had never been taken. */
export const refundedWithoutCapture: Rule = {
  number: 5,
  name: 'refunded_without_capture',
  title: 'Refunded without capture',
  sentence: 'The customer was given back credits that were never taken.',
  evidence: 'The refund entries of the generation, which has no capture.',
  cases: { nothing_captured: { sentence: 'No capture stands for the generation.', mend: 'adjustment' } },
  scan({ view, totals }, report) {
    const { outcome, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      if (totals.refunds[row] === 0 || totals.captures[row] !== 0 || outcome[row] === NO_JOB) continue;
      const left = refundsThatCount(totals, row);
      if (left <= 0) continue;
      report.generation(row, {
        case: 'nothing_captured',
        credits: -left,
        entries: entriesOfType(view, row, REFUND),
        evidence: `${shownCredits(left)} refunded, ${shownCredits(0)} captured.`,
      });
    }
  },
};
