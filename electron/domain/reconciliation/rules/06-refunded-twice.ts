import { shownCredits } from '../../credits.ts';
import { refundsThatCount } from '../generation-totals.ts';
import { entriesOfType } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { NO_JOB, REFUND } from '../view.ts';

/** More was given back than was taken. */
export const refundedTwice: Rule = {
  number: 6,
  name: 'refunded_twice',
  title: 'Refunded twice',
  sentence: 'The customer was given back more than was taken for the generation.',
  evidence: 'The refund entries beside the capture entries of the generation.',
  cases: {
    again: { sentence: 'Several refunds together are more than was captured.', mend: 'adjustment' },
    too_much: { sentence: 'One refund is larger than what was captured.', mend: 'adjustment' },
  },
  scan({ view, totals }, report) {
    const { outcome, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      if (totals.refunds[row] === 0 || totals.captures[row] === 0 || outcome[row] === NO_JOB) continue;
      const refunded = refundsThatCount(totals, row);
      const captured = totals.captured[row] ?? 0;
      if (refunded <= captured) continue;
      report.generation(row, {
        case: (totals.refunds[row] ?? 0) > 1 ? 'again' : 'too_much',
        credits: captured - refunded,
        entries: entriesOfType(view, row, REFUND),
        evidence: `${shownCredits(refunded)} refunded of ${shownCredits(captured)} captured.`,
      });
    }
  },
};
