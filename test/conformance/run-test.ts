import { MongoServerError, type MongoClient } from 'mongodb';
import { Entities } from './entities.ts';
import { describeEventsMismatch } from './expect-events.ts';
import { ObservedClient } from './observed-client.ts';
import { describeOutcomeMismatch } from './outcome.ts';
import { Mismatch } from './mismatch.ts';
import { performAll } from './operations/perform.ts';
import type { CollectionData, UnifiedFile, UnifiedTest } from './unified-file.ts';

const MAJORITY = { writeConcern: { w: 'majority' as const } };
/** A test that takes longer than this is stuck. */
const TEST_MS_MAX = 60_000;

/** The server that tests run on. */
export interface Target {
  readonly uri: string;
  /** A client of the runner, which no test observes. */
  readonly internal: MongoClient;
}

/** Runs one test from initial data to outcome. Rejects with a sentence that says what does not hold. */
export async function runTest(file: UnifiedFile, test: UnifiedTest, target: Target): Promise<void> {
  const entities = new Entities(target.uri);
  const failPoints = new Set<string>();
  const watch = new AbortController();
  try {
    await Promise.race([
      runPhases(file, test, { entities, runner: { internal: target.internal, failPoints } }),
      timeOut(watch.signal),
    ]);
  } finally {
    watch.abort();
    for (const name of failPoints) {
      await target.internal.db('admin').command({ configureFailPoint: name, mode: 'off' });
    }
    await entities.close();
  }
}

interface World {
  readonly entities: Entities;
  readonly runner: { readonly internal: MongoClient; readonly failPoints: Set<string> };
}

async function runPhases(file: UnifiedFile, test: UnifiedTest, { entities, runner }: World): Promise<void> {
  for (const data of file.initialData ?? []) await prepare(runner.internal, data);
  await entities.create(file.createEntities ?? []);
  await performAll(test.operations, entities, runner);
  for (const client of entities.all(ObservedClient)) client.stopObserving();
  for (const expected of test.expectEvents ?? []) {
    const client = entities.get(expected.client, ObservedClient);
    const found = describeEventsMismatch(expected, client, entities);
    if (found !== null) throw new Mismatch(found);
  }
  for (const data of test.outcome ?? []) {
    const found = await describeOutcomeMismatch(runner.internal, data);
    if (found !== null) throw new Mismatch(`outcome: ${found}`);
  }
}

/** Gives a collection exactly the documents that the test begins with. */
async function prepare(client: MongoClient, data: CollectionData): Promise<void> {
  const db = client.db(data.databaseName, MAJORITY);
  const collection = db.collection(data.collectionName, MAJORITY);
  await collection.drop().catch(ignoreMissing);
  if (data.documents.length === 0 || data.createOptions !== undefined) {
    await db.createCollection(data.collectionName, { ...MAJORITY, ...data.createOptions });
  }
  if (data.documents.length > 0) await collection.insertMany(data.documents, { forceServerObjectId: true });
}

/** Older servers refuse to drop what is not there. */
function ignoreMissing(cause: unknown): void {
  if (cause instanceof MongoServerError && cause.code === 26) return;
  throw cause;
}

function timeOut(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the test took longer than ${TEST_MS_MAX} ms`)), TEST_MS_MAX);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
