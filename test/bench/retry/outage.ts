import { jobSchema, type Job } from '#domain/job.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { BOOKS_AS_OF_MS } from '../cache/seeded-books.ts';

/** So that the whole plan stays below what a second person would have to approve. */
export const PRICE_CREDITS = 1;
export const WORKSPACES = 500;
const OUTAGE_MS = 3 * 3_600_000;
const WRITTEN_AT_ONCE = 2000;
const KINDS = [
  ['website', 'gpt-5.5'],
  ['image', 'flux-2-pro'],
  ['document', 'claude-6'],
] as const;

/** Jobs that failed in an outage of three hours, with what they left in the ledger. */
export interface Outage {
  readonly jobs: readonly Job[];
  readonly entries: readonly LedgerEntry[];
}

/** The jobs of an outage in blocks; the same for the same number. */
export function* outageOf(jobs: number): Iterable<Outage> {
  for (let start = 0; start < jobs; start += WRITTEN_AT_ONCE) {
    const some = Array.from({ length: Math.min(WRITTEN_AT_ONCE, jobs - start) }, (_, n) => outageJob(start + n, jobs));
    yield { jobs: some, entries: some.flatMap(entriesOf) };
  }
}

function outageJob(n: number, jobs: number): Job {
  const [kind, model] = KINDS[n % KINDS.length] ?? KINDS[0];
  const at = new Date(BOOKS_AS_OF_MS - OUTAGE_MS + Math.floor((n / jobs) * OUTAGE_MS));
  const workspaceId = `outage-${n % WORKSPACES}`;
  const failed = failedJob({
    id: `b${n}`,
    workspaceId,
    kind,
    failureClass: 'temporary',
    priceCredits: PRICE_CREDITS,
    at,
  });
  return jobSchema.parse({
    ...failed,
    provider: { ...failed.provider, model },
    attempts: failed.attempts.map((attempt) => ({ ...attempt, model })),
  });
}
