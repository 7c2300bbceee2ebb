import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Load, LoadOptions } from './load.ts';

const INSERT_BATCH = 1000;

/** As many no-op jobs for BullMQ on a Redis of its own. */
export async function prepareBullmqLoad({ uri, jobs, concurrency }: LoadOptions): Promise<Load> {
  // A worker waits on its connection, so that it makes another of its own from this one.
  const connection = new Redis(uri, { maxRetriesPerRequest: null });
  const queue = new Queue(`bench-${randomUUID().slice(0, 8)}`, { connection });
  for (let start = 0; start < jobs; start += INSERT_BATCH) {
    const count = Math.min(INSERT_BATCH, jobs - start);
    await queue.addBulk(Array.from({ length: count }, (_, n) => ({ name: 'no-op', data: { n: start + n } })));
  }
  return {
    run: async () => {
      let done = 0;
      const all = Promise.withResolvers<void>();
      const startedAt = performance.now();
      const worker = new Worker(queue.name, () => Promise.resolve(), { connection, concurrency });
      worker.on('completed', () => {
        done += 1;
        if (done === jobs) all.resolve();
      });
      await all.promise;
      const ms = performance.now() - startedAt;
      await worker.close();
      return ms;
    },
    check: async () => {
      const completed = await queue.getCompletedCount();
      if (completed !== jobs) throw new Error(`${completed} of ${jobs} jobs were finished`);
      return completed;
    },
    close: async () => {
      await queue.obliterate({ force: true });
      await queue.close();
      connection.disconnect();
    },
  };
}
