import { shownCredits } from '../../credits.ts';
import { refundsThatCount } from '../generation-totals.ts';
import { entriesOfType } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { CAPTURE, CAPTURED, COMPLETED } from '../view.ts';

/** The first capture alone took more than the price; further ones are the matter of `captured_twice`. */
export const capturedAbovePrice: Rule = {
  number: 4,
  name: 'captured_above_price',
  title: 'Captured more than priced',
  sentence: 'The customer paid more for the generation than its price, or than what it came to in the end.',
  evidence: 'The capture entry, and the price of the job; for an earlier generation what was reserved for it.',
  cases: { above: { sentence: 'The first capture is larger than what is to be captured.', mend: 'refund' } },
  scan({ view, totals }, report) {
    const { outcome, price, due, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      if (totals.captures[row] === 0 || (outcome[row] !== COMPLETED && outcome[row] !== CAPTURED)) continue;
      const first = totals.firstCapture[row] ?? 0;
      const kept = price[row] ?? -1;
      const priced = kept < 0 ? (totals.reserved[row] ?? 0) : kept;
      const owed = due[row] ?? -1;
      const allowed = outcome[row] === COMPLETED && owed >= 0 ? Math.min(owed, priced) : priced;
      if (first <= allowed) continue;
      // Refunds make up for repeated captures first; what is left of them makes up for the price.
      const extra = (totals.captured[row] ?? 0) - first;
      const left = first - allowed - Math.max(0, refundsThatCount(totals, row) - extra);
      if (left <= 0) continue;
      const inTheEnd = allowed === priced ? '' : `generation that came to ${shownCredits(allowed)} of a `;
      report.generation(row, {
        case: 'above',
        credits: left,
        entries: entriesOfType(view, row, CAPTURE),
        evidence: `${shownCredits(first)} captured for a ${inTheEnd}price of ${shownCredits(priced)}; ${shownCredits(left)} too much after refunds.`,
      });
    }
  },
};
