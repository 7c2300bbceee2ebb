import { shownCredits } from '../../credits.ts';
import { refundsThatCount } from '../generation-totals.ts';
import { entriesOfType } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { CAPTURE, CAPTURED, COMPLETED, UNKNOWN } from '../view.ts';

/** More than one capture of one generation, and refunds do not make up for it. */
export const capturedTwice: Rule = {
  number: 3,
  name: 'captured_twice',
  title: 'Captured twice',
  sentence: 'The customer paid more than once for one generation.',
  evidence: 'The capture entries of the generation; the earliest is the one that counts.',
  cases: { again: { sentence: 'Captures after the first one were not refunded.', mend: 'refund' } },
  scan({ view, totals }, report) {
    const { outcome, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      if ((totals.captures[row] ?? 0) < 2) continue;
      const code = outcome[row];
      if (code !== COMPLETED && code !== CAPTURED && code !== UNKNOWN) continue;
      const extra = (totals.captured[row] ?? 0) - (totals.firstCapture[row] ?? 0);
      const left = extra - refundsThatCount(totals, row);
      if (left <= 0) continue;
      report.generation(row, {
        case: 'again',
        credits: left,
        entries: entriesOfType(view, row, CAPTURE),
        evidence: `${totals.captures[row] ?? 0} captures; ${shownCredits(extra)} beyond the first, ${shownCredits(left)} of it not refunded.`,
      });
    }
  },
};
