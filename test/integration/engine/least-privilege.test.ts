import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { leastPrivilegeRoles, serverRoleName, type RoleHolder } from '#domain/least-privilege.ts';
import { refusalOf } from '#contract/request-refusal.ts';
import type { Job } from '#domain/job.ts';
import type { Engine } from '#engine/engine.ts';
import { makeRunner } from '#engine/make-runner.ts';
import { openAiProvider } from '#runner/providers/openai.ts';
import { NO_LIMITS } from '#domain/runner-limits.ts';
import { startDemoProvider, type DemoProvider } from '#sandbox/demo/provider-server.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import type { Store } from '#store/connection.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { openTestStore } from '../../support/test-server.ts';

const DB = 'production';
const HOLDERS: readonly RoleHolder[] = ['viewer', 'support', 'finance', 'founder', 'runner'];

let sandbox: Sandbox;
let root: MongoClient;
let provider: DemoProvider;
let folder: string;
const stores: Store[] = [];
const engines: Engine[] = [];

beforeAll(async () => {
  const users = [{ name: 'root', password: 'secret', roles: [{ name: 'root', db: 'admin' }] }];
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-roles-'));
  provider = await startDemoProvider({ slowMs: 5000 });
  root = await new MongoClient(uriOf('root', 'admin')).connect();
  for (const role of leastPrivilegeRoles(DB)) await root.db(DB).command({ ...role });
  for (const holder of HOLDERS) {
    await root.db(DB).command({ createUser: holder, pwd: 'secret', roles: [serverRoleName(holder)] });
  }
  const founder = await storeOf('founder');
  expectOk(await founder.writer.createIndexes());
  for (const role of ['support', 'finance', 'founder'] as const) {
    expectOk(await founder.people.save({ _id: `${role}@${DB}`, role, since: new Date(), by: `founder@${DB}` }));
  }
  expectOk(await founder.writer.postEntry(grant('w1', 1000)));
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await Promise.all(stores.map((store) => store.close()));
  await root.close();
  await provider.stop();
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

function uriOf(user: string, authSource = DB): string {
  const uri = new URL(sandbox.uri);
  uri.username = user;
  uri.password = 'secret';
  uri.searchParams.set('authSource', authSource);
  return uri.href;
}

async function storeOf(holder: string): Promise<Store> {
  const store = await openTestStore(uriOf(holder), DB);
  stores.push(store);
  return store;
}

async function windowOf(holder: string): Promise<EngineWindow> {
  const engine = consoleEngine({
    dataDir: path.join(folder, holder),
    mongodbUri: uriOf(holder),
    dbName: DB,
    // What somebody calls themselves counts for nothing where the server knows who they are.
    personName: 'founder@production',
  });
  engines.push(engine);
  expectOk(await engine.start());
  const window = new EngineWindow(engine);
  await window.untilStatus(({ monitor }) => monitor.mode === 'stream');
  return window;
}

/** Drives a job to a state as the runner's user. */
async function run(fields: Parameters<typeof queuedJob>[0], state: Job['state']): Promise<Job> {
  const founder = await storeOf('founder');
  expectOk(await founder.writer.insertJobs([queuedJob(fields)]));
  const store = await storeOf('runner');
  const runner = makeRunner({
    store: store.writer,
    policies: store.policies,
    providers: [
      openAiProvider({ type: 'openai', name: 'demo', baseUrl: provider.baseUrl, key: 'demo' }, provider.apiKey),
    ],
    artefactDir: path.join(folder, 'artefacts'),
    concurrency: 2,
    version: 'test',
  });
  runner.start();
  const job = await vi.waitFor(
    async () => {
      const found = expectOk(await founder.reader.readJob(fields.id));
      if (found?.type !== 'job') throw new Error(`${fields.id} is no job`);
      expect(found.job).toMatchObject({ state, billing: { pending: [] } });
      return found.job;
    },
    { timeout: 30_000, interval: 50 },
  );
  await runner.drain();
  return job;
}

describe('the least that each role needs on the server', () => {
  it('is enough for a runner: a job is reserved, run and charged by its user', async () => {
    const order = { id: 'ran-1', workspaceId: 'w1', model: 'instant', priceCredits: 100, maxAttempts: 1 };
    expect((await run(order, 'completed')).billing.captured).toBe(100);
  });

  it('lets a runner post what its jobs owe, and neither give out roles nor insert jobs', async () => {
    const { people, writer } = await storeOf('runner');
    const person = { _id: 'x', role: 'founder', since: new Date(), by: 'x' } as const;
    expect(await people.save(person)).toMatchObject({ error: { code: 'not_authorized' } });
    expect(await writer.insertJobs([queuedJob({ id: 'x', workspaceId: 'w1' })])).toMatchObject({
      error: { code: 'not_authorized' },
    });
  });

  it.each([
    { holder: 'runner', collection: 'runner_limits' },
    { holder: 'support', collection: 'failure_groups' },
    { holder: 'founder', collection: 'failure_groups' },
  ] as const)('lets a $holder write $collection, and a viewer not', async ({ holder, collection }) => {
    const write = async (user: RoleHolder): Promise<unknown> => {
      const client = await new MongoClient(uriOf(user)).connect();
      try {
        const documents = client.db(DB).collection<{ _id: string }>(collection);
        return await documents.updateOne({ _id: 'probe' }, { $set: { by: user } }, { upsert: true });
      } finally {
        await client.close();
      }
    };
    expect(await write(holder)).toMatchObject({ acknowledged: true });
    await expect(write('viewer')).rejects.toMatchObject({ code: 13 });
  });

  it('is enough for support to retry a failed job, under the name that the server knows', async () => {
    await run({ id: 'failed-1', workspaceId: 'w1', model: 'bad-output', priceCredits: 100, maxAttempts: 1 }, 'failed');
    const window = await windowOf('support');
    const { person } = expectOk(await window.ask('status.get', {}));
    expect(person).toMatchObject({ id: `support@${DB}`, isVerified: true, role: 'support' });
    expect(person.lacking['retry.run']).toBeUndefined();
    const preview = expectOk(await window.ask('retry.preview', { jobId: 'failed-1', reason: '', edited: null }));
    const order = {
      requestId: crypto.randomUUID(),
      jobId: 'failed-1',
      version: preview.version,
      reason: 'asked',
      edited: null,
    };
    expectOk(await window.ask('retry.run', order));
    const job = await root.db(DB).collection<{ _id: string; history: unknown[] }>('jobs').findOne({ _id: 'failed-1' });
    expect(job?.history.at(-1)).toMatchObject({ actor: { type: 'user', id: `support@${DB}` } });
  });

  it('lets finance read money and see why it may not retry', async () => {
    const window = await windowOf('finance');
    expectOk(await window.ask('reconciliation.get', {}));
    expect(await window.ask('retry.preview', { jobId: 'failed-1', reason: '', edited: null })).toMatchObject({
      error: { code: 'permission_denied' },
    });
  });

  it('lets a viewer look, record that it looked, and write nothing else, whatever role the console gives it', async () => {
    const founder = await storeOf('founder');
    const viewer = `viewer@${DB}`;
    expectOk(await founder.people.save({ _id: viewer, role: 'founder', since: new Date(), by: `founder@${DB}` }));
    const window = await windowOf('viewer');
    const { person } = expectOk(await window.ask('status.get', {}));
    expect(person).toMatchObject({ id: viewer, role: 'founder' });
    expect(refusalOf('retry.run', person)).toMatchObject({ cause: 'privileges' });
    expect(refusalOf('retry.run', person)?.detail).toContain('update on jobs');
    expect(await window.ask('people.set', { personId: 'x', role: 'founder' })).toMatchObject({
      error: { code: 'not_authorized' },
    });
    await window.ask('job.get', { jobId: 'ran-1' });
    await vi.waitFor(async () => {
      const seen = await root.db(DB).collection('console_audit').findOne({ 'actor.id': viewer });
      expect(seen).toMatchObject({ action: 'job.get', subject: 'ran-1', isVerified: true });
    });
    const { writer } = await storeOf('viewer');
    expect(await writer.postEntry(grant('w2', 1))).toMatchObject({ error: { code: 'not_authorized' } });
  });

  it('switches off just the one request whose privileges a login lacks, and leaves the others', async () => {
    await loginThat('helper', (collection) => collection !== 'failure_groups');
    const window = await windowOf('helper');
    const { person } = expectOk(await window.ask('status.get', {}));
    expect(Object.keys(person.lacking).filter((name) => name.startsWith('failures.'))).toEqual(['failures.decide']);
    const act = { type: 'reopen' } as const;
    expect(await window.ask('failures.decide', { groupId: 'g1', seenVersion: 0, act })).toMatchObject({
      error: {
        code: 'not_authorized',
        detail: "the server's user lacks insert on failure_groups, update on failure_groups",
      },
    });
    expectOk(await window.ask('fleet.setLimits', { limits: NO_LIMITS, revision: 0 }));
  });

  it('needs of a request no more than it names', async () => {
    await loginThat('limiter', (collection) => collection === 'runner_limits');
    await loginThat('chief', (collection) => collection === 'console_people');
    const limiter = await windowOf('limiter');
    const { revision } = expectOk(await limiter.ask('fleet.limits', {}));
    expectOk(await limiter.ask('fleet.setLimits', { limits: NO_LIMITS, revision }));
    expect(await limiter.ask('people.set', { personId: 'x', role: 'viewer' })).toMatchObject({
      error: { code: 'not_authorized' },
    });
    const chief = await windowOf('chief');
    expectOk(await chief.ask('people.set', { personId: 'x', role: 'viewer' }));
    expectOk(await chief.ask('people.set', { personId: 'x', role: null }));
  });
});

/** Makes a login that may read, record what it does, and write those collections of a founder's that are wanted; founder to the console. */
async function loginThat(name: string, isWanted: (collection: string) => boolean): Promise<void> {
  const founder = leastPrivilegeRoles(DB).find(({ createRole }) => createRole === serverRoleName('founder'));
  const privileges = (founder?.privileges ?? []).filter(({ resource }) => isWanted(resource.collection));
  const roles = [{ role: serverRoleName('viewer'), db: DB }];
  await root.db(DB).command({ createRole: `only_${name}`, privileges, roles });
  await root.db(DB).command({ createUser: name, pwd: 'secret', roles: [`only_${name}`] });
  const store = await storeOf('founder');
  expectOk(await store.people.save({ _id: `${name}@${DB}`, role: 'founder', since: new Date(), by: `founder@${DB}` }));
}
