import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { MongoClient, type Db } from 'mongodb';
import { wholeNumber } from '#cli/whole-number.ts';
import { PlanDesk } from '#console/retry/plan-desk.ts';
import { runPlan } from '#console/retry/plan-run.ts';
import type { Job } from '#domain/job.ts';
import type { PlanRecord } from '#domain/retry-plan/plan-record.ts';
import { wait } from '#engine/wait.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { grant } from '../../support/job-builder.ts';
import { openTestStore } from '../../support/test-server.ts';
import { startServerProcess } from '../../faults/processes.ts';

interface Options {
  readonly jobs: number;
  readonly run: number;
  readonly uri?: string;
  readonly json?: boolean;
}

interface BareEntry {
  readonly _id: string;
}

interface BareJob {
  readonly _id: string;
  readonly state: string;
  readonly failure: null;
  readonly updatedAt: Date;
  readonly version: number;
}

const WORKSPACES = 50;
/** So that the whole plan stays below what a second person would have to approve. */
const PRICE_CREDITS = 1;
const INSERTED_AT_ONCE = 2000;
/** As many as a run begins between two writes of its plan. */
const UPDATED_AT_ONCE = 200;
const MEBIBYTE = 1024 * 1024;

/**
 * `npm run bench -- retry`: how long a plan of many failed jobs takes to be made and kept, how much memory that needs, and how many
 * jobs a second a run begins, beside bare updates of as many documents on the same server in the same run.
 */
export async function runRetryBenchmark(args: readonly string[]): Promise<number> {
  const options = new Command('bench -- retry')
    .option('--jobs <n>', 'how many jobs the plan holds', wholeNumber(1, 100_000), 100_000)
    .option('--run <n>', 'how many of them the run begins', wholeNumber(1, 100_000), 5000)
    .option('--uri <uri>', 'a server to measure in place of a sandbox')
    .option('--json', 'one line of JSON on standard output')
    .parse([...args], { from: 'user' })
    .opts<Options>();
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-retry-'));
  // A process of its own, so that the memory which is measured is the console's.
  const sandbox = options.uri === undefined ? await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 }) : null;
  const uri = options.uri ?? `mongodb://127.0.0.1:${sandbox?.port ?? 0}/?directConnection=true`;
  const dbName = `bench_retry_${randomBytes(4).toString('hex')}`;
  const client = await new MongoClient(uri).connect();
  const store = await openTestStore(uri, dbName);
  try {
    const report = await measure(store, client.db(dbName), options);
    if (options.json === true) console.log(JSON.stringify(report));
    else for (const [name, value] of Object.entries(report)) console.log(name.padEnd(24), value);
    return 0;
  } finally {
    await client.db(dbName).dropDatabase();
    await store.close();
    await client.close();
    await sandbox?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(store: Store, db: Db, options: Options): Promise<Readonly<Record<string, number | string>>> {
  expectOk(await store.writer.createIndexes());
  const ids = await seed(store, db, options.jobs);
  const planned = await timed(() => planOf(store, ids));
  const { eligible } = planned.value.totals.groups;
  const begun = Math.min(options.run, eligible.jobs);
  const run = await timed(() => begin(store, planned.value, begun));
  const bare = await timed(() => updateBare(db, begun));
  return {
    server: store.reader.topology.server,
    jobs: options.jobs,
    eligibleJobs: eligible.jobs,
    planMs: Math.round(planned.ms),
    planPeakMemoryMiB: Math.round(planned.peakBytes / MEBIBYTE),
    begunJobs: begun,
    begunPerSecond: Math.round((begun / run.ms) * 1000),
    bareUpdatesPerSecond: Math.round((begun / bare.ms) * 1000),
  };
}

/** Failed jobs with their ledger, in workspaces that can pay for all of them. @returns their ids */
async function seed(store: Store, db: Db, jobs: number): Promise<readonly string[]> {
  for (let n = 0; n < WORKSPACES; n += 1) {
    expectOk(await store.writer.postEntry(grant(`w${n}`, jobs * PRICE_CREDITS)));
  }
  const ids: string[] = [];
  for (let start = 0; start < jobs; start += INSERTED_AT_ONCE) {
    const some = Array.from({ length: Math.min(INSERTED_AT_ONCE, jobs - start) }, (_, n): Job => {
      const id = `b${start + n}`;
      const workspaceId = `w${(start + n) % WORKSPACES}`;
      return failedJob({ id, workspaceId, failureClass: 'temporary', priceCredits: PRICE_CREDITS });
    });
    expectOk(await store.writer.insertJobs(some));
    await db.collection<BareEntry>('credit_ledger').insertMany(some.flatMap(entriesOf).map((entry) => ({ ...entry })));
    ids.push(...some.map(({ _id }) => _id));
  }
  return ids;
}

async function planOf({ reader, bulk, plans, policies }: Store, ids: readonly string[]): Promise<PlanRecord> {
  const desk = new PlanDesk({ reader, bulk, plans, policies, newPlanId: () => randomBytes(8).toString('hex') });
  return expectOk(
    await desk.plan({
      source: { type: 'ids', count: ids.length },
      chosen: { ids },
      copy: null,
      isCollecting: true,
      reason: 'the provider is back',
      by: { type: 'user', id: 'bench' },
      signal: new AbortController().signal,
    }),
  );
}

/** Runs a plan until it has begun so many jobs; nobody works on them. */
async function begin(store: Store, plan: PlanRecord, jobs: number): Promise<void> {
  const enough = new AbortController();
  expectOk(
    await runPlan(
      { ...store, wait },
      {
        planId: plan._id,
        by: plan.proposed.by,
        ramp: [jobs],
        limits: { failureRateMax: 1, endedMin: 1, spendCreditsMax: Number.MAX_SAFE_INTEGER },
        typedCredits: plan.totals.groups.eligible.credits,
        holder: 'bench',
        signal: enough.signal,
        onProgress: ({ run }) => {
          if ((run?.position ?? 0) >= jobs) enough.abort();
        },
      },
    ),
  );
}

/** What a script would do: sets the state of as many jobs, by id, in batches, with nothing read and nothing noted. */
async function updateBare(db: Db, jobs: number): Promise<void> {
  const collection = db.collection<BareJob>('jobs', { writeConcern: { w: 'majority', j: true } });
  for (let start = 0; start < jobs; start += UPDATED_AT_ONCE) {
    const operations = Array.from({ length: Math.min(UPDATED_AT_ONCE, jobs - start) }, (_, n) => ({
      updateOne: {
        filter: { _id: `b${start + n}` },
        update: { $set: { state: 'queued', failure: null, updatedAt: new Date() }, $inc: { version: 1 } },
      },
    }));
    await collection.bulkWrite(operations, { ordered: false });
  }
}

const SAMPLE_MS = 20;

async function timed<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly ms: number; readonly peakBytes: number }> {
  const startBytes = process.memoryUsage().rss;
  let peakBytes = 0;
  const sampler = setInterval(() => {
    peakBytes = Math.max(peakBytes, process.memoryUsage().rss - startBytes);
  }, SAMPLE_MS);
  const startedAt = performance.now();
  const value = await work();
  clearInterval(sampler);
  return { value, ms: performance.now() - startedAt, peakBytes };
}
