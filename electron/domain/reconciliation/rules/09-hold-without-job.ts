import { shownCredits } from '../../credits.ts';
import { isNoGeneration } from '../rows.ts';
import type { Rule } from '../rule.ts';
import { NO_JOB } from '../view.ts';

/** Credits are locked for a generation that no job knows. */
export const holdWithoutJob: Rule = {
  number: 9,
  name: 'hold_without_job',
  title: 'Hold without job',
  sentence: 'Credits of the customer are reserved for a generation that belongs to no job.',
  evidence: 'The hold in the account; no job and no entry of one names its generation.',
  cases: { no_job: { sentence: 'There is no such job.', mend: 'release' } },
  scan({ view }, report) {
    const { holds, generations } = view;
    for (let row = 0; row < holds.count; row += 1) {
      const generation = holds.generation[row] ?? 0;
      if (generations.outcome[generation] !== NO_JOB || isNoGeneration(view, generation)) continue;
      const credits = holds.credits[row] ?? 0;
      report.generation(generation, {
        case: 'no_job',
        credits,
        entries: null,
        evidence: `${shownCredits(credits)} held since ${new Date(holds.atMs[row] ?? 0).toISOString()}.`,
      });
    }
  },
};
