import { shownCredits } from '../../credits.ts';
import type { Rule } from '../rule.ts';
import { COMPLETED } from '../view.ts';

/** A delivered generation that nobody paid for. */
export const completedWithoutCapture: Rule = {
  number: 2,
  name: 'completed_without_capture',
  title: 'Completed without capture',
  sentence: 'The generation was delivered, costs something in the end, and nothing was captured for it.',
  evidence: 'The completed job with its price, and the entries of the generation, none of which is a capture.',
  cases: { owed: { sentence: 'No capture stands, and none is on its way.', mend: 'capture_owed' } },
  scan({ view, totals }, report) {
    const { outcome, price, due, count } = view.generations;
    for (let row = 0; row < count; row += 1) {
      const owed = due[row] ?? 0;
      if (outcome[row] !== COMPLETED || owed <= 0 || totals.captured[row] !== 0) continue;
      const inTheEnd = owed === price[row] ? '' : `, ${shownCredits(owed)} in the end`;
      report.generation(row, {
        case: 'owed',
        credits: -owed,
        entries: null,
        evidence: `Completed at a price of ${shownCredits(price[row] ?? 0)}${inTheEnd}; ${shownCredits(0)} captured.`,
      });
    }
  },
};
