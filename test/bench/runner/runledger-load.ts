import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { findViolations } from '#domain/invariants.ts';

import { ok } from '#domain/result.ts';
import { wait } from '#engine/wait.ts';
import { ArtefactFolder } from '#runner/artefacts.ts';
import type { Provider } from '#runner/provider.ts';
import { JobRunner } from '#runner/runner.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { openTestStore } from '../../support/test-server.ts';
import { fillQueue } from '../queued-jobs.ts';
import type { Load, LoadOptions, Stream } from './load.ts';

const PAGE = new TextEncoder().encode(
  '<!doctype html><html lang="en"><head><title>Tea</title></head><body><main><p>Tea</p></main></body></html>',
);
const PRICE_CREDITS = 100;

/** A provider that has its page ready: what is left to measure is the runner, the ledger, the checks and the artefact's file. */
function readyProvider(onStarted: (prompt: string) => void): Provider {
  return {
    name: 'demo',
    generate: async (request, sink) => {
      onStarted(request.prompt);
      await sink.accepted(request.idempotencyKey);
      await sink.write(PAGE);
      return ok({ providerCostMicroUsd: 0 });
    },
  };
}

/** Jobs with a price, ten workspaces that can pay, and one runner of this program with everything that it does in production. */
export async function prepareRunledgerLoad({
  uri,
  jobs,
  concurrency,
}: LoadOptions): Promise<Load & { readonly dbName: string }> {
  const dbName = `bench_${randomUUID().slice(0, 8)}`;
  const store = await openTestStore(uri, dbName);
  const artefactDir = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  await fillQueue(store, { jobs, priceCredits: PRICE_CREDITS });
  return {
    dbName,
    run: async () => {
      const startedAt = performance.now();
      const runner = runnerOn(
        store,
        artefactDir,
        concurrency,
        readyProvider(() => undefined),
      );
      runner.start();
      await runner.finished(jobs);
      return performance.now() - startedAt;
    },
    check: () => assertBooks(store, jobs),
    close: async () => {
      await store.close();
      const client = new MongoClient(uri);
      await client.db(dbName).dropDatabase();
      await client.close();
      await rm(artefactDir, { recursive: true, force: true });
    },
  };
}

interface CountedRunner {
  start(): void;
  /** Resolves when that many jobs have come to an end and the runner has nothing more to write. */
  finished(jobs: number): Promise<void>;
}

function runnerOn(store: Store, artefactDir: string, concurrency: number, provider: Provider): CountedRunner {
  let ended = 0;
  let onEnded: (count: number) => void = () => undefined;
  const runner = new JobRunner({
    runnerId: 'bench',
    store: store.writer,
    providers: [provider],
    artefacts: new ArtefactFolder(artefactDir),
    policies: store.policies,
    concurrency,
    host: hostname(),
    pid: process.pid,
    version: '0',
    random: Math.random,
    monotonicMs: () => performance.now(),
    now: () => new Date(),
    wait,
    onOutcome: () => onEnded((ended += 1)),
  });
  return {
    start: () => runner.start(),
    finished: async (jobs) => {
      const done = Promise.withResolvers<void>();
      onEnded = (count) => {
        if (count >= jobs) done.resolve();
      };
      onEnded(ended);
      await done.promise;
      await runner.drain();
    },
  };
}

/** Every job is completed and charged once, and nothing is owed. */
async function assertBooks(store: Store, jobs: number): Promise<number> {
  const books = await readBooks(store.reader);
  const charged = books.jobs.filter(
    (job) => job.state === 'completed' && job.billing.captured === PRICE_CREDITS,
  ).length;
  const [violation] = findViolations(books);
  if (charged !== jobs || violation !== undefined) {
    throw new Error(`${charged} of ${jobs} jobs completed and charged; ${violation?.detail ?? 'no violation'}`);
  }
  return charged;
}

/** A runner with nothing to do; each job that is handed in has a price, in turn of ten workspaces that can pay. */
export async function openRunledgerStream(uri: string, onStarted: (id: string) => void): Promise<Stream> {
  const dbName = `bench_${randomUUID().slice(0, 8)}`;
  const store = await openTestStore(uri, dbName);
  const artefactDir = await mkdtemp(join(tmpdir(), 'runledger-bench-'));
  expectOk(await store.writer.createIndexes());
  const workspaces = Array.from({ length: 10 }, (_, n) => `w${n}`);
  for (const workspaceId of workspaces) expectOk(await store.writer.postEntry(grant(workspaceId, 10_000_000)));
  const runner = runnerOn(store, artefactDir, 100, readyProvider(onStarted));
  runner.start();
  let ordered = 0;
  return {
    enqueue: async (id) => {
      const workspaceId = workspaces[(ordered += 1) % workspaces.length] ?? 'w0';
      const createdAt = expectOk(await store.reader.serverNow());
      const job = queuedJob({ id, prompt: id, workspaceId, priceCredits: PRICE_CREDITS, createdAt });
      expectOk(await store.writer.insertJobs([job]));
    },
    close: async () => {
      await runner.finished(ordered);
      await assertBooks(store, ordered);
      await store.close();
      const client = new MongoClient(uri);
      await client.db(dbName).dropDatabase();
      await client.close();
      await rm(artefactDir, { recursive: true, force: true });
    },
  };
}
