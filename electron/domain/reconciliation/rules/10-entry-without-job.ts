import { shownCredits } from '../../credits.ts';
import { MEND_N_STEP, refundsThatCount } from '../generation-totals.ts';
import { isNoGeneration } from '../rows.ts';
import type { Report, Rule, RuleInput } from '../rule.ts';
import { ADJUST, GRANT, netOfEntry, NO_JOB, RELEASE, type LedgerView } from '../view.ts';

/** Credits moved for a job that is not there. */
export const entryWithoutJob: Rule = {
  number: 10,
  name: 'entry_without_job',
  title: 'Entry without job',
  sentence: 'Credits moved in the name of a job that does not exist or has nothing to do with it.',
  evidence: 'The entries, and that no job has their id or their generation.',
  cases: {
    unknown_generation: { sentence: 'No job knows the generation of these entries.', mend: 'adjustment' },
    no_generation: { sentence: 'The entry is of a type that belongs to a generation, and names none.', mend: 'accept' },
    unknown_job: { sentence: 'The entry names a job that does not exist.', mend: 'accept' },
    other_job: { sentence: 'The entry names another job than the one its generation belongs to.', mend: 'accept' },
  },
  scan(input, report) {
    scanGenerations(input, report);
    scanEntries(input, report);
  },
};

function scanGenerations({ view, totals }: RuleInput, report: Report): void {
  const { generations } = view;
  const explained = totals.explained.get(10);
  for (let row = 0; row < generations.count; row += 1) {
    if (generations.outcome[row] !== NO_JOB || isNoGeneration(view, row) || !hasOffendingEntry(view, row)) continue;
    const net = (totals.captured[row] ?? 0) - refundsThatCount(totals, row) - (explained?.credits[row] ?? 0);
    // An adjustment that says why makes the entries explained, also where they add up to nothing.
    if (net === 0 && (explained?.count[row] ?? 0) > 0) continue;
    report.generation(row, {
      case: 'unknown_generation',
      credits: net,
      entries: null,
      evidence: `Entries of a generation that no job knows; ${shownCredits(net)} taken from the customer in sum.`,
    });
  }
}

/** Entries that mend (the release of a hold that has no job, the explanation itself) are no offence of their own. */
function hasOffendingEntry(view: LedgerView, generation: number): boolean {
  const { entryStart } = view.generations;
  for (let entry = entryStart[generation] ?? 0; entry < (entryStart[generation + 1] ?? 0); entry += 1) {
    const type = view.entries.type[entry];
    const isMend = (view.entries.n[entry] ?? 0) >= MEND_N_STEP;
    if (!(isMend && (type === RELEASE || type === ADJUST))) return true;
  }
  return false;
}

function scanEntries({ view }: RuleInput, report: Report): void {
  const { entries, generations, jobs } = view;
  for (let entry = 0; entry < entries.count; entry += 1) {
    const generation = entries.generation[entry] ?? 0;
    const job = entries.job[entry] ?? -1;
    const owner = generations.job[generation] ?? -1;
    const isUnbound = generations.id[generation] === 0;
    if (job === owner && !isUnbound) continue;
    const type = entries.type[entry] ?? 0;
    // `credits` says what the customer is owed: the opposite of what the entry gave.
    const credits = -netOfEntry(entries, entry);
    if (isUnbound && type !== GRANT && type !== ADJUST) {
      report.entry(entry, { case: 'no_generation', credits, evidence: 'The entry names no generation.' });
    } else if (job >= 0 && jobs.presence[job] === 0 && (isUnbound || owner >= 0)) {
      const evidence = `There is no job ${view.jobIds.text(job)}.`;
      report.entry(entry, { case: 'unknown_job', credits, evidence });
    } else if (job >= 0 && owner >= 0 && jobs.presence[job] !== 0) {
      const evidence = `The generation belongs to job ${view.jobIds.text(owner)}.`;
      report.entry(entry, { case: 'other_job', credits, evidence });
    }
  }
}
