import { shownCredits } from '../../credits.ts';
import type { Rule } from '../rule.ts';

/** An account that has given more than it had. */
export const negativeAvailability: Rule = {
  number: 15,
  name: 'negative_availability',
  title: 'Negative availability',
  sentence: 'The account has fewer than no credits available.',
  evidence: 'The figures of the account.',
  cases: { below_zero: { sentence: 'Available is below zero.', mend: 'adjustment' } },
  scan({ view }, report) {
    const { accounts } = view;
    for (let row = 0; row < accounts.isPresent.length; row += 1) {
      const available = accounts.available[row] ?? 0;
      if (available >= 0) continue;
      report.workspace(row, {
        case: 'below_zero',
        credits: available,
        evidence: `Available is ${shownCredits(available)}.`,
      });
    }
  },
};
