import { shownCredits } from '../../credits.ts';
import type { Rule } from '../rule.ts';
import { SEEN_DIFFERENT } from '../seen-entries.ts';

/** The ledger is append-only: what was seen once must be seen again as it was. */
export const entryChanged: Rule = {
  number: 17,
  name: 'entry_changed',
  title: 'Entry changed after it was seen',
  sentence: 'An entry is no longer what it was when an earlier run saw it.',
  evidence: 'The digest of the entry then and now.',
  cases: {
    changed: { sentence: 'The entry says something else.', mend: 'accept' },
    gone: { sentence: 'The entry is no longer in the ledger.', mend: 'accept' },
  },
  scan({ view, seen, options }, report) {
    const { entries } = view;
    for (let entry = 0; entry < entries.count; entry += 1) {
      if (seen.state[entry] !== SEEN_DIFFERENT) continue;
      report.entry(entry, { case: 'changed', credits: 0, evidence: 'Its digest is not the one that was seen.' });
    }
    for (const row of seen.gone) {
      const net = options.seen.net[row] ?? 0;
      report.gone(row, { case: 'gone', credits: net, evidence: `It had added ${shownCredits(net)} to its account.` });
    }
  },
};
