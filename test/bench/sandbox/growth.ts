import { MongoClient } from 'mongodb';
import { benchCase, fittedExponent, type BenchCase } from '../figures.ts';
import { measured } from './rounds.ts';
import { documentWorkloads, fill, insertWorkload, type BenchDocument } from './workloads.ts';

/** Rounds at each size; the fastest counts, because what slows one down is somebody else's. */
const ROUNDS = 3;
const ROUND_MS_MAX = 1000;

/** How the cost of one call grows with the size of the collection: the fitted exponent, 0 for flat and 1 for a scan. */
export async function measureGrowth(
  uri: string,
  sizes: readonly number[],
  calls: number,
): Promise<readonly BenchCase[]> {
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
          if (round > 0) best = Math.min(best, one.seconds / one.calls);
        }
        const points = costs.get(workload.name) ?? [];
        points.push([size, best]);
        costs.set(workload.name, points);
      }
      await client.db(`growth_${process.pid}_${size}`).dropDatabase();
    }
    return [...costs].map(([name, points]) => caseOf(name, points));
  } finally {
    await db.dropDatabase();
    await client.close();
  }
}

function caseOf(name: string, points: readonly (readonly [number, number])[]): BenchCase {
  const sizes = points.map(([size]) => size);
  const perCall = points.map(([size, cost]) => `${size}: ${(cost * 1000).toFixed(3)} ms`).join(', ');
  const exponent = fittedExponent(points);
  return benchCase({
    name: `growth of ${name} from ${sizes[0] ?? 0} to ${sizes.at(-1) ?? 0} documents (${perCall})`,
    unit: 'fitted exponent',
    ours: exponent,
    limit: null,
    aim: 'flat: under 0.1',
    isReached: exponent < 0.1,
  });
}
