import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '#engine/engine.ts';
import { jobIn } from '../../support/cache-world.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { makeOlder, versionOfCopy } from '../../support/older-copy.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const JOBS = 150;

let server: TestServer;
let dataDir: string;
let engine: Engine;
let window: EngineWindow;

beforeEach(async () => {
  server = await startTestServer();
  dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-older-'));
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  const jobs = Array.from({ length: JOBS }, (_, n) => jobIn({ id: `j${n}`, createdAtMs: Date.now() - n * 60_000 }));
  await server.client.db(server.dbName).collection<{ _id: string }>('jobs').insertMany(jobs);
  await openEngine();
  await window.untilStatus(({ monitor, counts }) => monitor.mode === 'stream' && counts.total === JOBS);
  await engine.stop();
  makeOlder(copyFile(), 13);
});
afterEach(async () => {
  await engine.stop();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function openEngine(): Promise<void> {
  engine = consoleEngine({ dataDir, mongodbUri: server.uri, dbName: server.dbName, personName: 'ada' });
  expectOk(await engine.start());
  window = new EngineWindow(engine);
}

function copyFile(): string {
  const folder = path.join(dataDir, 'copies');
  const name = readdirSync(folder).find((one) => one.endsWith('.sqlite'));
  if (name === undefined) throw new Error('there is no copy');
  return path.join(folder, name);
}

/** Holds the upgrade of the copy up until it is called: so it takes as long as one of a million jobs. */
function holdUpgrade(): () => void {
  const db = new Database(copyFile());
  db.exec('BEGIN IMMEDIATE');
  return () => db.close();
}

async function listed(): Promise<number | string> {
  const sort = { column: 'createdAt', direction: 'descending' } as const;
  const page = await window.ask('jobs.page', { filter: {}, sort, cursor: null, limit: 200 });
  return page.ok ? page.value.rows.length : page.error.code;
}

describe('a copy that an older version wrote', () => {
  it('is upgraded while everything that does not read it is answered, and is followed afterwards', async () => {
    const release = holdUpgrade();
    await openEngine();
    const connected = await window.untilStatus(({ connection }) => connection.state === 'connected');
    expect(connected.copyUpgrade).not.toBeNull();
    expect(connected.monitor.error).toBeNull();
    expect(await listed()).toBe('copy_upgrading');
    expectOk(await window.ask('people.list', {}));
    expectOk(await window.ask('fleet.list', {}));
    const doctor = expectOk(await window.ask('doctor.run', {}));
    expect(doctor.parts.find(({ name }) => name === 'copy')).toMatchObject({ level: 'warning' });
    release();
    const status = await window.untilStatus(({ copyUpgrade }) => copyUpgrade === null);
    expect(status.copyNote).toBeNull();
    expect(await listed()).toBe(JOBS);
    await window.untilStatus(({ monitor, counts }) => monitor.mode === 'stream' && counts.total === JOBS);
  });

  it('does not keep the program from ending, and is as it was then', async () => {
    const release = holdUpgrade();
    await openEngine();
    await window.untilStatus(({ copyUpgrade }) => copyUpgrade !== null);
    const ended = engine.stop();
    release();
    await ended;
    expect(versionOfCopy(copyFile())).toBe(13);
    await openEngine();
    await window.untilStatus(({ copyUpgrade, counts }) => copyUpgrade === null && counts.total === JOBS);
  });

  it('is set aside with a note where it is damaged, and built anew from the server', async () => {
    const db = new Database(copyFile());
    db.exec("UPDATE job_documents SET document = x'00'");
    db.close();
    await openEngine();
    const status = await window.untilStatus(({ copyNote }) => copyNote !== null);
    expect(status.copyNote?.says).toMatch(/^The offline copy was set aside as .*cannot be worked with/);
    await window.untilStatus(({ monitor, counts }) => monitor.mode === 'stream' && counts.total === JOBS);
    expect(await listed()).toBe(JOBS);
  });
});
