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
    if (options.closedPeriods.length === 0) return;
    const closed = new Set(options.closedPeriods.map(periodCode));
    const months = [...closed].map((code) => ({ startMs: startOf(code), endMs: startOf(code + 1) }));
    const firstMs = Math.min(...months.map((month) => month.startMs));
    const lastMs = Math.max(...months.map((month) => month.endMs));
    const { entries } = view;
    const isClosed = Uint8Array.from({ length: 65_536 }, (_, code) => (closed.has(code) ? 1 : 0));
    for (let entry = 0; entry < entries.count; entry += 1) {
      if (seen.isSealed[entry] === 1) continue;
      const atMs = entries.atMs[entry] ?? 0;
      const period = entries.period[entry] ?? 0;
      const isDatedInside =
        isClosed[period] === 1 ||
        (atMs >= firstMs && atMs < lastMs && months.some((month) => atMs >= month.startMs && atMs < month.endMs));
      if (!isDatedInside) continue;
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
