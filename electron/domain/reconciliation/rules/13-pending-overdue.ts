import { counted } from '../../counted.ts';
import { compareText } from '../finding.ts';
import type { Report, Rule, RuleInput } from '../rule.ts';
import { netOfEntry, RELEASE, REFUND } from '../view.ts';

/** An entry is owed and nobody posts it. */
export const pendingOverdue: Rule = {
  number: 13,
  name: 'pending_overdue',
  title: 'Pending entry overdue',
  sentence: 'An entry that a state change owes has not been posted in time.',
  evidence: 'The entry as it is owed, and since when.',
  cases: {
    job: { sentence: 'The job still owes it.', mend: 'settle' },
    posting: { sentence: 'The account contains it, and it does not stand in the ledger.', mend: 'settle' },
  },
  scan(input, report) {
    scanJobs(input, report);
    scanPostings(input, report);
  },
};

function scanJobs({ view, options }: RuleInput, report: Report): void {
  const { pending } = view;
  const overdue = new Map<number, number[]>();
  for (let row = 0; row < pending.count; row += 1) {
    if ((pending.atMs[row] ?? 0) + options.pendingMsMax >= options.asOfMs) continue;
    const job = pending.job[row] ?? 0;
    const rows = overdue.get(job);
    if (rows === undefined) overdue.set(job, [row]);
    else rows.push(row);
  }
  for (const [job, rows] of overdue) {
    const keys = rows.map((row) => view.keys.text(pending.key[row] ?? 0)).toSorted(compareText);
    const atMs = Math.min(...rows.map((row) => pending.atMs[row] ?? 0));
    const credits = rows.reduce((sum, row) => {
      const isTheirs = pending.type[row] === RELEASE || pending.type[row] === REFUND;
      return sum + (isTheirs ? 1 : -1) * (pending.credits[row] ?? 0);
    }, 0);
    report.job(job, {
      case: 'job',
      credits,
      entryKeys: keys,
      atMs,
      evidence: `${counted(keys.length, 'entry', 'entries')} owed since ${new Date(atMs).toISOString()}.`,
    });
  }
}

function scanPostings({ view, options }: RuleInput, report: Report): void {
  const { entries } = view;
  for (let entry = 0; entry < entries.count; entry += 1) {
    if (entries.isPosting[entry] === 0) continue;
    const atMs = entries.atMs[entry] ?? 0;
    if (atMs + options.pendingMsMax >= options.asOfMs) continue;
    const evidence = `In the account since ${new Date(atMs).toISOString()} and not in the ledger.`;
    report.entry(entry, { case: 'posting', credits: netOfEntry(entries, entry), evidence });
  }
}
