import type { Books } from '#domain/invariants.ts';
import type { Job } from '#domain/job.ts';
import type { ReadableStore } from './ports.ts';

/**
 * Everything on the server as it stands, held in memory: for checks of a deployment that is small. Documents that are no jobs
 * are left out. Throws the driver's error when the server goes away.
 */
export async function readBooks(reader: ReadableStore): Promise<Books> {
  const jobs: Job[] = [];
  for await (const document of reader.iterateJobs()) if (document.type === 'job') jobs.push(document.job);
  return {
    jobs,
    accounts: await Array.fromAsync(reader.iterateAccounts()),
    ledger: await Array.fromAsync(reader.iterateLedger()),
  };
}
