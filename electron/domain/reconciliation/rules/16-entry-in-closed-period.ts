import type { Rule } from '../rule.ts';
import { netOfEntry, periodCode, periodOfCode } from '../view.ts';

/** An entry that came after the books of its month were closed. */
export const entryInClosedPeriod: Rule = {
  number: 16,
  name: 'entry_in_closed_period',
  title: 'Entry dated in a closed period',
  sentence: 'The entry is dated in a month that was already closed when it came.',
  evidence: 'The date and the month of the entry; the close of that month did not count it.',
  cases: { late: { sentence: 'It came late; the next month lists it.', mend: 'accept' } },
  scan({ view, seen, options }, report) {
    // With a month everything before it is closed too.
    const through = Math.max(0, ...options.closedPeriods.map(periodCode));
    if (through === 0) return;
    const openFromMs = startOf(through + 1);
    const { entries } = view;
    for (let entry = 0; entry < entries.count; entry += 1) {
      if (seen.sealedIn[entry] !== 0) continue;
      const atMs = entries.atMs[entry] ?? 0;
      const period = entries.period[entry] ?? 0;
      if (period > through && atMs >= openFromMs) continue;
      report.entry(entry, {
        case: 'late',
        credits: netOfEntry(entries, entry),
        evidence: `Dated ${new Date(atMs).toISOString()}, month ${periodOfCode(period)}, and not counted when it was closed.`,
      });
    }
  },
};

function startOf(code: number): number {
  return Date.parse(`${periodOfCode(code)}-01T00:00:00Z`);
}
