import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient, type Collection } from 'mongodb';
import { COLLECTION_NAMES } from '#store/collections.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { openTestStore } from '../../support/test-server.ts';
import { startServerProcess } from '../../faults/processes.ts';
import { fillQueue, queuedBatches } from '../queued-jobs.ts';
import { medianCase, peakMemoryCase, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { ownServerFacts, serverFacts } from '../server-facts.ts';

interface NaiveJob {
  readonly _id: string;
  readonly state: string;
  readonly priority: number;
  readonly notBefore: Date;
}

const BATCH = 100;
const LEASE_MS = 60_000;
const WARM_UP_JOBS = 300;

/**
 * `npm run bench -- claims [--jobs N] [--rounds N] [--uri URI] [--quick] [--json]`: jobs claimed a second, in batches as the runner
 * claims them, once without a price and once with the reservation of one; beside what the driver's documentation suggests, one
 * `findOneAndUpdate` a job in the same order. Both alone, and eight at a time. The limit is a ping for each call of the naive way.
 * Exits 1 where a job was claimed twice or not at all.
 */
export async function runClaimsBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string' },
      rounds: { type: 'string' },
      uri: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs ?? (values.quick ? 200 : 1000));
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  const folder = await mkdtemp(path.join(tmpdir(), 'runledger-bench-'));
  const own = values.uri === undefined ? await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 }) : null;
  const uri = values.uri ?? `mongodb://127.0.0.1:${own?.port ?? 0}/?directConnection=true`;
  try {
    const server = own === null ? await serverFacts(uri) : await ownServerFacts(uri, { isDurable: true });
    const cases: BenchCase[] = [];
    // Connections, compiled code and the files of the server: what the first round would pay for.
    await warmUp(uri, { jobs: Math.min(jobs, WARM_UP_JOBS), lanes: 1 });
    for (const lanes of [1, 8]) cases.push(...(await casesOf(uri, { jobs, rounds, lanes })));
    cases.push(peakMemoryCase('memory of the process that claims, at most'));
    printReport({ benchmark: 'claims', setUp: { jobs, rounds, batch: BATCH, server }, cases }, values.json);
    return 0;
  } finally {
    await own?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function warmUp(uri: string, load: { readonly jobs: number; readonly lanes: number }): Promise<void> {
  await ourRate(uri, { ...load, priceCredits: 100 });
  await naiveRate(uri, load);
  await pingRate(uri, load);
}

async function casesOf(
  uri: string,
  { jobs, rounds, lanes }: { readonly jobs: number; readonly rounds: number; readonly lanes: number },
): Promise<readonly BenchCase[]> {
  const rates = {
    free: new Array<number>(),
    priced: new Array<number>(),
    naive: new Array<number>(),
    pings: new Array<number>(),
  };
  for (let round = 0; round < rounds; round += 1) {
    rates.free.push(await ourRate(uri, { jobs, lanes, priceCredits: 0 }));
    rates.naive.push(await naiveRate(uri, { jobs, lanes }));
    rates.priced.push(await ourRate(uri, { jobs, lanes, priceCredits: 100 }));
    rates.pings.push(await pingRate(uri, { jobs, lanes }));
  }
  const beside = {
    unit: 'jobs/s',
    peer: rates.naive,
    peerName: 'findOneAndUpdate for each job',
    limit: rates.pings,
    limitName: 'pings a second',
  };
  const by = `by ${lanes === 1 ? 'one' : lanes} at a time`;
  return [
    medianCase({ name: `jobs claimed in batches of ${BATCH}, ${by}`, ours: rates.free, ...beside }),
    medianCase({ name: `jobs claimed in batches of ${BATCH} and reserved for, ${by}`, ours: rates.priced, ...beside }),
  ];
}

async function ourRate(
  uri: string,
  load: { readonly jobs: number; readonly lanes: number; readonly priceCredits: number },
): Promise<number> {
  const dbName = `bench_claims_${randomUUID().slice(0, 8)}`;
  const store = await openTestStore(uri, dbName);
  try {
    await fillQueue(store, load);
    return await claimedRate(load, async (lane) => {
      const batch = await store.writer.claimBatch({ runnerId: `bench-${lane}`, limit: BATCH, leaseMs: LEASE_MS });
      return expectOk(batch).map(({ _id }) => _id);
    });
  } finally {
    await store.close();
    await dropped(uri, dbName);
  }
}

async function naiveRate(uri: string, load: { readonly jobs: number; readonly lanes: number }): Promise<number> {
  const dbName = `bench_naive_${randomUUID().slice(0, 8)}`;
  const client = await new MongoClient(uri).connect();
  try {
    const jobs: Collection<NaiveJob> = client.db(dbName).collection<NaiveJob>(COLLECTION_NAMES.jobs);
    await jobs.createIndex({ state: 1, priority: -1, notBefore: 1, _id: 1 });
    // The same documents, which weigh the same.
    for (const batch of queuedBatches(load.jobs, { createdAt: new Date() }))
      await jobs.insertMany(batch.map((job) => ({ ...job })));
    return await claimedRate(load, async () => {
      const found = await jobs.findOneAndUpdate(
        { state: 'queued', notBefore: { $lte: new Date() } },
        [{ $set: { state: 'running', lease: { until: { $add: ['$$NOW', LEASE_MS] } } } }],
        { sort: { priority: -1, notBefore: 1 }, returnDocument: 'after' },
      );
      return found === null ? [] : [found._id];
    });
  } finally {
    await client.close();
    await dropped(uri, dbName);
  }
}

async function pingRate(uri: string, load: { readonly jobs: number; readonly lanes: number }): Promise<number> {
  const client = await new MongoClient(uri).connect();
  try {
    const admin = client.db('admin');
    const each = Math.ceil(load.jobs / load.lanes);
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: load.lanes }, async () => {
        for (let n = 0; n < each; n += 1) await admin.command({ ping: 1 });
      }),
    );
    return (each * load.lanes * 1000) / (performance.now() - startedAt);
  } finally {
    await client.close();
  }
}

/** Claims on each lane until all are claimed. Throws where one was claimed twice. @returns jobs a second */
async function claimedRate(
  { jobs, lanes }: { readonly jobs: number; readonly lanes: number },
  claim: (lane: number) => Promise<readonly string[]>,
): Promise<number> {
  const claimed: string[] = [];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (;;) {
        const found = await claim(lane);
        claimed.push(...found);
        if (found.length === 0 && claimed.length >= jobs) return;
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const distinct = new Set(claimed).size;
  if (claimed.length !== jobs || distinct !== jobs)
    throw new Error(`${claimed.length} claims of ${distinct} jobs, where there are ${jobs}`);
  return jobs / seconds;
}

async function dropped(uri: string, dbName: string): Promise<void> {
  const client = await new MongoClient(uri).connect();
  await client.db(dbName).dropDatabase();
  await client.close();
}
