import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { startSilencingProxy, type SilencingProxy } from '../../support/silencing-proxy.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const SILENCE_MS = 300;

let server: TestServer;
let proxy: SilencingProxy;
let store: Store;

beforeAll(async () => {
  server = await startTestServer();
  proxy = await startSilencingProxy(server.uri);
  store = await server.openStore({ uri: proxy.uri, silenceMs: SILENCE_MS });
});
afterAll(async () => {
  await server.stop();
  await proxy.stop();
});

describe('a request whose connection goes silent', () => {
  it('is written over another one, once', async ({ skip }) => {
    skip(store.changes.topology.kind === 'standalone', 'this deployment has no retryable writes');
    proxy.swallowNext('written-once');
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'written-once' })]));
    expect(proxy.isSilent()).toBe(true);
    expect(await server.client.db(server.dbName).collection('jobs').countDocuments()).toBe(1);
  });

  it('is read over another one', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'read' })]));
    proxy.swallowNext('read');
    expect(expectOk(await store.reader.readJob('read'))?.type).toBe('job');
    expect(proxy.isSilent()).toBe(true);
  });
});

it('is an unreachable server for who waits longer for a connection than the address allows', async () => {
  const uri = new URL(proxy.uri);
  uri.searchParams.set('maxPoolSize', '1');
  uri.searchParams.set('waitQueueTimeoutMS', String(SILENCE_MS));
  const narrow = await server.openStore({ uri: uri.href, silenceMs: 3 * SILENCE_MS });
  proxy.swallowNext('holds-the-only-one');
  const [held, behind] = await Promise.all(['holds-the-only-one', 'behind'].map((id) => narrow.reader.readJob(id)));
  expect(held).toMatchObject({ ok: true });
  expect(behind).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
});

it('waits for indexes that are long in the making', async ({ skip }) => {
  const admin = server.client.db('admin');
  const data = { failCommands: ['createIndexes'], blockConnection: true, blockTimeMS: 3 * SILENCE_MS };
  const set = await admin
    .command({ configureFailPoint: 'failCommand', mode: { times: 1 }, data })
    .catch((cause: unknown) => cause);
  skip(set instanceof Error, 'this deployment has no fail points');
  await server.client.db(server.dbName).collection('jobs').dropIndexes();
  expect(expectOk(await store.writer.createIndexes()).length).toBeGreaterThan(0);
});
