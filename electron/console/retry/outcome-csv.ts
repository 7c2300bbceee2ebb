import type { JobOutcome } from '#domain/retry-plan/plan-record.ts';
import { csvFile } from '../reconciliation/csv.ts';

/** What became of the jobs of a plan as the lines of a CSV file. Credits in the smallest unit. */
export function outcomeCsv(outcomes: Iterable<JobOutcome>): Iterable<string> {
  return csvFile<JobOutcome>(
    [
      { title: 'job', value: (row) => row.jobId },
      { title: 'workspace', value: (row) => row.workspaceId },
      { title: 'outcome', value: (row) => row.outcome },
      { title: 'class', value: (row) => row.failureClass },
      { title: 'why', value: (row) => row.why },
      { title: 'price credits', value: (row) => row.priceCredits },
      { title: 'paid credits', value: (row) => row.paidCredits },
      { title: 'generation', value: (row) => row.generationId },
    ],
    outcomes,
  );
}
