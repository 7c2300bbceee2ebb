import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { benchServer } from './bench-server.ts';
import { BenchChild } from '../child.ts';
import { WARMING_ROUNDS, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { ownServerFacts, serverFacts, type ServerFacts } from '../server-facts.ts';
import { filledCopy } from './filled-copy.ts';
import { seedDatabase } from './seed.ts';
import { followCases, snapshotCases } from './server-cases.ts';

const QUERY_PROCESS = new URL('./query-process.ts', import.meta.url);
const SAMPLES = 400;

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
  if (![jobs, serverJobs].every((number) => Number.isInteger(number) && number > 0)) {
    console.error('--jobs and --server-jobs take whole numbers above 0.');
    return 2;
  }
  if (!Number.isInteger(rounds) || rounds <= WARMING_ROUNDS) {
    console.error(`--rounds takes whole numbers above ${WARMING_ROUNDS}: so many warm both sides and are not counted.`);
    return 2;
  }
  const say = values.json ? (): void => undefined : console.log;
  const queries =
    values.only === 'server'
      ? []
      : await measureQueries({
          jobs,
          seed: values.seed,
          rounds,
          samples: values.quick ? 0 : SAMPLES,
          copyDir: values['copy-dir'],
        });
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
  const setUp = {
    jobs,
    serverJobs,
    rounds,
    samples: values.quick ? 0 : SAMPLES,
    seed: values.seed,
    server: server.server,
    isQuick: values.quick,
  };
  printReport({ benchmark: 'cache', setUp, cases: [...queries, ...server.cases] }, values.json);
  return 0;
}

async function measureQueries(options: {
  readonly jobs: number;
  readonly seed: string;
  readonly rounds: number;
  /** Answers of each question at least, so that a share of 99 in a hundred is no single one. */
  readonly samples: number;
  readonly copyDir: string | undefined;
}): Promise<readonly BenchCase[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  try {
    const file = await filledCopy(options.copyDir ?? folder, { jobs: options.jobs, seed: options.seed });
    const answer = await new BenchChild(QUERY_PROCESS, [file, String(options.rounds), String(options.samples)]).end();
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
}): Promise<{ readonly server: ServerFacts; readonly cases: readonly BenchCase[] }> {
  const server = await benchServer(options.uri, options.dataDir ?? 'memory');
  const client = await new MongoClient(server.uri).connect();
  try {
    const db = client.db(options.dbName);
    // What a first copy reads is not written meanwhile: a folder is needed for the books that `seed` has made, and for nothing else.
    const isDurable = options.dataDir !== undefined;
    const facts =
      options.uri === undefined ? await ownServerFacts(server.uri, { isDurable }) : await serverFacts(server.uri);
    const hasStreams = facts.topology === 'replica set';
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
    return { server: facts, cases };
  } finally {
    await client.close();
    await server.stop();
  }
}
