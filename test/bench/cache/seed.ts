import { parseArgs } from 'node:util';
import { MongoClient, type Db } from 'mongodb';
import { COLLECTION_NAMES } from '#store/collections.ts';
import { createNeededIndexes } from '#store/indexes.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { benchServer } from './bench-server.ts';
import { SeededBooks } from './seeded-books.ts';

const BLOCK_JOBS = 5000;
const INDEXED_MS_MAX = 3_600_000;

/** How fast books were written. */
export interface SeedTime {
  readonly jobs: number;
  readonly entries: number;
  readonly accounts: number;
  readonly insertMs: number;
  readonly indexMs: number;
}

/** Drops the database and fills it with the books of a seed; the indexes come after the documents. */
export async function seedDatabase(
  db: Db,
  options: { readonly jobs: number; readonly seed: number; readonly say: (line: string) => void },
): Promise<SeedTime> {
  await db.dropDatabase();
  const books = new SeededBooks(options.jobs, options.seed);
  const startedAt = performance.now();
  let [jobs, entries] = [0, 0];
  // The next block is made while the server takes the last one.
  let writing: Promise<unknown> = Promise.resolve();
  for (const block of books.blocks(BLOCK_JOBS)) {
    await writing;
    writing = Promise.all([
      insert(db, COLLECTION_NAMES.jobs, block.jobs),
      insert(db, COLLECTION_NAMES.ledger, block.entries),
    ]);
    jobs += block.jobs.length;
    entries += block.entries.length;
    if (jobs % 100_000 === 0) options.say(`${jobs} jobs, ${entries} entries, ${rate(jobs + entries, startedAt)}`);
  }
  await writing;
  const accounts = books.accounts();
  await insert(db, COLLECTION_NAMES.accounts, accounts);
  const insertMs = performance.now() - startedAt;
  const indexedAt = performance.now();
  expectOk(await createNeededIndexes(db));
  return { jobs, entries, accounts: accounts.length, insertMs, indexMs: performance.now() - indexedAt };
}

async function insert(db: Db, name: string, documents: readonly object[]): Promise<void> {
  if (documents.length === 0) return;
  await db.collection(name).insertMany([...documents], { ordered: false });
}

function rate(documents: number, startedAt: number): string {
  return `${Math.round((documents * 1000) / (performance.now() - startedAt))} documents/s`;
}

/**
 * `npm run bench -- seed [--jobs N] [--seed S] [--uri URI] [--db NAME] [--data-dir DIR] [--json]`: fills a database with N jobs (one
 * million) and three times as many ledger entries, the same ones for the same seed. Without a URI into a sandbox server over the
 * folder, which `npm run bench -- cache --data-dir DIR` measures on.
 */
export async function runSeedBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      jobs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      uri: { type: 'string' },
      db: { type: 'string', default: 'runledger_bench' },
      'data-dir': { type: 'string', default: 'test/output/bench-books' },
      json: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 10 || jobs > 10_000_000) {
    console.error('--jobs is a number from 10 to 10000000');
    return 2;
  }
  const server = await benchServer(values.uri, values['data-dir']);
  // Indexes over millions of documents keep a sandbox busy for longer than the driver waits for a sign of life.
  const client = await new MongoClient(server.uri, { connectTimeoutMS: INDEXED_MS_MAX }).connect();
  try {
    const seeded = await seedDatabase(client.db(values.db), {
      jobs,
      seed: Number(values.seed),
      say: values.json ? () => undefined : console.log,
    });
    if (values.json) console.log(JSON.stringify(seeded));
    else {
      const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
      console.log(
        `${seeded.jobs} jobs, ${seeded.entries} entries, ${seeded.accounts} accounts in ${seconds(seeded.insertMs)}, their indexes in ${seconds(seeded.indexMs)}`,
      );
    }
    return 0;
  } finally {
    await client.close();
    await server.stop();
  }
}
