import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { startServerProcess } from '../../faults/processes.ts';
import { benchCase, lineOf, medianCase, peakMemoryCase, quantile, rounded, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { ownServerFacts, serverFacts, serverMemoryCases } from '../server-facts.ts';
import { openAgendaStream, prepareAgendaLoad } from './agenda-load.ts';
import { prepareBullmqLoad } from './bullmq-load.ts';
import { startCountingProxy } from './counting-proxy.ts';
import { prepareGraphileLoad } from './graphile-load.ts';
import { measureLatency } from './latency.ts';
import type { LoadOptions, Prepare } from './load.ts';
import { startPostgres, startRedis, type PeerServer } from './peer-servers.ts';
import { openRunledgerStream, prepareRunledgerLoad } from './runledger-load.ts';

/** How much is measured. */
interface Plan {
  readonly uri: string;
  readonly jobs: number;
  readonly agendaJobs: number;
  readonly peerJobs: number;
  readonly rounds: number;
  readonly latencyJobs: number;
  readonly say: (one: BenchCase) => void;
}

const CONCURRENCIES = [1, 20, 100] as const;
const QUICK = { jobs: 120, agendaJobs: 40, peerJobs: 200, rounds: 1, latencyJobs: 60 } as const;
/** Jobs that both run before anything counts. */
const WARM_UP_JOBS = 100;
/** What a limit is measured by. */
const PINGS = 500;
const LIMIT_MS = 2000;

/**
 * `npm run bench -- runner [--jobs N] [--agenda-jobs N] [--rounds N] [--uri URI] [--quick] [--json]`: no-op jobs
 * finished a second and commands a job, ours with the full ledger, the checks and an artefact each, beside agenda on the same
 * server in the same run, and beside graphile-worker and BullMQ on servers of their own where PostgreSQL and Redis are installed;
 * how long a job waits to begin at 100 jobs a second. The server is a sandbox of its
 * own in durable mode, or the one of `--uri` on loopback; the figures are that server's and nobody else's. Exits 0 when every job
 * was completed and every credit is accounted for, whatever the figures.
 */
export async function runRunnerBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string', default: '2000' },
      'agenda-jobs': { type: 'string', default: '400' },
      rounds: { type: 'string', default: '3' },
      uri: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [jobs, agendaJobs, rounds] = [Number(values.jobs), Number(values['agenda-jobs']), Number(values.rounds)];
  if (![jobs, agendaJobs, rounds].every((count) => Number.isInteger(count) && count >= 1 && count <= 1_000_000)) {
    console.error('--jobs, --agenda-jobs and --rounds are numbers from 1 to 1000000');
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  const own = values.uri === undefined ? await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 }) : null;
  const uri = values.uri ?? `mongodb://127.0.0.1:${own?.port ?? 0}/?directConnection=true`;
  const say = (one: BenchCase): void => {
    if (!values.json) console.error(lineOf(one));
  };
  const full = { jobs, agendaJobs, peerJobs: 5000, rounds, latencyJobs: 1000 };
  const plan: Plan = { uri, say, ...(values.quick ? QUICK : full) };
  try {
    const server = own === null ? await serverFacts(uri) : await ownServerFacts(uri, { isDurable: true });
    const cases = [...(await throughputCases(plan)), ...(await latencyCases(plan))];
    const peers = await peerCases(plan, cases);
    // The queues under test share this process, the server has one of its own.
    const memory = [
      peakMemoryCase('memory of the process that runs all loads, at most'),
      ...(await serverMemoryCases(uri)),
    ];
    const setUp = { server, peers: peers.servers, ...told(plan) };
    printReport({ benchmark: 'runner', setUp, cases: [...cases, ...peers.cases, ...memory] }, values.json);
    return 0;
  } finally {
    await own?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was measured, for whoever reads the figures later. */
function told({ jobs, agendaJobs, peerJobs, rounds, latencyJobs }: Plan): Omit<Plan, 'uri' | 'say'> {
  return { jobs, agendaJobs, peerJobs, rounds, latencyJobs };
}

async function throughputCases(plan: Plan): Promise<readonly BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const concurrency of CONCURRENCIES) {
    const ours = { uri: plan.uri, jobs: plan.jobs, concurrency };
    const theirs = { uri: plan.uri, jobs: plan.agendaJobs, concurrency };
    const rates: Record<'ours' | 'agenda' | 'inserts', number[]> = { ours: [], agenda: [], inserts: [] };
    const few = { uri: plan.uri, jobs: Math.min(WARM_UP_JOBS, plan.agendaJobs), concurrency };
    await jobsPerSecond(prepareRunledgerLoad, few);
    await jobsPerSecond(prepareAgendaLoad, few);
    // Ours, theirs, ours, theirs: what else the machine does falls on both.
    for (let round = 0; round < plan.rounds; round += 1) {
      rates.ours.push(await jobsPerSecond(prepareRunledgerLoad, ours));
      rates.agenda.push(await jobsPerSecond(prepareAgendaLoad, theirs));
      rates.inserts.push(await insertsPerSecond(plan.uri, { calls: plan.jobs, lanes: concurrency }));
    }
    const finished = medianCase({
      name: `no-op jobs finished at concurrency ${concurrency}`,
      unit: 'jobs/s',
      ours: rates.ours,
      peer: rates.agenda,
      peerName: 'agenda, same server',
      limit: rates.inserts,
      limitName: 'acknowledged inserts of one document, as many at once',
      ...(concurrency === 100 ? { aim: "10 times agenda's" } : {}),
    });
    const judged = finished.aim === null ? finished : { ...finished, isReached: (finished.ratio ?? 0) >= 10 };
    const commands = benchCase({
      name: `commands a job at concurrency ${concurrency}`,
      unit: 'commands',
      ours: await commandsPerJob(prepareRunledgerLoad, ours),
      peer: await commandsPerJob(prepareAgendaLoad, theirs),
      peerName: 'agenda, same server',
    });
    for (const one of [judged, commands]) plan.say(one);
    cases.push(judged, commands);
  }
  return cases;
}

async function latencyCases(plan: Plan): Promise<readonly BenchCase[]> {
  const ours = await measureLatency('Runledger', openRunledgerStream, plan.uri, plan.latencyJobs);
  const agenda = await measureLatency('agenda', openAgendaStream, plan.uri, plan.latencyJobs);
  const pings = await pingTimes(plan.uri);
  const cases = [0.5, 0.99].map((share) => {
    const measured = quantile(ours, share);
    return benchCase({
      name: `enqueue to start at 100 jobs/s, p${share * 100}`,
      unit: 'ms',
      ours: measured,
      peer: quantile(agenda, share),
      peerName: 'agenda, same server',
      limit: quantile(pings, share),
      limitName: 'an empty command there and back',
      ...(share === 0.99 ? { aim: 'under 20 ms', isReached: measured < 20 } : {}),
    });
  });
  for (const one of cases) plan.say(one);
  return cases;
}

/** What a job cannot cost less than: one write that is acknowledged. At most two seconds of them. */
async function insertsPerSecond(
  uri: string,
  { calls, lanes }: { readonly calls: number; readonly lanes: number },
): Promise<number> {
  const client = await new MongoClient(uri, { maxPoolSize: lanes }).connect();
  const db = client.db(`bench_limit_${process.pid}`);
  const documents = db.collection<{ readonly _id: number }>('documents', { writeConcern: { w: 'majority', j: true } });
  let at = 0;
  const startedAt = performance.now();
  try {
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        while (at < calls && performance.now() - startedAt < LIMIT_MS) await documents.insertOne({ _id: at++ });
      }),
    );
    return (at * 1000) / (performance.now() - startedAt);
  } finally {
    await db.dropDatabase();
    await client.close();
  }
}

async function pingTimes(uri: string): Promise<readonly number[]> {
  const client = await new MongoClient(uri).connect();
  const times: number[] = [];
  for (let n = 0; n < PINGS; n += 1) {
    const startedAt = performance.now();
    await client.db('admin').command({ ping: 1 });
    times.push(performance.now() - startedAt);
  }
  await client.close();
  return times;
}

/** Queues on other kinds of servers; what they store, and how durably, is not the same, and the names say so. */
async function peerCases(
  plan: Plan,
  ours: readonly BenchCase[],
): Promise<{ readonly servers: readonly string[]; readonly cases: readonly BenchCase[] }> {
  const peers = [
    { name: 'graphile-worker', needs: 'PostgreSQL', start: startPostgres, prepare: prepareGraphileLoad },
    { name: 'BullMQ', needs: 'redis-server', start: startRedis, prepare: prepareBullmqLoad },
  ] as const;
  const servers: string[] = [];
  const cases: BenchCase[] = [];
  for (const { name, needs, start, prepare } of peers) {
    const server: PeerServer | null = await start();
    servers.push(server === null ? `${name}: not measured, ${needs} is not installed` : `${name} on ${server.name}`);
    if (server === null) continue;
    try {
      for (const concurrency of CONCURRENCIES) {
        const load = { uri: server.uri, jobs: plan.peerJobs, concurrency };
        const own = ours.find((one) => one.name === `no-op jobs finished at concurrency ${concurrency}`);
        const one = benchCase({
          name: `no-op jobs finished at concurrency ${concurrency}, beside ${name}`,
          unit: 'jobs/s',
          ours: own?.ours ?? Number.NaN,
          peer: await jobsPerSecond(prepare, load),
          peerName: `${name}, a server of its own`,
        });
        plan.say(one);
        cases.push(one);
      }
    } finally {
      await server.stop();
    }
  }
  return { servers, cases };
}

async function jobsPerSecond(prepare: Prepare, options: LoadOptions): Promise<number> {
  const load = await prepare(options);
  try {
    const ms = await load.run();
    const done = await load.check();
    if (done !== options.jobs) throw new Error(`${done} of ${options.jobs} jobs were done`);
    return (done * 1000) / ms;
  } finally {
    await load.close();
  }
}

async function commandsPerJob(prepare: Prepare, options: LoadOptions): Promise<number> {
  const url = new URL(options.uri);
  const proxy = await startCountingProxy(Number(url.port));
  url.port = String(proxy.port);
  const load = await prepare({ ...options, uri: url.href });
  try {
    const before = proxy.commands();
    await load.run();
    const commands = proxy.commands() - before;
    await load.check();
    return rounded(commands / options.jobs);
  } finally {
    await load.close();
    await proxy.stop();
  }
}
