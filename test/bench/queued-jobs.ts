import { expectOk } from '../support/expect-ok.ts';
import { grant, queuedJob } from '../support/job-builder.ts';
import type { Store } from '#store/connection.ts';

const WORKSPACES = 10;
const INSERTED_AT_ONCE = 1000;

/** The documents of so many jobs that wait, spread over ten workspaces, in batches as they are best inserted. */
export function* queuedBatches(
  jobs: number,
  fields: { readonly createdAt: Date; readonly priceCredits?: number },
): Generator<ReturnType<typeof queuedJob>[]> {
  for (let start = 0; start < jobs; start += INSERTED_AT_ONCE)
    yield Array.from({ length: Math.min(INSERTED_AT_ONCE, jobs - start) }, (_, n) =>
      queuedJob({ id: `j${start + n}`, workspaceId: `w${(start + n) % WORKSPACES}`, ...fields }),
    );
}

/** Makes the indexes, gives each workspace more than its jobs can cost, and lets so many jobs of a price wait. */
export async function fillQueue(
  store: Store,
  { jobs, priceCredits }: { jobs: number; priceCredits: number },
): Promise<void> {
  expectOk(await store.writer.createIndexes());
  for (let n = 0; n < WORKSPACES; n += 1)
    expectOk(await store.writer.postEntry(grant(`w${n}`, Math.max(1, jobs * priceCredits))));
  const createdAt = expectOk(await store.reader.serverNow());
  for (const batch of queuedBatches(jobs, { createdAt, priceCredits })) expectOk(await store.writer.insertJobs(batch));
}
