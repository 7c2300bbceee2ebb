import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { putRedaction } from '#console/redaction/redaction-desk.ts';
import { applyFailureAct, noDecision } from '#domain/failure-groups.ts';
import { jobSchema, type Job } from '#domain/job.ts';
import { entryKey, ledgerEntrySchema, periodOf, type LedgerEntry } from '#domain/ledger.ts';
import { CONFIGURED_PROVIDER } from '#engine/provider-settings.ts';
import { JOB_KINDS } from '#domain/kinds.ts';
import { nextPolicyVersion, type PolicyDraft } from '#domain/policy-version.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { startDemoProvider, type ProviderCalls } from '#sandbox/demo/provider-server.ts';
import { startSandbox } from '#sandbox/server.ts';
import { expectOk } from '../support/expect-ok.ts';
import { collectingSink, unstopped } from '../support/collecting-sink.ts';
import { entriesOf, failedJob, type FailedJob } from '../support/failed-job.ts';
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
  /** A job that failed, with the charge protocol's entries for it; the provider may have accepted what it asked for. */
  plantFailed(job: FailedJob & { readonly id: string; readonly model?: string }): Promise<void>;
  /** Buys at the provider what a planted job's first attempt asked for, under its key: the result that nobody received. */
  buyFor(jobId: string): Promise<void>;
  /** How often the provider has made something, and given again what it had made. */
  providerCalls(): ProviderCalls;
  /** Somebody else leaves the cause of a job's failure alone. */
  ignoreElsewhere(jobId: string): Promise<void>;
  /** Puts a version of the retry policy in force. */
  putPolicy(change: Partial<PolicyDraft>): Promise<void>;
  /** The next document that is inserted into a collection takes the server so long, in milliseconds. */
  delayInsert(collection: string, ms: number): Promise<void>;
  /** Makes somebody support, and hides what a pattern matches from them. */
  hideFromSupport(person: string, pattern: string, label: string): Promise<void>;
  /** Lets the workspace have more credits. */
  topUp(credits: number): Promise<void>;
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
    plantFailed: async ({ model = 'standard', ...spec }) => {
      const failed = failedJob({ workspaceId: WORKSPACE, at: new Date(), ...spec });
      const job: Job = {
        ...failed,
        provider: { ...failed.provider, name: CONFIGURED_PROVIDER, model },
        attempts: failed.attempts.map((attempt) => ({ ...attempt, provider: CONFIGURED_PROVIDER, model })),
      };
      await db.collection<{ _id: string }>('jobs').insertOne({ ...job });
      for (const entry of entriesOf(job)) expectOk(await store.writer.postEntry({ ...entry, at: new Date() }));
    },
    buyFor: async (jobId) => {
      const job = jobSchema.parse(await db.collection<{ _id: string }>('jobs').findOne({ _id: jobId }));
      const { baseUrl, apiKey } = provider;
      const settings = { type: 'openai', name: CONFIGURED_PROVIDER, baseUrl, key: 'single' } as const;
      const request = {
        kind: job.kind,
        prompt: job.input.prompt,
        options: JOB_KINDS.website.optionsSchema.parse(job.input.options),
        model: job.provider.model,
        idempotencyKey: `${job.billing.generationId}:1`,
        timeoutMs: 20_000,
      };
      const bought = await openAiProvider(settings, apiKey).generate(request, collectingSink(), unstopped());
      if (!bought.ok) throw new Error('the provider made nothing');
    },
    providerCalls: () => provider.calls(),
    ignoreElsewhere: async (jobId) => {
      const job = jobSchema.parse(await db.collection<{ _id: string }>('jobs').findOne({ _id: jobId }));
      if (job.failure === null) throw new Error(`${jobId} has not failed`);
      const step = { by: { type: 'user', id: 'ann' }, at: new Date() } as const;
      const act = { type: 'ignore', until: { type: 'jobs', more: 10 }, note: 'known to the provider' } as const;
      const decided = applyFailureAct(noDecision(job.failure.fingerprint), act, step);
      if (decided === null || !expectOk(await store.failures.replace(decided))) throw new Error('it was decided about');
    },
    putPolicy: async (change) => {
      const inForce = expectOk(await store.policies.inForce());
      const step = { by: { type: 'user', id: 'founder' }, at: new Date(), reason: 'for this spec' } as const;
      expectOk(await store.policies.append(expectOk(nextPolicyVersion(inForce, { ...inForce, ...change }, step))));
    },
    delayInsert: async (collection, ms) => {
      const namespace = `${dbName}.${collection}`;
      const data = { failCommands: ['insert'], namespace, blockConnection: true, blockTimeMS: ms };
      await client.db('admin').command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data });
    },
    hideFromSupport: async (person, pattern, label) => {
      const by = { since: new Date(), by: 'founder' };
      expectOk(await store.people.save({ _id: 'founder', role: 'founder', ...by }));
      expectOk(await store.people.save({ _id: person, role: 'support', ...by }));
      const where = { type: 'pattern', pattern, ignoresCase: false } as const;
      const draft = { rules: [{ id: 'spec', label, roles: ['support' as const], where }] };
      const order = { basedOn: 0, draft, reason: 'for this spec', by: { type: 'user', id: 'founder' } } as const;
      expectOk(await putRedaction(store, order));
    },
    topUp: async (credits) => {
      expectOk(await store.writer.postEntry(grant(WORKSPACE, credits, 2)));
      expectOk(await store.writer.unblock(WORKSPACE));
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
