import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import type { Load, LoadOptions } from './load.ts';

const SILENT = new Logger(() => () => undefined);
const INSERT_BATCH = 1000;

/** As many no-op jobs for graphile-worker on a PostgreSQL of its own. */
export async function prepareGraphileLoad({ uri, jobs, concurrency }: LoadOptions): Promise<Load> {
  const utils = await makeWorkerUtils({ connectionString: uri, logger: SILENT });
  await utils.migrate();
  for (let start = 0; start < jobs; start += INSERT_BATCH) {
    const batch = Array.from({ length: Math.min(INSERT_BATCH, jobs - start) }, (_, n) => ({
      identifier: 'no-op',
      payload: { n: start + n },
    }));
    await utils.addJobs(batch);
  }
  let done = 0;
  const countLeft = (): Promise<number> =>
    utils.withPgClient(async (client) => {
      const { rows } = await client.query<{ left: string }>('select count(*) as left from graphile_worker.jobs');
      return Number(rows[0]?.left);
    });
  return {
    run: async () => {
      const all = Promise.withResolvers<void>();
      const startedAt = performance.now();
      const runner = await run({
        connectionString: uri,
        concurrency,
        logger: SILENT,
        noHandleSignals: true,
        pollInterval: 20,
        maxPoolSize: 10,
        taskList: { 'no-op': () => undefined },
      });
      runner.events.on('job:success', () => {
        done += 1;
        if (done === jobs) all.resolve();
      });
      await all.promise;
      // The event comes before the job's row is gone.
      while ((await countLeft()) > 0);
      const ms = performance.now() - startedAt;
      await runner.stop();
      return ms;
    },
    check: async () => {
      const left = await countLeft();
      if (left !== 0 || done !== jobs) throw new Error(`${left} of ${jobs} jobs were not finished`);
      return done;
    },
    close: async () => {
      await utils.release();
    },
  };
}
