import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { expectOk } from '../../support/expect-ok.ts';
import { openTestStore } from '../../support/test-server.ts';
import { quantile } from '../figures.ts';
import { fillQueue } from '../queued-jobs.ts';
import type { Growth } from './growth.ts';

const BATCH = 100;
const CLAIMS = 8;
const LEASE_MS = 60_000;

/** What a batch of a hundred jobs costs to be paid for and claimed while ever more wait, and what the first one costs a new runner. */
export async function claimGrowth(uri: string, sizes: readonly number[]): Promise<readonly Growth[]> {
  const [first, next]: [[number, number][], [number, number][]] = [[], []];
  for (const size of sizes) {
    const dbName = `growth_claims_${randomUUID().slice(0, 8)}`;
    const store = await openTestStore(uri, dbName);
    try {
      await fillQueue(store, { jobs: size, priceCredits: 100 });
      const times: number[] = [];
      for (let n = 0; n <= CLAIMS; n += 1) {
        const startedAt = performance.now();
        const claimed = expectOk(await store.writer.claimBatch({ runnerId: 'bench', limit: BATCH, leaseMs: LEASE_MS }));
        times.push(performance.now() - startedAt);
        if (claimed.length !== BATCH) throw new Error(`${claimed.length} of ${BATCH} jobs were claimed`);
      }
      const [firstMs = Number.NaN, ...nextMs] = times;
      first.push([size, firstMs]);
      next.push([size, quantile(nextMs, 0.5)]);
    } finally {
      await store.close();
      const client = await new MongoClient(uri).connect();
      await client.db(dbName).dropDatabase();
      await client.close();
    }
  }
  return [
    { name: `claims: the first batch of ${BATCH} of a new runner`, of: 'jobs that wait', points: first },
    { name: `claims: a batch of ${BATCH}, reserved for`, of: 'jobs that wait', points: next },
  ];
}
