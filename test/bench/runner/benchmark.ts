import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { z } from 'zod';
import { startServerProcess } from '../../faults/processes.ts';
import { benchCase, fittedExponent, lineOf, machineOf, quantile, rounded, type BenchCase } from '../figures.ts';
import { openAgendaStream, prepareAgendaLoad } from './agenda-load.ts';
import { prepareBullmqLoad } from './bullmq-load.ts';
import { startCountingProxy } from './counting-proxy.ts';
import { prepareGraphileLoad } from './graphile-load.ts';
import { measureGrowth } from './growth.ts';
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
  readonly sizes: readonly number[];
  readonly say: (one: BenchCase) => void;
}

const CONCURRENCIES = [1, 20, 100] as const;
const SIZES = [1000, 10_000, 100_000, 1_000_000] as const;
const QUICK = { jobs: 120, agendaJobs: 40, peerJobs: 200, rounds: 1, latencyJobs: 60, sizes: [1000, 3000] } as const;

/**
 * `npm run bench -- runner [--jobs N] [--agenda-jobs N] [--rounds N] [--others-max N] [--uri URI] [--quick] [--json]`: no-op jobs
 * finished a second and commands a job, ours with the full ledger, the checks and an artefact each, beside agenda on the same
 * server in the same run, and beside graphile-worker and BullMQ on servers of their own where PostgreSQL and Redis are installed;
 * how long a job waits to begin at 100 jobs a second; and what a job costs beside ever more others. The server is a sandbox of its
 * own in durable mode, or the one of `--uri` on loopback; the figures are that server's and nobody else's. Exits 0 when every job
 * was completed and every credit is accounted for, whatever the figures.
 */
export async function runRunnerBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string', default: '2000' },
      'agenda-jobs': { type: 'string', default: '400' },
      'others-max': { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '3' },
      uri: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [jobs, agendaJobs, othersMax, rounds] = [
    Number(values.jobs),
    Number(values['agenda-jobs']),
    Number(values['others-max']),
    Number(values.rounds),
  ];
  if (
    ![jobs, agendaJobs, othersMax, rounds].every((count) => Number.isInteger(count) && count >= 1 && count <= 1_000_000)
  ) {
    console.error('--jobs, --agenda-jobs, --others-max and --rounds are numbers from 1 to 1000000');
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  const own = values.uri === undefined ? await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 }) : null;
  const uri = values.uri ?? `mongodb://127.0.0.1:${own?.port ?? 0}/?directConnection=true`;
  const say = (one: BenchCase): void => {
    if (!values.json) console.log(lineOf(one));
  };
  const sizes = SIZES.filter((size) => size <= othersMax);
  const full = { jobs, agendaJobs, peerJobs: 5000, rounds, latencyJobs: 1000, sizes };
  const plan: Plan = { uri, say, ...(values.quick ? QUICK : full) };
  try {
    const server = await versionOf(uri, own !== null);
    if (!values.json) console.log(server);
    const cases = [...(await throughputCases(plan)), ...(await latencyCases(plan)), ...(await growthCases(plan))];
    const peers = await peerCases(plan, cases);
    const report = { benchmark: 'runner', machine: machineOf(), server, peers: peers.servers, plan: told(plan) };
    if (values.json) console.log(JSON.stringify({ ...report, cases: [...cases, ...peers.cases] }));
    else console.log(peers.servers.join('\n'));
    return 0;
  } finally {
    await own?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was measured, for whoever reads the figures later. */
function told({ jobs, agendaJobs, peerJobs, rounds, latencyJobs, sizes }: Plan): Omit<Plan, 'uri' | 'say'> {
  return { jobs, agendaJobs, peerJobs, rounds, latencyJobs, sizes };
}

async function throughputCases(plan: Plan): Promise<readonly BenchCase[]> {
  const cases: BenchCase[] = [];
  for (const concurrency of CONCURRENCIES) {
    const ours = { uri: plan.uri, jobs: plan.jobs, concurrency };
    const theirs = { uri: plan.uri, jobs: plan.agendaJobs, concurrency };
    const rates: { readonly ours: number[]; readonly agenda: number[] } = { ours: [], agenda: [] };
    // Ours, theirs, ours, theirs: what else the machine does falls on both.
    for (let round = 0; round < plan.rounds; round += 1) {
      rates.ours.push(await jobsPerSecond(prepareRunledgerLoad, ours));
      rates.agenda.push(await jobsPerSecond(prepareAgendaLoad, theirs));
    }
    const finished = benchCase({
      name: `no-op jobs finished at concurrency ${concurrency}`,
      unit: 'jobs/s',
      ours: quantile(rates.ours, 0.5),
      peer: quantile(rates.agenda, 0.5),
      peerName: 'agenda, same server',
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
  const ours = await measureLatency(openRunledgerStream, plan.uri, plan.latencyJobs);
  const agenda = await measureLatency(openAgendaStream, plan.uri, plan.latencyJobs);
  const cases = [0.5, 0.99].map((share) => {
    const measured = quantile(ours, share);
    return benchCase({
      name: `enqueue to start at 100 jobs/s, p${share * 100}`,
      unit: 'ms',
      ours: measured,
      peer: quantile(agenda, share),
      peerName: 'agenda, same server',
      ...(share === 0.99 ? { aim: 'under 20 ms', isReached: measured < 20 } : {}),
    });
  });
  for (const one of cases) plan.say(one);
  return cases;
}

async function growthCases(plan: Plan): Promise<readonly BenchCase[]> {
  const jobs = Math.min(plan.jobs, 1000);
  const costs = await measureGrowth(plan.uri, { sizes: plan.sizes, jobs, concurrency: 100 });
  const exponent = fittedExponent(costs.map(({ others, msPerJob }) => [others, msPerJob]));
  const cases = [
    ...costs.map(({ others, msPerJob }) =>
      benchCase({ name: `cost a job beside ${others} others`, unit: 'ms', ours: msPerJob }),
    ),
    benchCase({
      name: `exponent of the cost a job over ${costs.map(({ others }) => others).join(', ')} others`,
      unit: '(0 is flat)',
      ours: exponent,
      aim: 'flat: under 0.1',
      isReached: exponent < 0.1,
    }),
  ];
  for (const one of cases) plan.say(one);
  return cases;
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

async function versionOf(uri: string, isOwn: boolean): Promise<string> {
  const client = new MongoClient(uri);
  const info = z.object({ version: z.string() }).parse(await client.db('admin').command({ buildInfo: 1 }));
  await client.close();
  return isOwn ? `embedded sandbox server, durable, says ${info.version}` : `server of --uri, says ${info.version}`;
}
