import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { JobMapping } from '#domain/mapping/job-mapping.ts';
import { startSandbox } from '#sandbox/server.ts';
import type { Store } from '#store/connection.ts';
import { openProcessStore } from '#store/process-store.ts';
import { expectOk } from './expect-ok.ts';

/** How a store is opened on it. */
interface OpenOptions {
  /** Another address of the same server, as that of a proxy before it. */
  readonly uri?: string;
  readonly isReadOnly?: boolean;
  readonly mapping?: JobMapping | null;
  readonly silenceMs?: number;
}

/** A server to test against, with a database of its own that is dropped at the end. */
export interface TestServer {
  readonly uri: string;
  readonly dbName: string;
  /** Opens a connection as a part of the program would. Closed by `stop`. */
  openStore(options?: OpenOptions): Promise<Store>;
  /** The same, once everything in the database is gone. */
  openEmptied(): Promise<Store>;
  /** The bare driver, for what a test looks at or breaks by hand. */
  readonly client: MongoClient;
  stop(): Promise<void>;
}

/**
 * The server that `MONGODB_URI` names, and otherwise a sandbox of its own in memory: the same tests hold on both, which is how
 * the sandbox is kept honest.
 */
export async function startTestServer(): Promise<TestServer> {
  const given = process.env['MONGODB_URI'];
  const sandbox = given === undefined || given === '' ? await startSandbox({ dataDir: 'memory' }) : null;
  const uri = sandbox?.uri ?? given ?? '';
  const dbName = `test_${randomUUID().replaceAll('-', '').slice(0, 16)}`;
  const client = await new MongoClient(uri).connect();
  const stores: Store[] = [];
  const openStore = async (options?: OpenOptions): Promise<Store> => {
    const store = await openTestStore(uri, dbName, options);
    stores.push(store);
    return store;
  };
  return {
    uri,
    dbName,
    client,
    openStore,
    openEmptied: async () => {
      await client.db(dbName).dropDatabase();
      return openStore();
    },
    stop: async () => {
      await client.db(dbName).dropDatabase();
      await Promise.all(stores.map((store) => store.close()));
      await client.close();
      await sandbox?.stop();
    },
  };
}

/** A connection as a part of the program would open it; whoever asks for it closes it. */
export async function openTestStore(uri: string, dbName: string, options: OpenOptions = {}): Promise<Store> {
  return expectOk(
    await openProcessStore({
      uri,
      dbName,
      appName: 'runledger-test',
      ...options,
    }),
  );
}
