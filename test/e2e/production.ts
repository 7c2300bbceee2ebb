import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { jobSchema, type Job } from '#domain/job.ts';
import { entryKey, ledgerEntrySchema, periodOf, type LedgerEntry } from '#domain/ledger.ts';
import { CONFIGURED_PROVIDER } from '#engine/provider-settings.ts';
import { startDemoProvider } from '#sandbox/demo/provider-server.ts';
import { startSandbox } from '#sandbox/server.ts';
import { expectOk } from '../support/expect-ok.ts';
import { failedJob } from '../support/failed-job.ts';
import { grant, queuedJob, type NewJob } from '../support/job-builder.ts';
import { openTestStore } from '../support/test-server.ts';

/** A deployment with a product that orders jobs and a provider that makes them; the application only attaches to it. */
export interface Production {
  /** What the application needs to attach and to run jobs. */
  readonly env: Readonly<Record<string, string>>;
  /** The product orders a job. */
  order(job: NewJob): Promise<void>;
  /** What stands in MongoDB: the entries of a job, and the job. */
  ledgerOf(jobId: string): Promise<readonly LedgerEntry[]>;
  jobOf(id: string): Promise<Job>;
  /** Writes a document as it is, by the bare driver. */
  writeRaw(document: { _id: string } & Record<string, unknown>): Promise<void>;
  /** Takes the price of a job from nobody's account: a capture that stands in the ledger and was never posted. */
  plantCapture(jobId: string): Promise<void>;
  /** A job that failed last month and stayed captured, posted by the charge protocol of its product, and all paid by a grant. */
  plantLastMonth(jobId: string, priceCredits: number): Promise<void>;
  /** The server goes away, and comes back on the same port with what it had. */
  serverGoes(): Promise<void>;
  serverReturns(): Promise<void>;
  stop(): Promise<void>;
}

export const WORKSPACE = 'acorn-studio';
/** Credits, in smallest units, that the workspace begins with. */
export const GRANTED = 100_000;

/** Starts one with a workspace that has credits. */
export async function startProduction(): Promise<Production> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-production-'));
  const dbName = 'production';
  let sandbox = await startSandbox({ dataDir });
  const { uri, port } = sandbox;
  const provider = await startDemoProvider();
  const client = await new MongoClient(uri).connect();
  const store = await openTestStore(uri, dbName);
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant(WORKSPACE, GRANTED)));
  const db = client.db(dbName);
  return {
    env: {
      MONGODB_URI: uri,
      RUNLEDGER_DB: dbName,
      RUNLEDGER_PROVIDER_URL: provider.baseUrl,
      RUNLEDGER_PROVIDER_KEY: provider.apiKey,
    },
    order: async (spec) => {
      const job = queuedJob({ workspaceId: WORKSPACE, createdAt: new Date(), ...spec });
      expectOk(await store.writer.insertJobs([{ ...job, provider: { ...job.provider, name: CONFIGURED_PROVIDER } }]));
    },
    ledgerOf: async (jobId) => {
      const entries = await db.collection('credit_ledger').find({ jobId }).sort({ at: 1, _id: 1 }).toArray();
      return entries.map((entry) => ledgerEntrySchema.parse(entry));
    },
    jobOf: async (id) => jobSchema.parse(await db.collection<{ _id: string }>('jobs').findOne({ _id: id })),
    writeRaw: async (document) => {
      await db.collection<{ _id: string }>('jobs').insertOne(document);
    },
    plantCapture: async (jobId) => {
      const job = jobSchema.parse(await db.collection<{ _id: string }>('jobs').findOne({ _id: jobId }));
      const { generationId, price } = job.billing;
      const at = new Date();
      const entry: LedgerEntry = {
        _id: entryKey(generationId, 'capture', 1),
        workspaceId: job.workspaceId,
        jobId,
        generationId,
        attempt: null,
        type: 'capture',
        credits: price,
        at,
        actor: { type: 'user', id: 'by-hand' },
        reason: 'written by hand',
        period: periodOf(at),
      };
      await db.collection<{ _id: string }>('credit_ledger').insertOne({ ...entry });
    },
    plantLastMonth: async (jobId, priceCredits) => {
      const now = new Date();
      const at = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 10));
      const failed = failedJob({
        id: jobId,
        workspaceId: WORKSPACE,
        kind: 'report',
        failureClass: 'provider',
        priceCredits,
        captured: priceCredits,
        at,
      });
      await db.collection<{ _id: string }>('jobs').insertOne({ ...failed });
      const entryOf = (type: LedgerEntry['type'], credits: number): LedgerEntry => ({
        _id: entryKey(failed.billing.generationId, type, 1),
        workspaceId: WORKSPACE,
        jobId: type === 'grant' ? null : jobId,
        generationId: type === 'grant' ? null : failed.billing.generationId,
        attempt: null,
        type,
        credits,
        at,
        actor: { type: 'product', id: 'shop' },
        reason: `${type} of last month`,
        period: periodOf(at),
      });
      for (const type of ['grant', 'reserve', 'capture'] as const) {
        expectOk(await store.writer.postEntry(entryOf(type, priceCredits)));
      }
    },
    serverGoes: () => sandbox.stop(),
    serverReturns: async () => {
      sandbox = await startSandbox({ dataDir, port });
    },
    stop: async () => {
      await store.close();
      await client.close();
      await provider.stop();
      await sandbox.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
