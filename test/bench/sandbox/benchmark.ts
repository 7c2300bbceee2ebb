import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MongoClient } from 'mongodb';
import { startServerProcess } from '../../faults/processes.ts';
import { benchCase, lineOf, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { ownServerFacts, serverFacts, serverMemoryCases, type ServerFacts } from '../server-facts.ts';
import { BARE_COMMITS, BARE_ROWS, bareSqlite } from './bare-sqlite.ts';
import { EMPTY_MODIFY, emptyServer } from './empty-server.ts';
import { measured, rated, type Measured, type Rounds } from './rounds.ts';
import {
  documentWorkloads,
  fill,
  insertWorkload,
  pingWorkload,
  streamWorkload,
  type BenchDocument,
  type Workload,
} from './workloads.ts';

interface Sizes {
  readonly rounds: number;
  readonly pings: number;
  readonly calls: number;
  readonly batches: number;
  readonly documents: number;
}

/** Batches for a second and more: of ten, eight were sent at once over eight connections, and what was measured was how a round begins and ends. */
const FULL: Sizes = { rounds: 5, pings: 4000, calls: 1500, batches: 60, documents: 100_000 };
/** A case that is slow on a busy machine, or on a slow peer, takes no longer in a round. */
const ROUND_MS_MAX = 1500;
const QUICK: Sizes = { rounds: 2, pings: 200, calls: 50, batches: 2, documents: 2000 };
const CONNECTIONS = [1, 8] as const;

/** A server that the benchmark runs on. */
interface Target {
  readonly name: string;
  readonly uri: string;
  readonly hasStreams: boolean;
}

/**
 * `npm run bench -- sandbox [--json] [--quick] [--uri URI]`: the sandbox server on disk, as a process of its own, over one and
 * eight connections, beside an empty ping over the same connections in the same rounds, beside a server that keeps nothing, and beside
 * the server at `--uri`. Each
 * answer is checked. Exit status 0 where every answer was right;
 * no figure fails it.
 */
export async function runSandboxBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      uri: { type: 'string' },
    },
  });
  const sizes = values.quick ? QUICK : FULL;
  const folder = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  const server = await startServerProcess({ dataDir: folder, port: 0, skewMs: 0 });
  const own: Target = {
    name: 'the sandbox server, on disk',
    uri: `mongodb://127.0.0.1:${server.port}/?directConnection=true`,
    hasStreams: true,
  };
  const facts = await ownServerFacts(own.uri, { isDurable: true });
  const peer = values.uri === undefined ? null : await peerOf(values.uri);
  const report = (one: BenchCase): void => {
    if (!values.json) console.error(lineOf(one));
  };
  try {
    const cases: BenchCase[] = [];
    for (const connections of CONNECTIONS) {
      for (const one of await measure({ own, peer, connections, sizes, folder })) {
        cases.push(one);
        report(one);
      }
    }
    cases.push(...(await serverMemoryCases(own.uri)));
    const setUp = { server: facts, peer: peer?.facts ?? null, connections: CONNECTIONS, ...sizes };
    printReport({ benchmark: 'sandbox', setUp, cases }, values.json);
    return 0;
  } finally {
    await server.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(options: {
  readonly own: Target;
  readonly peer: Target | null;
  readonly connections: number;
  readonly sizes: Sizes;
  readonly folder: string;
}): Promise<readonly BenchCase[]> {
  const { own, peer, connections, sizes, folder } = options;
  const bare = bareSqlite(folder, sizes);
  const empty = await emptyServer(connections, sizes);
  const ours = await runOn(own, { connections, sizes, others: [...bare.workloads, ...empty.workloads] });
  const theirs = peer === null ? null : await runOn(peer, { connections, sizes, others: [] });
  try {
    const lanes = [ours, ...(theirs === null ? [] : [theirs])];
    for (let round = 0; round < sizes.rounds; round += 1) for (const lane of lanes) await lane.round();
    const over = `over ${connections} connection${connections === 1 ? '' : 's'}`;
    const limits = limitsOf(ours.rounds, over);
    return [...ours.rounds].map(([key, rounds]) => {
      const { median, spread } = rated(rounds);
      const other = theirs?.rounds.get(key);
      return benchCase({
        name: `${key}, ${over}`,
        unit: rounds.unit,
        ours: median,
        peer: other === undefined ? null : rated(other).median,
        peerName: other === undefined ? null : (peer?.name ?? null),
        spread,
        ...limits.of(key),
        ...aimOf(key, median, limits.ping),
      });
    });
  } finally {
    await ours.stop();
    await theirs?.stop();
    await empty.stop();
    bare.stop();
  }
}

/** What one server is measured by: each call of `round` runs every workload once. */
async function runOn(
  target: Target,
  {
    connections,
    sizes,
    others,
  }: {
    readonly connections: number;
    readonly sizes: Sizes;
    /** What is measured in the same rounds, and is no work of this server. */
    readonly others: readonly Workload[];
  },
): Promise<{ readonly rounds: ReadonlyMap<string, Rounds>; round(): Promise<void>; stop(): Promise<void> }> {
  const client = await new MongoClient(target.uri, { minPoolSize: connections, maxPoolSize: connections }).connect();
  const watcher = await new MongoClient(target.uri).connect();
  const db = client.db(`bench_${process.pid}_${connections}`);
  await db.dropDatabase();
  const documents = db.collection<BenchDocument>('documents');
  await fill(documents, sizes.documents);
  const streamed = target.hasStreams ? await streamWorkload(watcher, db, sizes.calls) : null;
  const workloads: readonly Workload[] = [
    pingWorkload(db, sizes.pings),
    await insertWorkload(db, sizes.batches),
    ...documentWorkloads(documents, sizes.documents, sizes.calls),
    ...(streamed === null ? [] : [streamed.workload]),
    ...others,
  ];
  const rounds = new Map<string, { readonly unit: string; readonly perSecond: number[] }>();
  const next = new Map<string, number>();
  const run = async (workload: Workload, calls: number): Promise<Measured> => {
    const from = next.get(workload.name) ?? 0;
    const one = await measured(workload, { from, calls, lanes: connections, msMax: ROUND_MS_MAX });
    next.set(workload.name, from + one.calls);
    return one;
  };
  for (const workload of workloads) await run(workload, Math.ceil(workload.calls / 4));
  return {
    rounds,
    round: async () => {
      for (const workload of workloads) {
        const { seconds, calls } = await run(workload, workload.calls);
        const all = rounds.get(workload.name) ?? { unit: workload.unit, perSecond: [] };
        all.perSecond.push((calls * workload.unitsPerCall) / seconds);
        rounds.set(workload.name, all);
      }
    },
    stop: async () => {
      await streamed?.stop();
      await db.dropDatabase();
      await client.close();
      await watcher.close();
    },
  };
}

async function peerOf(uri: string): Promise<Target & { readonly facts: ServerFacts }> {
  const facts = await serverFacts(uri);
  const name = `${facts.topology}, version ${facts.version}`;
  return { name, uri, hasStreams: facts.topology === 'replica set', facts };
}

/** What limits each kind of work: the disk what is written in bulk, and the way to the server and back everything else. */
function limitsOf(
  rounds: ReadonlyMap<string, Rounds>,
  over: string,
): { readonly ping: number; of(name: string): Pick<BenchCase, 'limit' | 'limitName'> } {
  const medianOf = (name: string): number => {
    const found = rounds.get(name);
    if (found === undefined) throw new Error(`${name} was not measured`);
    return rated(found).median;
  };
  const ping = medianOf('ping');
  const isOwnLimit = (name: string): boolean =>
    name === 'ping' || name === BARE_COMMITS || name === BARE_ROWS || name.includes('keeps nothing');
  return {
    ping,
    of: (name) => {
      if (isOwnLimit(name)) return { limit: null, limitName: null };
      if (name.startsWith('bulk insert')) return { limit: medianOf(BARE_ROWS), limitName: BARE_ROWS };
      if (name.startsWith('findAndModify')) return { limit: medianOf(EMPTY_MODIFY), limitName: EMPTY_MODIFY };
      return { limit: ping, limitName: `empty ping ${over}` };
    },
  };
}

function aimOf(name: string, rate: number, ping: number): Partial<BenchCase> {
  if (name.includes('keeps nothing')) return {};
  if (name.startsWith('bulk insert')) return { aim: '20,000 a second', isReached: rate >= 20_000 };
  if (name.startsWith('findAndModify')) return { aim: 'within 3 times a ping', isReached: rate * 3 >= ping };
  return {};
}
