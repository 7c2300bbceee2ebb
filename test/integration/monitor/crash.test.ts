import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Collection } from 'mongodb';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { expectConsistent, untilSame } from './copy-check.ts';
import { setupCopy, type MonitoredCopy } from './monitored-copy.ts';

/** How often the process is killed; more by hand: RUNLEDGER_CRASH_ROUNDS=200. */
const ROUNDS = Number(process.env['RUNLEDGER_CRASH_ROUNDS'] ?? 8);
const SECONDS_PER_ROUND = 15;

let server: TestServer;
let store: Store;
let copy: MonitoredCopy;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.client.db(server.dbName).dropDatabase();
  store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  copy = setupCopy();
});
afterEach(async () => {
  await copy.end();
  await store.close();
});

/** Lets a process keep the copy and kills it when it has told so many things, in the middle of whatever it does then. */
async function keepAndKill(lines: number): Promise<void> {
  const script = fileURLToPath(new URL('copy-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, server.uri, server.dbName, copy.file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let told = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    told += 1;
    if (told === lines) child.kill('SIGKILL');
  }
  // Had it ended by itself, for example because the file was found damaged, nothing would have been proved.
  expect(await exited).toEqual([null, 'SIGKILL']);
}

/** What goes on on the server meanwhile: jobs come, run, fail and are deleted. */
async function changeServer(jobs: Collection<{ _id: string }>, round: number, random: () => number): Promise<void> {
  const fresh = Array.from({ length: 25 }, (_, n) =>
    queuedJob({ id: `job-${Math.floor(random() * 1000)}-${round}-${n}`, createdAt: new Date() }),
  );
  expectOk(await store.writer.insertJobs(fresh));
  expectOk(await store.writer.reserveDue({ limit: 10 }));
  expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit: 5, leaseMs: 60_000 }));
  const ids = (await jobs.find().project<{ _id: string }>({ _id: 1 }).toArray()).map(({ _id }) => _id);
  await jobs.deleteMany({ _id: { $in: ids.filter(() => random() < 0.05) } });
}

describe('a copy whose process is killed', () => {
  it(
    `equals the server in the end, after ${ROUNDS} kills at random points while the server changes`,
    { timeout: (ROUNDS + 4) * SECONDS_PER_ROUND * 1000 },
    async () => {
      const jobs = server.client.db(server.dbName).collection<{ _id: string }>('jobs');
      const seed = Math.floor(Math.random() * 2 ** 31);
      const [random] = fc.sample(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })), {
        numRuns: 1,
        seed,
      });
      const next = (): number => Number(random?.next().value ?? 0);
      expectOk(await store.writer.postEntry(grant('w1', 1_000_000)));
      // Nobody else has the file open while its process dies, so that the next one finds it as the dead one left it.
      copy.cache.close();
      for (let round = 0; round < ROUNDS; round += 1) {
        await Promise.all([keepAndKill(1 + Math.floor(next() * 12)), changeServer(jobs, round, next)]);
        expectConsistent(copy.file);
      }
      const left = setupCopy(copy.file);
      left.start(store.changes);
      await untilSame(left.cache, store.changes).catch((cause: unknown) => {
        throw new Error(`the seed was ${seed}`, { cause });
      });
      expectConsistent(copy.file);
      expect(left.statuses.at(-1)?.error).toBeNull();
      await left.end();
    },
  );
});
