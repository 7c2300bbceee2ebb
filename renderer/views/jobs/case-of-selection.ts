import { CASE_JOBS_MAX, type CaseChoice } from '#contract/requests/jobs.ts';
import type { JobSelection } from '../../state/job-selection.ts';

/** What a case pack of the chosen jobs is asked for by: the engine looks up itself which jobs a filter stands for. */
export function caseOf(selection: JobSelection): CaseChoice {
  return selection.kind === 'ids'
    ? { type: 'ids', ids: [...selection.ids] }
    : { type: 'filter', filter: selection.filter };
}

/**
 * Why no case pack can be made of so many jobs, as a sentence; null where one can.
 * @param counted how many are chosen, and whether the count ended there; undefined while they are being counted
 */
export function whyNoCase(counted: { readonly count: number; readonly isExact: boolean } | undefined): string | null {
  if (counted === undefined) return 'The jobs are being counted.';
  if (counted.count === 0) return 'No job is there to be packed.';
  if (!counted.isExact || counted.count > CASE_JOBS_MAX) return `A case holds at most ${CASE_JOBS_MAX} jobs.`;
  return null;
}
