import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { benchServer } from './bench-server.ts';
import { BenchChild } from '../child.ts';
import { lineOf, machineOf, type BenchCase } from '../figures.ts';
import { seedDatabase } from './seed.ts';
import { followCases, snapshotCases } from './server-cases.ts';

const FILL_PROCESS = new URL('./fill-process.ts', import.meta.url);
const QUERY_PROCESS = new URL('./query-process.ts', import.meta.url);
const USAGE = `Usage: npm run bench -- cache [--jobs N] [--server-jobs N] [--rounds N] [--quick] [--only queries|server] [--json]
  [--uri URI] [--db NAME] [--data-dir DIR] [--copy-dir DIR] [--seed S]`;

/**
 * `npm run bench -- cache`: what a window asks, on a copy of N jobs (one million) and three times as many entries, beside OFFSET over
 * the same rows; then snapshot and following on a server with its own number of jobs, beside bare cursors and a naive copy.
 * `--quick` is for function only. With `--data-dir` or `--uri` the server holds what `npm run bench -- seed` made there; `--copy-dir`
 * keeps the filled copy for the next time. Exits 1 where two sides did not do the same work; an aim that is missed is said and fails
 * nothing.
 */
export async function runCacheBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string' },
      'server-jobs': { type: 'string' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      uri: { type: 'string' },
      db: { type: 'string', default: 'runledger_bench' },
      'data-dir': { type: 'string' },
      'copy-dir': { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs ?? (values.quick ? 3000 : 1_000_000));
  const serverJobs = Number(values['server-jobs'] ?? (values.quick ? 1000 : 50_000));
  const rounds = Number(values.rounds ?? (values.quick ? 6 : 30));
  if (![jobs, serverJobs, rounds].every((number) => Number.isInteger(number) && number > 0)) {
    console.error(USAGE);
    return 2;
  }
  const say = values.json ? (): void => undefined : console.log;
  const queries =
    values.only === 'server'
      ? []
      : await measureQueries({ jobs, seed: values.seed, rounds, copyDir: values['copy-dir'], say });
  for (const one of queries) say(lineOf(one));
  const server =
    values.only === 'queries'
      ? { server: null, cases: [] }
      : await measureServer({
          uri: values.uri,
          dbName: values.db,
          dataDir: values['data-dir'],
          jobs: serverJobs,
          seed: Number(values.seed),
          isQuick: values.quick,
          say,
        });
  for (const one of server.cases) say(lineOf(one));
  if (values.json) {
    console.log(
      JSON.stringify({
        benchmark: 'cache',
        machine: machineOf(),
        setUp: { jobs, serverJobs, rounds, seed: values.seed, server: server.server, isQuick: values.quick },
        cases: [...queries, ...server.cases],
      }),
    );
  }
  return 0;
}

async function measureQueries(options: {
  readonly jobs: number;
  readonly seed: string;
  readonly rounds: number;
  readonly copyDir: string | undefined;
  readonly say: (line: string) => void;
}): Promise<readonly BenchCase[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  try {
    const file = path.join(options.copyDir ?? folder, `copy-${options.jobs}-${options.seed}.sqlite`);
    // Begun under another name: a filling that was stopped is not taken for a whole one.
    if (!existsSync(file)) {
      const begun = path.join(path.dirname(file), 'filling.sqlite');
      for (const ending of ['', '-wal', '-shm']) rmSync(begun + ending, { force: true });
      mkdirSync(path.dirname(file), { recursive: true });
      const filled = await new BenchChild(FILL_PROCESS, [begun, String(options.jobs), options.seed]).end();
      renameSync(begun, file);
      options.say(`${options.jobs} jobs and three entries each filled in: ${filled}`);
    }
    const answer = await new BenchChild(QUERY_PROCESS, [file, String(options.rounds)]).end();
    return JSON.parse(answer) as BenchCase[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureServer(options: {
  readonly uri: string | undefined;
  readonly dbName: string;
  readonly dataDir: string | undefined;
  readonly jobs: number;
  readonly seed: number;
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}): Promise<{ readonly server: string; readonly cases: readonly BenchCase[] }> {
  const server = await benchServer(options.uri, options.dataDir ?? 'memory');
  const client = await new MongoClient(server.uri).connect();
  try {
    const db = client.db(options.dbName);
    const hello = await client.db('admin').command({ hello: 1 });
    const hasStreams = hello['setName'] !== undefined;
    const kind = `${options.uri === undefined ? 'sandbox' : 'given'} server, ${hasStreams ? 'replica set' : 'standalone'}`;
    if (options.dataDir === undefined)
      await seedDatabase(db, { jobs: options.jobs, seed: options.seed, say: options.say });
    const place = { uri: server.uri, db };
    const cases = [
      ...(await snapshotCases(place, options.isQuick ? 1 : 3)),
      ...(await followCases(place, {
        perSecond: options.isQuick ? 100 : 500,
        seconds: options.isQuick ? 2 : 20,
        missed: options.isQuick ? 500 : 10_000,
        hasStreams,
      })),
    ];
    return { server: kind, cases };
  } finally {
    await client.close();
    await server.stop();
  }
}
