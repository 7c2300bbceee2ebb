import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { z } from 'zod';
import { startServerProcess } from '../../faults/processes.ts';
import { prepareAgendaLoad } from './agenda-load.ts';
import { startCountingProxy } from './counting-proxy.ts';
import type { Load, LoadOptions } from './load.ts';
import { prepareRunledgerLoad } from './runledger-load.ts';

type Prepare = (options: LoadOptions) => Promise<Load>;

interface Figures {
  readonly runner: 'runledger' | 'agenda';
  readonly concurrency: number;
  readonly jobs: number;
  readonly jobsPerSecond: number;
  readonly commandsPerJob: number;
}

const CONCURRENCIES = [1, 20, 100] as const;
const RUNNERS = { runledger: prepareRunledgerLoad, agenda: prepareAgendaLoad } as const;

/**
 * `npm run bench -- runner [--jobs N] [--agenda-jobs N] [--uri URI] [--json]`: no-op jobs finished a second and commands a job, ours with the full
 * ledger, the checks and an artefact each, beside agenda, on the same server in the same run. The server is a sandbox of its
 * own in durable mode, or the one of `--uri` on loopback; the figures are that server's and nobody else's. Exits 0 when every
 * job was completed and every credit is accounted for.
 */
export async function runRunnerBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string', default: '2000' },
      'agenda-jobs': { type: 'string', default: '400' },
      uri: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [jobs, agendaJobs] = [Number(values.jobs), Number(values['agenda-jobs'])];
  if (![jobs, agendaJobs].every((count) => Number.isInteger(count) && count >= 1 && count <= 1_000_000)) {
    console.error('--jobs and --agenda-jobs are numbers from 1 to 1000000');
    return 2;
  }
  const folder = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  const own = values.uri === undefined ? await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 }) : null;
  const uri = values.uri ?? `mongodb://127.0.0.1:${own?.port ?? 0}/?directConnection=true`;
  try {
    const figures: Figures[] = [];
    for (const concurrency of CONCURRENCIES) {
      for (const runner of ['runledger', 'agenda'] as const) {
        const load = { uri, concurrency, jobs: runner === 'agenda' ? agendaJobs : jobs };
        const measured = { runner, ...(await measure(RUNNERS[runner], load)) };
        figures.push(measured);
        if (!values.json) console.log(lineOf(measured));
      }
    }
    const server = await versionOf(uri, own !== null);
    if (values.json) console.log(JSON.stringify({ server, ratios: ratiosOf(figures), figures }));
    else console.log(`${server}; ${JSON.stringify(ratiosOf(figures))} times agenda`);
    return 0;
  } finally {
    await own?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two runs: one is timed, the commands of the other are counted on their way. */
async function measure(prepare: Prepare, options: LoadOptions): Promise<Omit<Figures, 'runner'>> {
  const timed = await prepare(options);
  const ms = await timed.run();
  await timed.check();
  await timed.close();
  const url = new URL(options.uri);
  const proxy = await startCountingProxy(Number(url.port));
  url.port = String(proxy.port);
  const counted = await prepare({ ...options, uri: url.href });
  const before = proxy.commands();
  await counted.run();
  const commands = proxy.commands() - before;
  await counted.check();
  await counted.close();
  await proxy.stop();
  const { jobs, concurrency } = options;
  return { concurrency, jobs, jobsPerSecond: Math.round((jobs * 1000) / ms), commandsPerJob: rounded(commands / jobs) };
}

function ratiosOf(figures: readonly Figures[]): Readonly<Record<string, number>> {
  const of = (runner: Figures['runner'], concurrency: number): number =>
    figures.find((one) => one.runner === runner && one.concurrency === concurrency)?.jobsPerSecond ?? Number.NaN;
  return Object.fromEntries(CONCURRENCIES.map((n) => [`at${n}`, rounded(of('runledger', n) / of('agenda', n))]));
}

async function versionOf(uri: string, isOwn: boolean): Promise<string> {
  const client = new MongoClient(uri);
  const info = z.object({ version: z.string() }).parse(await client.db('admin').command({ buildInfo: 1 }));
  await client.close();
  return isOwn ? `embedded sandbox server, durable, says ${info.version}` : `server of --uri, says ${info.version}`;
}

function lineOf({ runner, concurrency, jobs, jobsPerSecond, commandsPerJob }: Figures): string {
  return `${runner.padEnd(10)} concurrency ${String(concurrency).padStart(3)}: ${jobsPerSecond} jobs/s, ${commandsPerJob} commands a job (${jobs} jobs)`;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
