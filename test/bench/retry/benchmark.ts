import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { MongoClient, type Db } from 'mongodb';
import { ReaderThreads } from '#cache/threads/reader-threads.ts';
import { wholeNumber } from '#cli/whole-number.ts';
import { PlanDesk } from '#console/retry/plan-desk.ts';
import type { PlanCopy } from '#console/retry/plan-source.ts';
import type { PlanRecord } from '#domain/retry-plan/plan-record.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { openTestStore } from '../../support/test-server.ts';
import { startServerProcess } from '../../faults/processes.ts';
import { BenchChild } from '../child.ts';
import { benchCase, medianCase, quantile, spreadOf, type BenchCase } from '../figures.ts';
import { growthCase } from '../growth/growth.ts';
import { printReport } from '../report.ts';
import { ownServerFacts, serverFacts } from '../server-facts.ts';
import { measured } from './measure.ts';
import { outageOf, PRICE_CREDITS, WORKSPACES } from './outage.ts';
import { measureRun } from './running.ts';

interface Options {
  readonly jobs: number;
  readonly copyJobs: number;
  readonly run: number;
  readonly rounds: number;
  readonly dataDir?: string;
  readonly uri?: string;
  readonly quick?: boolean;
  readonly json?: boolean;
}

interface BareEntry {
  readonly _id: string;
}

const COPY_PROCESS = new URL('./copy-process.ts', import.meta.url);
const READER = new URL('../../../electron/cache/threads/reader-thread.ts', import.meta.url);
/** Plans of a part of the jobs. */
const GROWTH_ROUNDS = 3;
const MEBIBYTE = 1024 * 1024;
/** The aim for a plan of 100,000 jobs from the copy. */
const PLAN_MS_MAX = 2000;
const QUICK = { jobs: 500, copyJobs: 1000, run: 50, rounds: 1 } as const;

/**
 * `npm run bench -- retry`: how long a plan of many failed jobs takes to be made from an offline copy and kept on the server, how much
 * memory that needs, and how many jobs a second a run begins, in turns with bare updates of as many documents on the same server.
 */
export async function runRetryBenchmark(args: readonly string[]): Promise<number> {
  const given = new Command('bench -- retry')
    .option('--jobs <n>', 'how many jobs the plan holds', wholeNumber(10, 100_000), 100_000)
    .option('--copy-jobs <n>', 'how many jobs the copy has beside them', wholeNumber(10, 10_000_000), 1_000_000)
    .option('--run <n>', 'how many of them the run begins', wholeNumber(5, 50_000), 5000)
    .option('--rounds <n>', 'how often it is planned', wholeNumber(1, 100), 5)
    .option('--data-dir <folder>', 'where the copy is kept, and found again by the next benchmark')
    .option('--uri <uri>', 'a server to measure in place of a sandbox')
    .option('--quick', 'for function only: few jobs, once')
    .option('--json', 'one line of JSON on standard output')
    .parse([...args], { from: 'user' })
    .opts<Options>();
  const options: Options = given.quick === true ? { ...given, ...QUICK } : given;
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-retry-'));
  // A process of its own, so that the memory which is measured is the console's.
  const sandbox = options.uri === undefined ? await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 }) : null;
  const uri = options.uri ?? `mongodb://127.0.0.1:${sandbox?.port ?? 0}/?directConnection=true`;
  const dbName = `bench_retry_${randomBytes(4).toString('hex')}`;
  const client = await new MongoClient(uri).connect();
  const store = await openTestStore(uri, dbName);
  try {
    const server = sandbox === null ? await serverFacts(uri) : await ownServerFacts(uri, { isDurable: true });
    const { setUp, cases } = await measure(store, client.db(dbName), {
      ...options,
      dataDir: options.dataDir ?? folder,
    });
    printReport({ benchmark: 'retry', setUp: { server, ...setUp }, cases }, options.json === true);
    return 0;
  } finally {
    await client.db(dbName).dropDatabase();
    await store.close();
    await client.close();
    await sandbox?.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  store: Store,
  db: Db,
  options: Options & { readonly dataDir: string },
): Promise<{ readonly setUp: object; readonly cases: readonly BenchCase[] }> {
  expectOk(await store.writer.createIndexes());
  console.error(`filling a server with ${options.jobs} failed jobs`);
  const ids = await seed(store, db, options.jobs);
  console.error(`filling a copy with ${options.copyJobs} jobs and those`);
  const file = await fillCopy(options, store);
  const planned = await plan(store, file, ids, options.rounds);
  const times = planned.map(({ ms }) => ms);
  const last = planned.at(-1);
  if (last === undefined) throw new Error('it was planned at least once');
  const growth = await planGrowth(store, file, ids, times);
  const rates = await measureRun(store, db, last.value.plan, ids, Math.min(options.run, Math.floor(ids.length / 2)));
  const median = (values: readonly number[]): number => quantile(values, 0.5);
  const planMs = median(times);
  const aged = `a plan of ${options.jobs} jobs out of a copy of ${options.copyJobs} others`;
  const cases = [
    benchCase({
      name: aged,
      unit: 'ms',
      ours: planMs,
      spread: spreadOf(times),
      aim: 'under 2000 ms',
      isReached: planMs <= PLAN_MS_MAX,
    }),
    benchCase({ name: `${aged}: the first, with cold threads and file`, unit: 'ms', ours: times[0] ?? Number.NaN }),
    benchCase({
      name: `${aged}: of that, until the server has all of it`,
      unit: 'ms',
      ours: median(planned.map(({ value }) => value.keptMs)),
    }),
    benchCase({
      name: `${aged}: processor time of the console and its threads`,
      unit: 'ms',
      ours: median(planned.map(({ cpuMs }) => cpuMs)),
    }),
    benchCase({
      name: `${aged}: memory at most`,
      unit: 'MiB',
      ours: Math.max(...planned.map(({ peakBytes }) => peakBytes)) / MEBIBYTE,
    }),
    growth,
    medianCase({
      name: 'retries that a run begins',
      unit: 'jobs/s',
      ours: rates.map(({ begunPerSecond }) => begunPerSecond),
      peer: rates.map(({ bareUpdatesPerSecond }) => bareUpdatesPerSecond),
      peerName: 'bare updates by id in batches of 200',
    }),
  ];
  const setUp = {
    jobs: options.jobs,
    copyJobs: options.copyJobs,
    rounds: options.rounds,
    eligibleJobs: last.value.plan.totals.groups.eligible.jobs,
  };
  return { setUp, cases };
}

/** Failed jobs with their ledger, in workspaces that can pay for all of them. @returns their ids */
async function seed(store: Store, db: Db, jobs: number): Promise<readonly string[]> {
  for (let n = 0; n < WORKSPACES; n += 1) {
    expectOk(await store.writer.postEntry(grant(`outage-${n}`, jobs * PRICE_CREDITS)));
  }
  const ids: string[] = [];
  for (const block of outageOf(jobs)) {
    expectOk(await store.writer.insertJobs(block.jobs));
    await db.collection<BareEntry>('credit_ledger').insertMany(block.entries.map((entry) => ({ ...entry })));
    ids.push(...block.jobs.map(({ _id }) => _id));
  }
  return ids;
}

/** @returns the file of a copy that is as the server now */
async function fillCopy(
  { dataDir, copyJobs, jobs }: Options & { readonly dataDir: string },
  { reader }: Store,
): Promise<string> {
  mkdirSync(dataDir, { recursive: true });
  const file = path.join(dataDir, `retry-${copyJobs}-${jobs}.sqlite`);
  const upToNow = async (): Promise<void> => {
    const asOfMs = expectOk(await reader.serverNow()).getTime();
    await new BenchChild(COPY_PROCESS, [file, String(copyJobs), String(jobs), String(asOfMs)]).end();
  };
  await upToNow();
  // Filling a million jobs may take longer than a copy may be behind and still be planned from.
  await upToNow();
  return file;
}

/** Plans again and again, as a window does: over threads that read the copy, from the question to the plan that stands on the server. */
async function plan(
  store: Store,
  file: string,
  ids: readonly string[],
  rounds: number,
): Promise<readonly Awaited<ReturnType<typeof measured<{ readonly plan: PlanRecord; readonly keptMs: number }>>>[]> {
  const threads = new ReaderThreads({ entry: READER, file, log: console.error });
  const planned = [];
  try {
    for (let round = 0; round < rounds; round += 1)
      planned.push(await measured(() => planOnce(store, threads.for(), ids)));
  } finally {
    await threads.close();
  }
  return planned;
}

/** What a thousand jobs of a plan cost, in plans of ever more of them. @param largest what plans of all of them took, in milliseconds */
async function planGrowth(
  store: Store,
  file: string,
  ids: readonly string[],
  largest: readonly number[],
): Promise<BenchCase> {
  const points: [number, number][] = [];
  for (const size of [100, 10].map((part) => Math.ceil(ids.length / part))) {
    const planned = await plan(store, file, ids.slice(0, size), GROWTH_ROUNDS);
    points.push([
      size,
      (quantile(
        planned.map(({ ms }) => ms),
        0.5,
      ) *
        1000) /
        size,
    ]);
  }
  points.push([ids.length, (quantile(largest, 0.5) * 1000) / ids.length]);
  return growthCase({ name: 'a plan, a thousand jobs of it', of: 'jobs of the plan', points });
}

async function planOnce(
  { reader, bulk, plans, policies }: Store,
  copy: PlanCopy,
  ids: readonly string[],
): Promise<{ readonly plan: PlanRecord; readonly keptMs: number }> {
  let keptMs = 0;
  const timedPlans = Object.assign(Object.create(plans), {
    insert: async (...given: Parameters<typeof plans.insert>) => {
      const kept = await measured(() => plans.insert(...given));
      keptMs = kept.ms;
      return kept.value;
    },
  }) as typeof plans;
  const newPlanId = (): string => randomBytes(8).toString('hex');
  const desk = new PlanDesk({ reader, bulk, plans: timedPlans, policies, newPlanId });
  const made = expectOk(
    await desk.plan({
      source: { type: 'ids', count: ids.length },
      chosen: { ids },
      copy,
      isCollecting: true,
      reason: 'the provider is back',
      by: { type: 'user', id: 'bench' },
      signal: new AbortController().signal,
    }),
  );
  if (made.origin.type !== 'copy')
    throw new Error('the plan was made from the server, and what a copy costs was not measured');
  return { plan: made, keptMs };
}
