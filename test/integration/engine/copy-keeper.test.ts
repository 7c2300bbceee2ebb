import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CopySettings } from '#contract/copy-views.ts';
import { redactionMark } from '#domain/redaction/redaction-mark.ts';
import type { Engine } from '#engine/engine.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { jobIn } from '../../support/cache-world.ts';

const DAY_MS = 86_400_000;
const SECRET = 'marzipan-lighthouse';
const ALL: CopySettings = { keptDays: null, bytesMax: null, keepsPrompts: true };

let server: TestServer;
let dataDir: string;
let engine: Engine;
let window: EngineWindow;

beforeEach(async () => {
  server = await startTestServer();
  dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-keeper-'));
  const store = await server.openStore();
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 100_000)));
  const nowMs = Date.now();
  const jobs = [1, 10, 100, 200].map((days) => {
    const at = nowMs - days * DAY_MS;
    return jobIn({ id: `d${days}`, state: 'failed', prompt: `${SECRET} ${days}`, createdAtMs: at, updatedAtMs: at });
  });
  const open = jobIn({ id: 'open', state: 'queued', prompt: `${SECRET} open`, createdAtMs: nowMs - 300 * DAY_MS });
  await server.client
    .db(server.dbName)
    .collection<{ _id: string }>('jobs')
    .insertMany([...jobs, open]);
  await openEngine();
});
afterEach(async () => {
  await engine.stop();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function openEngine(personName: string | null = null): Promise<void> {
  engine = consoleEngine({ dataDir, mongodbUri: server.uri, dbName: server.dbName, personName });
  expectOk(await engine.start());
  window = new EngineWindow(engine);
}

async function jobIds(): Promise<string[]> {
  const sort = { column: 'createdAt', direction: 'descending' } as const;
  const page = expectOk(await window.ask('jobs.page', { filter: {}, sort, cursor: null, limit: 100 }));
  return page.rows.map(({ id }) => id);
}

/** Waits until the copy is complete and holds these jobs, newest first. */
async function untilJobs(ids: readonly string[]): Promise<void> {
  const look = async () => {
    const copy = expectOk(await window.ask('copy.get', {}));
    const { monitor } = expectOk(await window.ask('status.get', {}));
    return { ids: await jobIds(), isComplete: copy.isComplete, snapshot: monitor.snapshot };
  };
  await expect.poll(look, { timeout: 30_000 }).toEqual({ ids, isComplete: true, snapshot: null });
}

function copiesWith(text: string): string[] {
  const folder = path.join(dataDir, 'copies');
  return readdirSync(folder).filter((name) => readFileSync(path.join(folder, name)).includes(text));
}

describe('what the copy keeps', () => {
  it('follows its settings: a window by age, wider again, and after a restart', { timeout: 120_000 }, async () => {
    await untilJobs(['d1', 'd10', 'd100', 'd200', 'open']);
    expectOk(await window.ask('copy.set', { ...ALL, keptDays: 30 }));
    await untilJobs(['d1', 'd10', 'open']);
    const { monitor } = expectOk(await window.ask('status.get', {}));
    expect(Math.abs((monitor.keptSinceMs ?? 0) - (Date.now() - 30 * DAY_MS))).toBeLessThan(3_600_000);
    // What is outside can be opened from the server, and its money is here.
    expect(expectOk(await window.ask('job.get', { jobId: 'd200' })).row.id).toBe('d200');
    const check = expectOk(await window.ask('copy.verify', {}));
    expect(check).toMatchObject({ differencesTotal: 0, documents: 5 });
    await engine.stop();
    await openEngine();
    await untilJobs(['d1', 'd10', 'open']);
    expectOk(await window.ask('copy.set', { ...ALL, keptDays: 150 }));
    await untilJobs(['d1', 'd10', 'd100', 'open']);
    expectOk(await window.ask('copy.set', ALL));
    await untilJobs(['d1', 'd10', 'd100', 'd200', 'open']);
  });

  it('is as wide as its settings say where the clock of this machine is far ahead', { timeout: 120_000 }, async () => {
    await untilJobs(['d1', 'd10', 'd100', 'd200', 'open']);
    expectOk(await window.ask('copy.set', { ...ALL, keptDays: 30 }));
    await untilJobs(['d1', 'd10', 'open']);
    const ahead = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 100 * DAY_MS);
    const widened = await window.ask('copy.set', { ...ALL, keptDays: 150 });
    ahead.mockRestore();
    expect(widened).toMatchObject({ ok: true });
    await untilJobs(['d1', 'd10', 'd100', 'open']);
  });

  it('reconciliation reads the server itself where the copy keeps a window', { timeout: 120_000 }, async () => {
    await untilJobs(['d1', 'd10', 'd100', 'd200', 'open']);
    expectOk(await window.ask('copy.set', { ...ALL, keptDays: 30 }));
    await untilJobs(['d1', 'd10', 'open']);
    await window.ask('reconciliation.get', {});
    const over = window.next((event) => event.name === 'reconciliation.changed' && event.state.running === null);
    expectOk(await window.ask('reconciliation.run', { scope: { workspaceId: null, period: null } }));
    const event = await over;
    expect(event).toMatchObject({ state: { error: null, last: { copyAsOfMs: null, inputs: { jobs: 5 } } } });
  });

  it(
    'no byte of a prompt is left once they are not to be kept, and they come back when they are',
    { timeout: 120_000 },
    async () => {
      await untilJobs(['d1', 'd10', 'd100', 'd200', 'open']);
      expect(copiesWith(SECRET)).not.toEqual([]);
      expectOk(await window.ask('copy.set', { ...ALL, keepsPrompts: false }));
      expect(copiesWith(SECRET)).toEqual([]);
      expect(expectOk(await window.ask('job.get', { jobId: 'd1' }))).toMatchObject({ prompt: '', isPromptKept: false });
      const jobs = server.client.db(server.dbName).collection<{ _id: string }>('jobs');
      await jobs.insertOne({ ...jobIn({ id: 'new', prompt: SECRET, createdAtMs: Date.now() }) });
      await untilJobs(['new', 'd1', 'd10', 'd100', 'd200', 'open']);
      expect(copiesWith(SECRET)).toEqual([]);
      expect(expectOk(await window.ask('copy.verify', {}))).toMatchObject({ differencesTotal: 0 });
      expectOk(await window.ask('copy.set', ALL));
      await expect
        .poll(async () => expectOk(await window.ask('job.get', { jobId: 'd1' })).prompt, { timeout: 30_000 })
        .toBe(`${SECRET} 1`);
    },
  );

  it('takes no prompt in again while nobody can read that they are not to be kept', { timeout: 120_000 }, async () => {
    const all = ['d1', 'd10', 'd100', 'd200', 'open'];
    await untilJobs(all);
    expectOk(await window.ask('copy.set', { ...ALL, keepsPrompts: false }));
    await engine.stop();
    // As where a newer version of the program was used meanwhile.
    const own = new Database(path.join(dataDir, 'own.sqlite'));
    own.pragma('user_version = 99');
    own.close();
    await openEngine();
    await window.untilStatus(({ monitor }) => monitor.mode === 'stream');
    await untilJobs(all);
    expect(copiesWith(SECRET)).toEqual([]);
  });

  it(
    'no prompt stands on the machine of who sees none, by role or by rule, and they come with who does',
    { timeout: 120_000 },
    async () => {
      const all = ['d1', 'd10', 'd100', 'd200', 'open'];
      const openAs = async (person: string): Promise<void> => {
        await engine.stop();
        await openEngine(person);
        await window.untilStatus(({ monitor }) => monitor.mode === 'stream');
        await untilJobs(all);
      };
      const job = async () => expectOk(await window.ask('job.get', { jobId: 'd1' }));
      await untilJobs(all);
      expect(copiesWith(SECRET)).not.toEqual([]);
      const store = await server.openStore();
      const by = { since: new Date(), by: 'owner' };
      for (const role of ['founder', 'finance', 'support'] as const) {
        expectOk(await store.people.save({ _id: role, role, ...by }));
      }
      await openAs('finance');
      expect(copiesWith(SECRET)).toEqual([]);
      // Shown as hidden, not as missing.
      const sort = { column: 'createdAt', direction: 'descending' } as const;
      const { rows } = expectOk(await window.ask('jobs.page', { filter: {}, sort, cursor: null, limit: 1 }));
      expect(rows[0]?.promptStart).toBe(redactionMark('not for your role'));
      expect(expectOk(await window.ask('copy.get', {}))).toMatchObject({
        settings: { keepsPrompts: true },
        keepsPrompts: false,
        mayKeepPrompts: false,
      });
      // What the settings say does not bring them back.
      expectOk(await window.ask('copy.set', ALL));
      const jobs = server.client.db(server.dbName).collection<{ _id: string }>('jobs');
      await jobs.updateOne({ _id: 'd1' }, { $set: { 'input.prompt': `${SECRET} anew` }, $inc: { version: 1 } });
      expect(expectOk(await window.ask('copy.verify', {}))).toMatchObject({ differencesTotal: 0 });
      expect(copiesWith(SECRET)).toEqual([]);

      await openAs('founder');
      await expect.poll(async () => (await job()).prompt, { timeout: 30_000 }).toBe(`${SECRET} anew`);
      const where = { type: 'path', path: 'input.prompt' } as const;
      const rules = [{ id: 'all', label: 'private', roles: ['support' as const], where }];
      expectOk(await window.ask('redaction.put', { basedOn: 0, draft: { rules }, reason: 'the law' }));
      expect(copiesWith(SECRET)).not.toEqual([]);
      await openAs('support');
      expect(copiesWith(SECRET)).toEqual([]);
      expect(await job()).toMatchObject({ prompt: redactionMark('private'), isPromptKept: true });
    },
  );

  it('tells that a comparison is over, and what differs', { timeout: 60_000 }, async () => {
    await untilJobs(['d1', 'd10', 'd100', 'd200', 'open']);
    // How far it is may never be told: of what happens within a frame the window hears the last.
    const over = window.next((event) => event.name === 'copy.task' && event.task === null);
    expectOk(await window.ask('copy.verify', {}));
    await over;
    expect(expectOk(await window.ask('copy.get', {})).verified).toMatchObject({ differences: 0 });
  });
});
