import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '#engine/engine.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let folder: string;
let server: TestServer;
let engine: Engine;
let window: EngineWindow;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-malformed-'));
  server = await startTestServer();
  const config = { dataDir: folder, mongodbUri: server.uri, dbName: server.dbName, personName: 'ann' };
  engine = consoleEngine(config);
  expectOk(await engine.start());
  window = new EngineWindow(engine);
  await window.untilStatus(({ connection, monitor }) => connection.state === 'connected' && monitor.mode === 'stream');
  const db = server.client.db(server.dbName);
  const lists = ['retry_plans', 'runner_nodes', 'adjustments', 'provider_invoices', 'failure_groups'];
  for (const name of lists) {
    await db.collection<{ _id: string; state: string }>(name).insertOne({ _id: 'odd', state: 'proposed' });
  }
}, 60_000);
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

const ODD = [{ id: 'odd', problem: expect.any(String) as unknown }];

it.each([
  ['plans.list', () => window.ask('plans.list', {})],
  ['fleet.list', () => window.ask('fleet.list', {})],
  ['mends.list', () => window.ask('mends.list', { states: ['proposed'] })],
  ['failures.list', () => window.ask('failures.list', { fromMs: 0, toMs: 1 })],
] as const)('%s names a document that cannot be read, and answers', async (_name, ask) => {
  expect(await ask()).toMatchObject({ ok: true, value: { malformed: ODD } });
});

it('an invoice that cannot be read is named, and can be removed', async () => {
  expect(expectOk(await window.ask('invoices.list', {}))).toMatchObject({ rows: [], malformed: ODD });
  expectOk(await window.ask('invoices.remove', { invoiceId: 'odd' }));
  expect(expectOk(await window.ask('invoices.list', {}))).toMatchObject({ rows: [], malformed: [] });
});

it('nothing is decided over a decision that cannot be read, which says so', async () => {
  const order = { groupId: 'odd', seenVersion: 0, act: { type: 'reopen' } } as const;
  expect(await window.ask('failures.decide', order)).toMatchObject({ error: { code: 'malformed_document' } });
});
