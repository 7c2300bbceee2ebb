import { MongoClient } from 'mongodb';
import { queuedJob } from '../../support/job-builder.ts';
import { prepareRunledgerLoad } from '../runner/runledger-load.ts';
import type { Growth } from './growth.ts';

const INSERT_BATCH = 2000;

/** What a job costs beside more and more jobs that are over. The load's own check holds that it did its work. */
export async function runnerGrowth(
  uri: string,
  options: { readonly sizes: readonly number[]; readonly jobs: number; readonly concurrency: number },
): Promise<readonly Growth[]> {
  const points: [number, number][] = [];
  for (const others of options.sizes) {
    const load = await prepareRunledgerLoad({ uri, jobs: options.jobs, concurrency: options.concurrency });
    try {
      await insertOver(uri, load.dbName, others);
      const ms = await load.run();
      await load.check();
      points.push([others, ms / options.jobs]);
    } finally {
      await load.close();
    }
  }
  return [{ name: 'runner: a job from its claim to its capture', of: 'jobs that are over', points }];
}

/** Jobs that came to their end earlier. They are there for the indexes to hold; nothing is charged for them. */
async function insertOver(uri: string, dbName: string, count: number): Promise<void> {
  const client = await new MongoClient(uri).connect();
  const jobs = client.db(dbName).collection<{ readonly _id: string; readonly [field: string]: unknown }>('jobs');
  for (let start = 0; start < count; start += INSERT_BATCH) {
    const documents = Array.from({ length: Math.min(INSERT_BATCH, count - start) }, (_, n) => overJob(start + n));
    await jobs.insertMany(documents, { ordered: false });
  }
  await client.close();
}

function overJob(n: number): { readonly _id: string; readonly [field: string]: unknown } {
  const at = new Date(Date.UTC(2026, 0, 1) + n * 1000);
  const job = queuedJob({ id: `over${n}`, workspaceId: `w${n % 10}`, priceCredits: 0, createdAt: at });
  const output = { uri: 'artefact://over', mime: 'text/html', bytes: 1, sha256: 'a'.repeat(64) };
  const [created] = job.history;
  const steps = (['running', 'validating', 'completed'] as const).map((to, index) => ({
    ...created,
    seq: index + 2,
    from: (['queued', 'running', 'validating'] as const)[index],
    to,
  }));
  return { ...job, state: 'completed', output, history: [created, ...steps], version: 3 };
}
