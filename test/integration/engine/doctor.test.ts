import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestResult } from '#contract/requests.ts';
import type { Engine } from '#engine/engine.ts';
import { openProcessStore } from '#store/process-store.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

type Part = RequestResult<'doctor.run'>['parts'][number];

let server: TestServer;
let folder: string;
const engines: Engine[] = [];
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-doctor-'));
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

async function openWindow(mongodbUri: string): Promise<EngineWindow> {
  const engine = consoleEngine({ dataDir: folder, mongodbUri, dbName: server.dbName, personName: 'dora' });
  engines.push(engine);
  await engine.start();
  return new EngineWindow(engine);
}

async function look(window: EngineWindow): Promise<Readonly<Record<string, Part>>> {
  const { parts } = expectOk(await window.ask('doctor.run', {}));
  return Object.fromEntries(parts.map((part) => [part.name, part]));
}

describe('the doctor', () => {
  it('looks at every part of the set-up, says what is wrong with it and what to do', async () => {
    const jobs = server.client.db(server.dbName).collection<{ _id: string; [field: string]: unknown }>('jobs');
    await jobs.insertOne({ ...queuedJob({ id: 'sound' }) });
    await jobs.insertOne({ _id: 'broken', state: 'sleeping' });
    const window = await openWindow(server.uri);
    await window.untilStatus(({ monitor }) => monitor.mode === 'stream');
    const parts = await look(window);
    expect(Object.keys(parts)).toEqual([
      'runtime',
      'server',
      'privileges',
      'indexes',
      'clock',
      'oplog',
      'documents',
      'mapping',
      'copy',
      'disk',
    ]);
    expect(parts['runtime']).toMatchObject({ level: 'ok', says: expect.stringContaining('Node ') as string });
    expect(parts['indexes']).toMatchObject({
      level: 'warning',
      says: expect.stringContaining('jobs.rl_claim') as string,
      todo: expect.stringContaining('--create') as string,
    });
    expect(parts['documents']).toMatchObject({
      level: 'warning',
      says: expect.stringContaining('1 of 2 sampled documents are jobs (50.0 %)') as string,
    });
    expect(parts['disk']?.says).toMatch(/MB free/);
    const wrong = Object.values(parts).filter(({ level }) => level === 'warning' || level === 'error');
    expect(wrong.filter(({ todo }) => todo === null)).toEqual([]);
  });

  it('does not miss indexes that were created since the connection was opened', async () => {
    const window = await openWindow(server.uri);
    await window.untilStatus(({ connection }) => connection.state === 'connected');
    expect((await look(window))['indexes']).toMatchObject({ level: 'warning' });
    const store = expectOk(await openProcessStore({ uri: server.uri, dbName: server.dbName, appName: 'test' }));
    expectOk(await store.writer.createIndexes());
    await store.close();
    expect((await look(window))['indexes']).toMatchObject({ level: 'ok' });
  });

  it('works without a server too, and says why there is none', async () => {
    const window = await openWindow('mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200');
    await window.untilStatus(({ connection }) => connection.state === 'disconnected');
    const parts = await look(window);
    expect(parts['server']).toMatchObject({ level: 'error', todo: expect.any(String) as string });
    expect(parts['indexes']).toMatchObject({ level: 'skipped' });
    expect(parts['disk']?.level).not.toBe('skipped');
  });

  it('works where the engine could not start at all', async () => {
    const window = await openWindow('mongo://none');
    expect((await look(window))['server']).toMatchObject({ level: 'error' });
    expect(expectOk(await window.ask('doctor.diagnostics', {})).text).toContain('Runledger 0.0.0');
  });
});
