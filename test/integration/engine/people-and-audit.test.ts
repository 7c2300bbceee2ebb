import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditFile } from '#cache/audit-file.ts';
import { sha256OfText } from '#cache/sha256.ts';
import { verifyAudit, verifyOwnChain } from '#console/audit/verify-audit.ts';
import { auditEntrySchema, nextEntry, NO_HASH } from '#domain/audit.ts';
import { REQUESTS, requestNameSchema } from '#contract/requests.ts';
import type { RequestDefinition } from '#contract/requests/definition.ts';
import type { Engine } from '#engine/engine.ts';
import { PersonBoard } from '#engine/person-board.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

interface Document {
  readonly _id: string;
  readonly [field: string]: unknown;
}

const POLLING = { timeout: 20_000 };
let server: TestServer;
let folder: string;
const engines: Engine[] = [];
beforeEach(async () => {
  server = await startTestServer();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-people-'));
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** A console of somebody, connected. */
async function openConsole(
  personName: string,
  isReadOnly = false,
): Promise<{ readonly engine: Engine; readonly window: EngineWindow }> {
  const engine = consoleEngine({
    dataDir: path.join(folder, personName),
    mongodbUri: server.uri,
    dbName: server.dbName,
    isReadOnly,
    personName,
  });
  engines.push(engine);
  expectOk(await engine.start());
  const window = new EngineWindow(engine);
  await window.untilStatus(({ connection, monitor }) => connection.state === 'connected' && monitor.mode === 'stream');
  return { engine, window };
}

function audit() {
  return server.client.db(server.dbName).collection<Document>('console_audit');
}

async function stopAll(): Promise<void> {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
}

async function verdict() {
  const store = await server.openStore();
  return expectOk(await verifyAudit(store.audit, null));
}

/** The chain that a console keeps on its machine. */
function openFile(console: string): AuditFile {
  const names = readdirSync(path.join(folder, console, 'audit')).filter((name) => name.endsWith('.sqlite'));
  return expectOk(AuditFile.open(path.join(folder, console, 'audit', names[0] ?? ''), () => 'unused'));
}

describe('roles of people', () => {
  it('who comes first gives out the roles and keeps that right; who is not listed may only look', async () => {
    const { window } = await openConsole('founder');
    const { people } = expectOk(await window.ask('people.set', { personId: 'sue', role: 'support' }));
    expect(people.map(({ id, role }) => [id, role])).toEqual([
      ['founder', 'founder'],
      ['sue', 'support'],
    ]);
    const guest = await openConsole('guest');
    const status = expectOk(await guest.window.ask('status.get', {}));
    expect(status.person).toMatchObject({ id: 'guest', isVerified: false, role: 'viewer' });
    expect(await guest.window.ask('retry.preview', { jobId: 'j1', reason: '', edited: null })).toMatchObject({
      error: { code: 'permission_denied' },
    });
    expect(await guest.window.ask('people.set', { personId: 'guest', role: 'founder' })).toMatchObject({
      error: { code: 'permission_denied' },
    });
  });

  it('the last one who may give roles cannot give that away', async () => {
    const { window } = await openConsole('founder');
    expectOk(await window.ask('people.set', { personId: 'sue', role: 'support' }));
    expect(await window.ask('people.set', { personId: 'founder', role: 'viewer' })).toMatchObject({
      error: { code: 'illegal_role_change' },
    });
    expect(await window.ask('people.set', { personId: 'founder', role: null })).toMatchObject({
      error: { code: 'illegal_role_change' },
    });
  });

  it('an entry that cannot be read gives nobody a role, keeps nobody in theirs, and is mended by giving one anew', async () => {
    const { window } = await openConsole('founder');
    expectOk(await window.ask('people.set', { personId: 'sue', role: 'support' }));
    const people = server.client.db(server.dbName).collection<Document>('console_people');
    await people.insertOne({ _id: 'odd', role: 'emperor' });
    const { people: listed, malformed } = expectOk(await window.ask('people.list', {}));
    expect(listed.map(({ id }) => id)).toEqual(['founder', 'sue']);
    expect(malformed).toEqual([{ id: 'odd', problem: expect.stringContaining('role') as unknown }]);
    const sue = await openConsole('sue');
    expect(expectOk(await sue.window.ask('status.get', {})).person.role).toBe('support');
    const odd = await openConsole('odd');
    expect(expectOk(await odd.window.ask('status.get', {})).person.role).toBe('viewer');
    expect(expectOk(await window.ask('people.set', { personId: 'odd', role: 'finance' })).malformed).toEqual([]);
  });

  it('without the server, the role of last time holds, and where there was none, the least', async () => {
    const store = await server.openStore();
    expectOk(await store.people.save({ _id: 'sue', role: 'support', since: new Date(), by: 'founder' }));
    const openBoard = (): PersonBoard =>
      new PersonBoard({
        fallbackName: 'sue',
        isReadOnly: false,
        memoryFile: path.join(folder, 'people', 'sue.json'),
        onChange: () => undefined,
        log: () => undefined,
      });
    const first = openBoard();
    expect(first.status.role).toBe('viewer');
    await first.attach(store.people);
    first.stop();
    expect(first.status.role).toBe('support');
    expect(openBoard().status.role).toBe('support');
  });
});

describe('a read-only connection', () => {
  it('answers every request that would write with a refusal, and writes nothing', async () => {
    const { window } = await openConsole('founder', true);
    const writing = requestNameSchema.options.filter((name) => {
      const definition: RequestDefinition = REQUESTS[name];
      return definition.writes;
    });
    expect(writing.length).toBeGreaterThan(3);
    for (const name of writing) {
      // The refusal comes before the parameters are looked at, so none are needed.
      const answer = await window.ask(name, {} as never);
      expect([name, answer.ok ? 'answered' : answer.error.code]).toEqual([name, 'read_only']);
    }
    const names = (await server.client.db(server.dbName).listCollections().toArray()).map(({ name }) => name);
    expect(names).toEqual([]);
  });

  it('has no way to write below the contract either', async () => {
    const store = await server.openStore({ isReadOnly: true });
    const person = { _id: 'x', role: 'founder', since: new Date(), by: 'x' } as const;
    expect(await store.people.save(person)).toMatchObject({ error: { code: 'read_only' } });
    expect(await store.writer.unblock('w1')).toMatchObject({ error: { code: 'read_only' } });
    expect(await store.writer.createIndexes()).toMatchObject({ error: { code: 'read_only' } });
    expect(await store.people.list()).toMatchObject({ ok: true });
  });
});

describe('the audit', () => {
  it('tells who did what, before it happens and how it ended, with what was there before and after', async () => {
    const { window, engine } = await openConsole('founder');
    expectOk(await window.ask('people.set', { personId: 'sue', role: 'support' }));
    await engine.stop();
    const entries = await audit().find().sort({ seq: 1 }).toArray();
    expect(entries).toMatchObject([
      {
        seq: 1,
        actor: { type: 'user', id: 'founder' },
        action: 'people.set',
        subject: 'sue',
        outcome: 'asked',
        details: { asked: { personId: 'sue', role: 'support' } },
      },
      { seq: 2, of: 1, outcome: 'done', details: { before: { role: null }, after: { role: 'support' } } },
    ]);
  });

  it('is read both ways and from a time on, from all consoles', async () => {
    const { window, engine } = await openConsole('founder');
    const filter = { actorId: null, action: 'job.get', subject: null };
    for (const jobId of ['j1', 'j2', 'j3']) await window.ask('job.get', { jobId });
    const subjectsOf = async (
      asking: EngineWindow,
      direction: 'ascending' | 'descending',
      startAtMs: number | null,
    ) => {
      const page = expectOk(await asking.ask('audit.page', { filter, direction, startAtMs, cursor: null, limit: 20 }));
      return page.rows.map(({ entry }) => entry?.subject);
    };
    await vi.waitFor(async () => expect(await subjectsOf(window, 'descending', null)).toEqual(['j3', 'j2', 'j1']));
    const [, second] = await audit().find({ action: 'job.get' }).sort({ seq: 1 }).toArray();
    const fromMs = Number(second?.['atMs']);
    expect(await subjectsOf(window, 'ascending', fromMs)).toEqual(expect.arrayContaining(['j2', 'j3']));
    expect(await subjectsOf(window, 'descending', fromMs)).toEqual(expect.arrayContaining(['j2', 'j1']));
    expect(await subjectsOf(window, 'descending', fromMs - 60_000)).toEqual([]);
    await engine.stop();
  });

  it('records that somebody looked at a job once, however often its screen is read anew, and what was refused', async () => {
    const { window, engine } = await openConsole('founder');
    await window.ask('job.get', { jobId: 'j1' });
    await window.ask('job.get', { jobId: 'j1' });
    await window.ask('job.get', { jobId: 'j2' });
    await window.ask('cancel.run', { jobId: 'j3', reason: '' });
    await engine.stop();
    const entries = await audit().find().sort({ seq: 1 }).toArray();
    expect(entries.map((entry) => [entry['action'], entry['subject'], entry['outcome']])).toEqual([
      ['job.get', 'j1', 'done'],
      ['job.get', 'j2', 'done'],
      ['cancel.run', 'j3', 'asked'],
      ['cancel.run', 'j3', 'not_found'],
    ]);
  });

  it('keeps no prompt, only its hash', async () => {
    const { window, engine } = await openConsole('founder');
    const edited = { prompt: 'a secret prompt', optionsJson: '{}' };
    await window.ask('retry.run', { requestId: crypto.randomUUID(), jobId: 'j1', version: 0, reason: 'r', edited });
    await engine.stop();
    const text = JSON.stringify(await audit().find().toArray());
    expect(text).not.toContain('secret');
    expect(text).toContain('sha256:');
  });

  it('is found whole as it was written, by several consoles', async () => {
    for (const name of ['ann', 'bob', 'ann']) {
      const { window } = await openConsole(name);
      await window.ask('job.get', { jobId: `of-${name}` });
      await window.ask('cancel.run', { jobId: 'j', reason: '' });
      await stopAll();
    }
    expect(await verdict()).toEqual({ entries: 9, chains: 2, faults: [] });
  });

  it.each([
    {
      what: 'changed',
      harm: (id: string) => audit().updateOne({ _id: id }, { $set: { subject: 'other' } }),
      reason: 'changed',
    },
    { what: 'taken out', harm: (id: string) => audit().deleteOne({ _id: id }), reason: 'missing' },
    {
      what: 'given a field more',
      harm: (id: string) => audit().updateOne({ _id: id }, { $set: { note: 'x' } }),
      reason: 'malformed',
    },
  ])('an entry that was $what is found', async ({ harm, reason }) => {
    const { window } = await openConsole('ann');
    for (const jobId of ['j1', 'j2', 'j3']) await window.ask('job.get', { jobId });
    await stopAll();
    const second = await audit().findOne({ seq: 2 });
    await harm(second?._id ?? '');
    expect((await verdict()).faults.map((fault) => fault.reason)).toContain(reason);
  });

  it('a chain that was written anew, with every hash and its end, is found by what another console testified', async () => {
    const bob = await openConsole('bob');
    await bob.window.ask('cancel.run', { jobId: 'of-bob', reason: '' });
    await stopAll();
    const ann = await openConsole('ann');
    await vi.waitFor(async () => {
      await ann.window.ask('cancel.run', { jobId: 'of-ann', reason: '' });
      expect(await audit().findOne({ 'actor.id': 'ann', witness: { $ne: null } })).not.toBeNull();
    }, POLLING);
    await stopAll();
    expect((await verdict()).faults).toEqual([]);
    const bobs = await audit().find({ 'actor.id': 'bob' }).sort({ seq: 1 }).toArray();
    let head = { chainId: String(bobs[0]?.['chainId']), seq: 0, hash: NO_HASH };
    for (const { _id, ...entry } of bobs) {
      const { chainId, seq, prevHash, hash, ...draft } = auditEntrySchema.parse(entry);
      const forged = nextEntry(head, { ...draft, subject: 'another' }, sha256OfText);
      expect([forged.chainId, forged.seq, forged.prevHash === prevHash]).toEqual([chainId, seq, seq === 1]);
      expect(forged.hash).not.toBe(hash);
      await audit().replaceOne({ _id }, forged);
      head = { chainId, seq, hash: forged.hash };
    }
    const heads = server.client.db(server.dbName).collection<{ _id: string }>('console_audit_heads');
    await heads.updateOne({ _id: head.chainId }, { $set: { hash: head.hash } });
    expect((await verdict()).faults).toMatchObject([{ chainId: head.chainId, reason: 'changed' }]);
    // Without the server only one's own chain can be looked at, and it is whole.
    const own = openFile('ann');
    expect(verifyOwnChain(own)).toMatchObject({ chains: 1, faults: [] });
    own.close();
  });

  it('an end that was cut off is found by the list of ends, and by this machine where that was changed too', async () => {
    const { window } = await openConsole('ann');
    for (const jobId of ['j1', 'j2', 'j3']) await window.ask('job.get', { jobId });
    await stopAll();
    await audit().deleteMany({ seq: { $gt: 1 } });
    expect((await verdict()).faults).toMatchObject([{ seq: 2, reason: 'cut_off' }]);
    await server.client.db(server.dbName).collection('console_audit_heads').deleteMany({});
    expect((await verdict()).faults).toEqual([]);
    const file = openFile('ann');
    const store = await server.openStore();
    const own = expectOk(await verifyAudit(store.audit, file));
    file.close();
    expect(own.faults).toMatchObject([{ seq: 2, reason: 'cut_off' }]);
  });
});
