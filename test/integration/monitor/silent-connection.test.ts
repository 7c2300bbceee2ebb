import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { setupCopy, type MonitoredCopy } from '../../support/monitored-copy.ts';
import { startSilencingProxy, type SilencingProxy } from '../../support/silencing-proxy.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { untilSame, WAIT } from './copy-check.ts';

let server: TestServer;
let proxy: SilencingProxy;
let near: Store;
let far: Store;
let copy: MonitoredCopy;

beforeEach(async () => {
  server = await startTestServer();
  near = await server.openStore();
  expectOk(await near.writer.createIndexes());
  proxy = await startSilencingProxy(server.uri);
  far = await server.openStore({ uri: proxy.uri });
  copy = setupCopy();
});
afterEach(async () => {
  await copy.end();
  await proxy.stop();
  await server.stop();
});

it('a copy says that nobody answers, and catches up over another connection, where that of its stream went silent', async () => {
  copy.start(far.changes);
  await vi.waitFor(() => expect(copy.statuses.at(-1)?.mode).toBe('stream'), WAIT);
  proxy.swallowNext('getMore');
  await vi.waitFor(() => expect(proxy.isSilent()).toBe(true), WAIT);
  expectOk(await near.writer.insertJobs([queuedJob({ id: 'meanwhile', createdAt: new Date() })]));
  await untilSame(copy.cache, near.changes);
  expect(copy.statuses.map(({ error }) => error?.code)).toContain('server_unreachable');
});
