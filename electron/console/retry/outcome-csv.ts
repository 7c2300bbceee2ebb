import type { JobOutcome } from '#domain/retry-plan/plan-record.ts';
import { csvFile, type ExportColumn } from '../reconciliation/csv.ts';
import { quotesError } from './seen-outcome.ts';

/** What is said of each job of a plan. Credits in the smallest unit. */
export const outcomeColumns: readonly ExportColumn<JobOutcome>[] = [
  { title: 'job', value: (row) => row.jobId },
  { title: 'workspace', value: (row) => row.workspaceId },
  { title: 'act', value: (row) => row.act },
  { title: 'outcome', value: (row) => row.outcome },
  { title: 'class', value: (row) => row.failureClass },
  // The class tells of an error what somebody may read who need not see any job; its words may repeat the prompt.
  { title: 'why', value: (row) => (quotesError(row) ? '' : row.why), isWords: true },
  { title: 'price credits', value: (row) => row.priceCredits },
  { title: 'paid credits', value: (row) => row.paidCredits },
  { title: 'generation', value: (row) => row.generationId },
];

/** What became of the jobs of a plan as the lines of a CSV file. */
export function outcomeCsv(outcomes: Iterable<JobOutcome>): Iterable<string> {
  return csvFile(outcomeColumns, outcomes);
}
