import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { findViolations } from '#domain/invariants.ts';
import { ok } from '#domain/result.ts';
import { makeRunner } from '#engine/make-runner.ts';
import type { Provider } from '#runner/provider.ts';
import type { Store } from '#store/connection.ts';
import { readBooks } from '#store/read-books.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { startSilencingProxy, type SilencingProxy } from '../../support/silencing-proxy.ts';
import { openTestStore, startTestServer, type TestServer } from '../../support/test-server.ts';

const PAGE = new TextEncoder().encode(
  '<!doctype html><html lang="en"><head><title>Tea</title></head><body><main><p>Tea</p></main></body></html>',
);

const LEASE_MS = 5000;

let server: TestServer;
let proxy: SilencingProxy;
let store: Store;
let folder: string;

beforeEach(async () => {
  server = await startTestServer();
  proxy = await startSilencingProxy(server.uri);
  store = await openTestStore(proxy.uri, server.dbName);
  expectOk(await store.writer.createIndexes());
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-silent-'));
});
afterEach(async () => {
  await proxy.stop();
  await store.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Lets a connection go silent, and hands its page over after that many milliseconds. */
function silencingProvider(request: string, takesMs: number): Provider {
  return {
    name: 'demo',
    generate: async (_request, sink) => {
      proxy.swallowNext(request);
      await delay(takesMs);
      await sink.write(PAGE);
      return ok({ providerCostMicroUsd: 0 });
    },
  };
}

it.each([
  ['what it writes of the result', 'completed', 0],
  ['a heartbeat of a long generation', 'lease.heartbeatAt', 2 * LEASE_MS],
])('a runner ends its job, and charges once, where %s is never answered', async (_what, request, takesMs) => {
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', workspaceId: 'w1', priceCredits: 300 })]));
  const runner = makeRunner({
    store: store.writer,
    policies: store.policies,
    providers: [silencingProvider(request, takesMs)],
    artefactDir: path.join(folder, 'artefacts'),
    concurrency: 1,
    version: 'test',
    leaseMs: LEASE_MS,
  });
  runner.start();
  const job = await vi.waitFor(
    async () => {
      const found = expectOk(await store.reader.readJob('j1'));
      if (found?.type !== 'job' || found.job.state !== 'completed') throw new Error('not completed');
      return found.job;
    },
    { timeout: 30_000 },
  );
  expect(job.attempts).toHaveLength(1);
  await runner.drain();
  const books = await readBooks(store.reader);
  expect(books.ledger.filter(({ jobId }) => jobId === 'j1').map(({ type }) => type)).toEqual(['reserve', 'capture']);
  expect(findViolations(books)).toEqual([]);
});
