import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '#engine/engine.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { damagePage, overwrite } from '../../support/damage-file.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { jobIn } from '../../support/cache-world.ts';

const JOBS = 150;
/** More than a file has that is checked when it is opened. */
const LARGE_BYTES = 70_000_000;

let server: TestServer;
let dataDir: string;
let engine: Engine;
let window: EngineWindow;
let log: string[];
let lastId: number;

beforeEach(async () => {
  server = await startTestServer();
  dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-damage-'));
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  lastId = 0;
  log = [];
  await insertJobs(JOBS);
  await openEngine();
  await untilWhole();
  expectOk(await window.ask('views.put', { id: 'v1', name: 'Mine', href: '/jobs?state=failed', position: 0 }));
});
afterEach(async () => {
  await engine.stop();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function insertJobs(count: number): Promise<void> {
  const jobs = Array.from({ length: count }, () => {
    const id = `j${(lastId += 1)}`;
    const prompt = `tea ${id} ${`${wordOf(lastId)} `.repeat(120)}`;
    return jobIn({ id, state: 'failed', prompt, createdAtMs: Date.now() - lastId * 60_000 });
  });
  await server.client.db(server.dbName).collection<{ _id: string }>('jobs').insertMany(jobs);
}

function wordOf(n: number): string {
  return `word${n * 7919}`;
}

async function openEngine(): Promise<void> {
  engine = consoleEngine(
    { dataDir, mongodbUri: server.uri, dbName: server.dbName, personName: 'ada' },
    (line) => void log.push(line),
  );
  expectOk(await engine.start());
  window = new EngineWindow(engine);
}

async function page(text: string, cursor: string | null): Promise<{ ids: string[]; nextCursor: string | null } | null> {
  const sort = { column: 'createdAt', direction: 'descending' } as const;
  const answer = await window.ask('jobs.page', { filter: { text }, sort, cursor, limit: 100 });
  return answer.ok ? { ids: answer.value.rows.map(({ id }) => id), nextCursor: answer.value.nextCursor } : null;
}

/** Everything that a search or, without one, the list shows; null where it could not be read. */
async function idsOf(text: string): Promise<string[] | null> {
  const first = await page(text, null);
  if (first === null || first.nextCursor === null) return first?.ids ?? null;
  const second = await page(text, first.nextCursor);
  return second === null ? null : [...first.ids, ...second.ids];
}

/** Waits until the copy is complete, right by the server's own documents, and every list and search shows every job. */
async function untilWhole(): Promise<void> {
  const every = Array.from({ length: lastId }, (_, n) => `j${n + 1}`);
  const look = async () => {
    const copy = await window.ask('copy.get', {});
    const check = await window.ask('copy.verify', {});
    return {
      isComplete: copy.ok && copy.value.isComplete,
      differences: check.ok ? check.value.differencesTotal : null,
      listed: (await idsOf(''))?.length,
      found: (await idsOf('tea'))?.toSorted(),
    };
  };
  await expect
    .poll(look, { timeout: 30_000 })
    .toEqual({ isComplete: true, differences: 0, listed: lastId, found: every.toSorted() });
}

function copyFile(): string {
  const folder = path.join(dataDir, 'copies');
  const name = readdirSync(folder).find((one) => one.endsWith('.sqlite'));
  if (name === undefined) throw new Error('there is no copy');
  return path.join(folder, name);
}

function asides(): string[] {
  return readdirSync(path.join(dataDir, 'copies')).filter((name) => /set-aside-.*Z(?:-\d+)?$/.test(name));
}

function damageLog(): void {
  const file = `${copyFile()}-wal`;
  overwrite(file, 32, statSync(file).size - 32);
}

/** Makes the file one that is not checked when it is opened. */
function enlarge(): void {
  const db = new Database(copyFile());
  db.exec(`CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(${LARGE_BYTES}))`);
  db.close();
}

function beginnings(): ReadonlySet<string> {
  const words = Array.from({ length: lastId }, (_, n) => wordOf(n + 1));
  return new Set(words.flatMap((word) => Array.from({ length: word.length - 1 }, (_, n) => word.slice(0, n + 2))));
}

/** Looks at everything until somebody has met the damage. */
async function untilMet(): Promise<void> {
  const look = async () => {
    await idsOf('');
    // A page of the search index is met by the words that stand in it, and by their beginnings, which have pages of their own; of one with
    // many hits by whoever asks for all of them.
    for (const text of beginnings()) await idsOf(text);
    await window.ask('copy.verify', {});
    return log.some((line) => line.includes('set aside as'));
  };
  await expect.poll(look, { timeout: 20_000 }).toBe(true);
}

async function untilRenewed(): Promise<void> {
  const status = await window.untilStatus(({ copyNote }) => copyNote !== null);
  expect(status.copyNote?.says).toMatch(/^The offline copy was set aside as .*found damaged while it was in use \(/);
  await untilWhole();
  expect(readdirSync(path.join(dataDir, 'copies')).filter((name) => name.endsWith('.damaged'))).toEqual([]);
  const { monitor, connection } = expectOk(await window.ask('status.get', {}));
  expect([monitor.error, connection.state]).toEqual([null, 'connected']);
  expect(expectOk(await window.ask('views.list', {})).views.map(({ name }) => name)).toEqual(['Mine']);
}

const TREES = ['jobs', 'jobs_created', 'job_documents', 'jobs_text_data'] as const;

describe('damage of the copy', () => {
  it.each(TREES)(
    'met in %s while the engine runs sets it aside and builds it anew',
    { timeout: 60_000 },
    async (tree) => {
      damagePage(copyFile(), tree);
      // What changes makes readers forget the pages that they keep in memory.
      await insertJobs(1);
      await untilMet();
      await untilRenewed();
      expect(asides()).toHaveLength(1);
    },
  );

  it('met in its log while the engine runs sets it aside and builds it anew', { timeout: 60_000 }, async () => {
    await insertJobs(20);
    await untilWhole();
    damageLog();
    await insertJobs(1);
    await untilMet();
    await untilRenewed();
    expect(asides()).toHaveLength(1);
  });

  it.each(TREES)('met in %s of a large copy after a start does so too', { timeout: 60_000 }, async (tree) => {
    await engine.stop();
    enlarge();
    damagePage(copyFile(), tree);
    await openEngine();
    await untilMet();
    await untilRenewed();
    expect(asides()).toHaveLength(1);
  });
});
