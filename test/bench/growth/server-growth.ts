import { MongoClient } from 'mongodb';
import { measured } from '../sandbox/rounds.ts';
import { documentWorkloads, fill, insertWorkload, type BenchDocument } from '../sandbox/workloads.ts';
import type { Growth } from './growth.ts';

/** Rounds at each size; the fastest counts, because what slows one down is somebody else's. */
const ROUNDS = 3;
const ROUND_MS_MAX = 1000;

/** What a call of each workload costs on collections of these sizes. */
export async function serverGrowth(uri: string, sizes: readonly number[], calls: number): Promise<readonly Growth[]> {
  const client = await new MongoClient(uri, { maxPoolSize: 1 }).connect();
  const db = client.db(`growth_${process.pid}`);
  const documents = db.collection<BenchDocument>('documents');
  const costs = new Map<string, [number, number][]>();
  try {
    for (const size of sizes) {
      await fill(documents, size);
      const insert = await insertWorkload(client.db(`growth_${process.pid}_${size}`), Math.max(1, calls / 500));
      let from = 0;
      for (const workload of [...documentWorkloads(documents, size, calls), insert]) {
        let best = Number.POSITIVE_INFINITY;
        for (let round = 0; round <= ROUNDS; round += 1) {
          const one = await measured(workload, { from, calls: workload.calls, lanes: 1, msMax: ROUND_MS_MAX });
          from += one.calls;
          // The first one warms up.
          if (round > 0) best = Math.min(best, (one.seconds * 1000) / one.calls);
        }
        const points = costs.get(workload.name) ?? [];
        points.push([size, best]);
        costs.set(workload.name, points);
      }
      await client.db(`growth_${process.pid}_${size}`).dropDatabase();
    }
    return [...costs].map(([name, points]) => ({ name: `sandbox: ${name}, a call`, of: 'documents', points }));
  } finally {
    await db.dropDatabase();
    await client.close();
  }
}
