import { MongoClient } from 'mongodb';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { WritableStore } from '#store/ports.ts';
import { demoGrants, demoJob } from './demo-jobs.ts';

/** What to fill an empty database with. */
export interface SeedOptions {
  readonly store: Pick<WritableStore, 'createIndexes' | 'insertJobs' | 'postEntry'>;
  readonly jobs: number;
  readonly random: () => number;
  readonly now: Date;
  /** Begins every job's id, so that two runs on one database do not meet. */
  readonly idPrefix: string;
  readonly onlySolvent?: boolean;
}

const INSERT_BATCH = 500;

/**
 * Creates the indexes, grants credits to the demo's workspaces and queues jobs. Repeating it with the same prefix changes
 * nothing. @returns how many jobs were new
 */
export async function seedDemo(options: SeedOptions): Promise<Result<number, AppError>> {
  const indexes = await options.store.createIndexes();
  if (!indexes.ok) return indexes;
  for (const entry of demoGrants(options.now)) {
    const posted = await options.store.postEntry(entry);
    if (!posted.ok) return posted;
  }
  let inserted = 0;
  for (let start = 0; start < options.jobs; start += INSERT_BATCH) {
    const batch = Array.from({ length: Math.min(INSERT_BATCH, options.jobs - start) }, (_, index) =>
      demoJob({
        id: `${options.idPrefix}${String(start + index + 1).padStart(6, '0')}`,
        random: options.random,
        createdAt: options.now,
        onlySolvent: options.onlySolvent === true,
      }),
    );
    const done = await options.store.insertJobs(batch);
    if (!done.ok) return done;
    inserted += done.value;
  }
  return ok(inserted);
}

/** Puts documents into the job collection that are no jobs, as they come about in years of production. Written with the bare driver. */
export async function seedMalformed(uri: string, dbName: string): Promise<void> {
  const client = new MongoClient(uri, { appName: 'Runledger demo' });
  try {
    const jobs = client.db(dbName).collection<{ _id: string }>('jobs');
    const documents = [
      { _id: 'legacy-0001', kind: 'website', status: 'done', prompt: 'A page from before states had names' },
      { _id: 'legacy-0002', kind: 'image', state: 'paused', version: 3, workspaceId: 'acorn-studio' },
      { _id: 'legacy-0003', state: 'queued', billing: { price: -5 } },
    ];
    for (const document of documents) {
      await jobs.updateOne({ _id: document._id }, { $setOnInsert: document }, { upsert: true });
    }
  } finally {
    await client.close();
  }
}
