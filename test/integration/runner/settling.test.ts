import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { ok } from '#domain/result.ts';
import { makeRunner } from '#engine/make-runner.ts';
import type { Provider } from '#runner/provider.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { startCuttingProxy, type CuttingProxy } from '../../faults/cutting-proxy.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { openTestStore, startTestServer, type TestServer } from '../../support/test-server.ts';

const PAGE = new TextEncoder().encode(
  '<!doctype html><html lang="en"><head><title>Tea</title></head><body><main><p>Tea</p></main></body></html>',
);
/** MongoDB's MaxTimeMSExpired: an error that the driver hands on. */
const TIMED_OUT = 50;

let server: TestServer;
let proxy: CuttingProxy;
let store: Store;
let folder: string;

beforeEach(async () => {
  server = await startTestServer();
  const uri = new URL(server.uri);
  proxy = await startCuttingProxy(Number(uri.port));
  uri.port = String(proxy.port);
  store = await openTestStore(uri.href, server.dbName);
  expectOk(await store.writer.createIndexes());
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-settling-'));
});
afterEach(async () => {
  await store.close();
  await proxy.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Has its page ready, and lets the next entries for the ledger be refused before it hands it over. */
function refusingProvider(refusals: number): Provider {
  return {
    name: 'demo',
    generate: async (request, sink) => {
      await sink.accepted(request.idempotencyKey);
      for (let n = 0; n < refusals; n += 1) proxy.refuseNext('insert', TIMED_OUT);
      await sink.write(PAGE);
      return ok({ providerCostMicroUsd: 0 });
    },
  };
}

async function runOne(refusals: number): Promise<void> {
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', workspaceId: 'w1', priceCredits: 300 })]));
  const runner = makeRunner({
    store: store.writer,
    policies: store.policies,
    providers: [refusingProvider(refusals)],
    artefactDir: path.join(folder, 'artefacts'),
    concurrency: 1,
    version: 'test',
  });
  runner.start();
  await vi.waitFor(
    async () => {
      const found = expectOk(await store.reader.readJob('j1'));
      if (found?.type !== 'job' || found.job.state !== 'completed') throw new Error('not completed');
    },
    { timeout: 30_000 },
  );
  await runner.drain();
}

it('a runner that drains settles what the server refused to settle the first times', async () => {
  await runOne(2);
  expect(proxy.refusals().get('insert')).toBe(2);
  const books = await readBooks(store.reader);
  expect(books.jobs).toMatchObject([{ billing: { status: 'charged', captured: 300, reserved: 0, pending: [] } }]);
  expect(books.ledger.filter(({ jobId }) => jobId === 'j1').map(({ type }) => type)).toEqual(['reserve', 'capture']);
  expect(findViolations(books)).toEqual([]);
});

it('a runner whose server refuses again and again ends all the same, and what is owed stays owed for a sweep', async () => {
  await runOne(50);
  proxy.relent();
  expect((await readBooks(store.reader)).jobs).toMatchObject([{ billing: { pending: [{ type: 'capture' }] } }]);
  expectOk(await store.writer.sweep({ limit: 10, olderThanMs: 0, isDryRun: false }));
  const books = await readBooks(store.reader);
  expect(books.jobs).toMatchObject([{ billing: { status: 'charged', captured: 300, pending: [] } }]);
  expect(findViolations(books)).toEqual([]);
});
