import type { Db } from 'mongodb';
import type { Books } from '#domain/invariants.ts';
import { jobSchema } from '#domain/job.ts';
import { creditAccountSchema, ledgerEntrySchema } from '#domain/ledger.ts';
import { MongoWritableStore } from '#store/connection.ts';
import type { Wait } from '#store/standing-postings.ts';
import { ServerClock } from '#store/server-clock.ts';
import type { ModelDeployment } from './model-collections.ts';
import { connectTo, openGate, type Gate } from './model-driver.ts';

/** What a client of a model deployment brings; everything has a default that makes nothing happen by itself. */
export interface ModelClient {
  readonly gate?: Gate;
  readonly newId?: () => string;
  readonly random?: () => number;
  readonly wait?: Wait;
  /** The client's own clock, in milliseconds; the server's unless told. */
  readonly monotonicMs?: () => number;
}

/** The program's own store, whole, over a deployment in memory. */
export function openModelStore(deployment: ModelDeployment, client: ModelClient = {}): MongoWritableStore {
  const gate = client.gate ?? openGate;
  let ids = 0;
  const hello = (): Promise<{ localTime: Date }> => gate('hello', () => ({ localTime: new Date(deployment.nowMs) }));
  // The store asks the database itself only for the server's clock, and for closed months, of which a model has none.
  const noMonths = { find: () => ({ toArray: () => gate('periods.find', () => []) }) };
  const db = { admin: () => ({ command: hello }), collection: () => noMonths } as unknown as Db;
  const monotonicMs = client.monotonicMs ?? (() => deployment.nowMs);
  return new MongoWritableStore(db, connectTo(deployment, gate), new ServerClock(db, monotonicMs), {
    uri: 'mongodb://model',
    dbName: null,
    appName: 'model',
    isReadOnly: false,
    connectTimeoutMs: 1000,
    newId: client.newId ?? (() => `id-${(ids += 1)}`),
    random: client.random ?? (() => 0.5),
    wait: client.wait ?? (() => Promise.resolve()),
    monotonicMs,
  });
}

/** Everything in a deployment as it stands. Throws where a document is not what it should be. */
export function readModelBooks(deployment: ModelDeployment): Books {
  return {
    jobs: [...deployment.jobs.documents.values()].map((document) => jobSchema.parse(document)),
    accounts: [...deployment.accounts.documents.values()].map((document) => creditAccountSchema.parse(document)),
    ledger: [...deployment.ledger.documents.values()].map((document) => ledgerEntrySchema.parse(document)),
  };
}
