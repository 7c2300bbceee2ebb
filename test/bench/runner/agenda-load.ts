import { randomUUID } from 'node:crypto';
import { MongoBackend } from '@agendajs/mongo-backend';
import { Agenda } from 'agenda';
import { MongoClient } from 'mongodb';
import type { Load, LoadOptions, Stream } from './load.ts';

/** Often enough that agenda never waits for its own timer. */
const PROCESS_EVERY_MS = 20;

/** As many no-op jobs for agenda with its MongoDB back end, whose limits are all set to the same concurrency. */
export async function prepareAgendaLoad({ uri, jobs, concurrency }: LoadOptions): Promise<Load> {
  const client = await new MongoClient(uri).connect();
  const db = client.db(`bench_${randomUUID().slice(0, 8)}`);
  const agenda = new Agenda({
    backend: new MongoBackend({ mongo: db }),
    processEvery: PROCESS_EVERY_MS,
    maxConcurrency: concurrency,
    defaultConcurrency: concurrency,
  });
  await agenda.ready;
  for (let n = 0; n < jobs; n += 1) await agenda.now('no-op', { n });
  return {
    run: async () => {
      let left = jobs;
      const done = Promise.withResolvers<void>();
      agenda.define('no-op', () => undefined);
      // `complete` comes when the job's end has been saved.
      agenda.on('complete', () => {
        left -= 1;
        if (left === 0) done.resolve();
      });
      const startedAt = performance.now();
      await agenda.start();
      await done.promise;
      return performance.now() - startedAt;
    },
    check: async () => {
      const left = await db.collection('agendaJobs').countDocuments({ lastFinishedAt: null });
      if (left > 0) throw new Error(`${left} of ${jobs} jobs were not finished`);
      return db.collection('agendaJobs').countDocuments({ lastFinishedAt: { $ne: null } });
    },
    close: async () => {
      await agenda.stop();
      await db.dropDatabase();
      await client.close();
    },
  };
}

/** Agenda with nothing to do, and as many places as our own runner has in the same measurement. */
export async function openAgendaStream(uri: string, onStarted: (id: string) => void): Promise<Stream> {
  const client = await new MongoClient(uri).connect();
  const db = client.db(`bench_${randomUUID().slice(0, 8)}`);
  const agenda = new Agenda({
    backend: new MongoBackend({ mongo: db }),
    processEvery: PROCESS_EVERY_MS,
    maxConcurrency: 100,
    defaultConcurrency: 100,
  });
  await agenda.ready;
  agenda.define<{ readonly id: string }>('no-op', (job) => onStarted(job.attrs.data.id));
  await agenda.start();
  return {
    enqueue: async (id) => {
      await agenda.now('no-op', { id });
    },
    close: async () => {
      await agenda.stop();
      await db.dropDatabase();
      await client.close();
    },
  };
}
