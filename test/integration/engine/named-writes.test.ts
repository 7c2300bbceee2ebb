import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { RequestDefinition } from '#contract/requests/definition.ts';
import { REQUESTS, requestNameSchema, type RequestName } from '#contract/requests.ts';
import { leastPrivilegeRoles, serverRoleName } from '#domain/least-privilege.ts';
import type { NeededPrivilege } from '#domain/privileges.ts';
import { NO_LIMITS } from '#domain/runner-limits.ts';
import type { Engine } from '#engine/engine.ts';
import { CONFIGURED_PROVIDER, NO_PROVIDERS } from '#engine/provider-settings.ts';
import { startDemoProvider, type DemoProvider } from '#sandbox/demo/provider-server.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import type { Store } from '#store/connection.ts';
import { ProfileShelf } from '../../../electron/main/profiles/profile-shelf.ts';
import { SecretVault } from '../../../electron/main/profiles/secret-vault.ts';
import { cipherKeyStore } from '../../support/cipher-key-store.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { driveEverything, type AroundRequest, type FeatureAnswer } from '../../support/feature-run.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { shelfShell } from '../../support/shelf-shell.ts';
import { openTestStore } from '../../support/test-server.ts';
import { startWriteTap, type TappedWrite, type WriteTap } from '../../support/write-tap.ts';

const DB = 'shop';
const PASSWORD = 'secret';
const OTHER_MEND = 'by-somebody-else';
const EDITED = { prompt: 'A page about coffee', optionsJson: '{}' };
const ROLE = 'only_what_is_named';
/** Requests that come to nothing on the first round, because of what there is to ask about; they are asked once more, with something. */
const REFUSED: Readonly<Record<string, string>> = {
  // Nobody decides about a plan that has run.
  'plans.decide': 'illegal_transition',
  // This console runs no runner; one that does is looked at afterwards.
  'runner.control': 'not_found',
};
/** What is named because it may be written, and is not in this run. */
const AT_MOST: Readonly<Record<string, readonly string[]>> = {
  // An account that is not there yet is made by what is posted to it.
  'cancel.run': ['insert on credit_accounts'],
  'runner.control': ['insert on credit_accounts'],
  // A mend of a job lets its figures follow.
  'mends.post': ['update on jobs', 'insert on credit_accounts'],
};
/** Written by every request that is recorded: the audit. */
const RECORDING: ReadonlySet<string> = new Set([
  'insert on console_audit',
  'insert on console_audit_heads',
  'update on console_audit_heads',
]);

let sandbox: Sandbox;
let tap: WriteTap;
let root: MongoClient;
let provider: DemoProvider;
let folder: string;
let store: Store;
let engine: Engine;
/** Of each request, what came by the wire while it was asked. */
const written = new Map<RequestName, Set<TappedWrite>>();

beforeAll(async () => {
  const users = [{ name: 'root', password: PASSWORD, roles: [{ name: 'root', db: 'admin' }] }];
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  tap = await startWriteTap(sandbox.port);
  provider = await startDemoProvider();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-named-'));
  const rootUri = sandbox.uri.replace('mongodb://', `mongodb://root:${PASSWORD}@`);
  root = await new MongoClient(rootUri).connect();
  const db = root.db(DB);
  for (const role of leastPrivilegeRoles(DB)) await db.command({ ...role });
  await db.command({ createRole: ROLE, privileges: [], roles: [{ role: serverRoleName('viewer'), db: DB }] });
  await db.command({ createUser: 'sue', pwd: PASSWORD, roles: [ROLE] });
  store = await openTestStore(rootUri, DB);
  await prepareWorld(rootUri);
});
afterAll(async () => {
  await engine?.stop();
  await store.close();
  await root.close();
  await tap.stop();
  await provider.stop();
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const recordSchema = z.record(z.string(), z.unknown());
/** A document of which a test knows the id, and looks at little else. */
type Named = { readonly _id: string } & Readonly<Record<string, unknown>>;

/** From now on the login may look, record what it does, and write what was named; nothing else. */
async function allow(needed: readonly NeededPrivilege[]): Promise<void> {
  const privileges = needed.map(({ collection, actions }) => ({ resource: { db: DB, collection }, actions }));
  await root.db(DB).command({ updateRole: ROLE, privileges });
}

function namedBy(name: RequestName): readonly NeededPrivilege[] {
  const { writes }: RequestDefinition = REQUESTS[name];
  return writes === false ? [] : writes;
}

function actionsOf(needed: readonly NeededPrivilege[]): readonly string[] {
  return [
    ...new Set(needed.flatMap(({ collection, actions }) => actions.map((action) => `${action} on ${collection}`))),
  ];
}

async function prepareWorld(rootUri: string): Promise<void> {
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  const makeJob = async (id: string): Promise<void> =>
    void expectOk(await store.writer.insertJobs([queuedJob({ id, workspaceId: 'w1', createdAt: new Date() })]));
  await makeOrder('ran-1');
  // What a runner does is looked at on its own; here it leaves a job with an output, and itself in the fleet.
  const running = runningEngine(rootUri);
  expectOk(await running.start());
  await vi.waitFor(async () => expect(await stateOf('ran-1')).toBe('completed'), { timeout: 30_000, interval: 50 });
  await untilNothingIsPosting();
  await running.stop();
  // It is gone, and is taken for one that is there, so that something can be wished of it.
  await root
    .db(DB)
    .collection('runner_nodes')
    .updateMany({}, { $set: { state: 'running' } });
  await makeJob('waits');
  await makeHolding('holds');
  for (const id of ['f1', 'f2', 'f3', 'f4']) {
    const failed = failedJob({ id, failureClass: 'temporary', at: new Date('2026-10-20T10:00:00Z') });
    expectOk(await store.writer.insertJobs([failed]));
    for (const entry of entriesOf(failed)) expectOk(await store.writer.postEntry(entry));
  }
}

/** A job that the demo's provider makes at once. */
async function makeOrder(id: string): Promise<void> {
  const ordered = queuedJob({ id, workspaceId: 'w1', model: 'instant', createdAt: new Date() });
  const own = { ...ordered.provider, name: CONFIGURED_PROVIDER };
  expectOk(await store.writer.insertJobs([{ ...ordered, provider: own }]));
}

/** A job that waits between two attempts, with its credits held. */
async function makeHolding(id: string): Promise<void> {
  const job = queuedJob({ id, workspaceId: 'w1', createdAt: new Date() });
  const { billing } = job;
  const [reserve] = entriesOf(failedJob({ id, failureClass: 'temporary' }));
  if (reserve === undefined) throw new Error('a failed job had its credits reserved');
  expectOk(await store.writer.postEntry(reserve));
  expectOk(
    await store.writer.insertJobs([{ ...job, billing: { ...billing, status: 'reserved', reserved: billing.price } }]),
  );
}

/** One of the mends that were posted, as if somebody else had just proposed it. */
async function proposeOtherMend(): Promise<void> {
  const mends = root.db(DB).collection<Named>('adjustments');
  const posted = await mends.findOne({});
  if (posted === null) throw new Error('no mend was proposed');
  const proposed = { ...recordSchema.parse(posted['proposed']), by: { type: 'user', id: 'bob' } };
  await mends.insertOne({ ...posted, _id: OTHER_MEND, state: 'proposed', decided: null, posted: null, proposed });
}

function runningEngine(mongodbUri: string): Engine {
  return consoleEngine({
    dataDir: folder,
    mongodbUri,
    dbName: DB,
    personName: null,
    withRunner: true,
    providers: { ...NO_PROVIDERS, single: { baseUrl: provider.baseUrl, apiKey: provider.apiKey } },
  });
}

async function stateOf(id: string): Promise<unknown> {
  return (await root.db(DB).collection<Named>('jobs').findOne({ _id: id }))?.['state'];
}

/** What jobs owe is posted, and what an account remembers of its last posting is cleared soon after, on behalf of whoever posted. */
async function untilNothingIsPosting(): Promise<void> {
  const accounts = root.db(DB).collection('credit_accounts');
  await vi.waitFor(
    async () => {
      const posting = (await accounts.find().toArray()).flatMap((account) =>
        Object.keys(recordSchema.parse(account['posting'] ?? {})),
      );
      expect(posting).toEqual([]);
      const owing = { 'billing.pending.0': { $exists: true } };
      expect(await root.db(DB).collection('jobs').countDocuments(owing)).toBe(0);
    },
    { timeout: 20_000, interval: 20 },
  );
}

/** What a request begins is over, so that nothing of it is taken for the next one's. */
const SETTLED: Partial<Record<RequestName, () => Promise<void>>> = {
  'plans.run': async () => {
    await vi.waitFor(async () => expect(await stateOf('f2')).toBe('queued'), { timeout: 20_000, interval: 20 });
    await vi.waitFor(
      async () => expect(await root.db(DB).collection('retry_plan_outcomes').countDocuments()).toBeGreaterThan(0),
      { timeout: 20_000, interval: 20 },
    );
  },
  'mends.post': untilNothingIsPosting,
  'cancel.run': untilNothingIsPosting,
  'plans.wish': async () => {
    const running = { state: 'running' };
    await vi.waitFor(async () => expect(await root.db(DB).collection('retry_plans').countDocuments(running)).toBe(0), {
      timeout: 20_000,
      interval: 20,
    });
  },
};
/** Of each request of which something is left, what. */
function differences(
  left: (name: RequestName, writes: ReadonlySet<TappedWrite>) => readonly string[],
): Readonly<Record<string, readonly string[]>> {
  const all = [...written].map(([name, writes]) => [name, left(name, writes)] as const);
  return Object.fromEntries(all.filter(([, rest]) => rest.length > 0));
}

/**
 * After roles were given out the console looks at its privileges again, and would switch off all that follows because they were narrowed:
 * it is let look once more while nothing is.
 */
async function lookAgain(ask: () => Promise<FeatureAnswer>): Promise<void> {
  await allow(requestNameSchema.options.flatMap(namedBy));
  expect(await ask()).toMatchObject({ code: null });
  tap.take();
}

function watched(under: (name: RequestName) => readonly NeededPrivilege[]): AroundRequest {
  return async (name, ask) => {
    await allow(under(name));
    tap.take();
    const answer = await ask();
    if (answer.code === null) await SETTLED[name]?.();
    const known = written.get(name) ?? new Set();
    for (const write of tap.take()) if (!RECORDING.has(write)) known.add(write);
    written.set(name, known);
    if (name === 'people.set') await lookAgain(ask);
    return answer;
  };
}

describe('what a request writes', () => {
  it(
    'is what it names, as the server saw it, and a login that may do just that does it',
    { timeout: 180_000 },
    async () => {
      const address = `mongodb://127.0.0.1:${tap.port}/?directConnection=true`;
      const login = { type: 'password', user: 'sue', mechanism: null, authSource: DB } as const;
      const profile = connectionProfile({ address, database: DB, login });
      const secrets = { password: PASSWORD, keyPassphrase: null };
      const shelf = new ProfileShelf(
        path.join(folder, 'connections.json'),
        new SecretVault(cipherKeyStore(), 'linux'),
        () => undefined,
      );
      const shell = shelfShell({ shelf, config: () => engine.config });
      const everything = requestNameSchema.options.flatMap(namedBy);
      // The console looks at its privileges when it comes; what it may is narrowed behind its back, so that the server alone decides.
      await allow(everything);
      engine = consoleEngine(
        { dataDir: folder, mongodbUri: null, dbName: null, personName: null, profile, secrets },
        undefined,
        shell,
      );
      expectOk(await engine.start());
      const window = new EngineWindow(engine);
      const { person } = await window.untilStatus(
        ({ person: one, monitor }) => one.isVerified && monitor.mode === 'stream',
      );
      expect(person).toMatchObject({ role: 'founder', lacking: {} });
      await vi.waitFor(async () => expectOk(await window.ask('job.get', { jobId: 'f4' })), {
        timeout: 20_000,
        interval: 50,
      });
      expectOk(await window.ask('profiles.save', { profile, secrets, keepSecrets: true }));

      let isPlanUnderWay = false;
      const under = (name: RequestName): readonly NeededPrivilege[] => {
        if (name === 'plans.run') isPlanUnderWay = true;
        // The wish before it has ended the plan: from here on nothing but what is asked writes.
        if (name === 'plans.decide') isPlanUnderWay = false;
        return isPlanUnderWay ? [...namedBy(name), ...namedBy('plans.run')] : namedBy(name);
      };
      const driven = await driveEverything(
        window,
        {
          profile,
          secrets,
          jobs: { waiting: 'waits', failed: 'f1', planned: 'f2', done: 'ran-1' },
          workspaceId: 'w1',
          period: '2026-10',
        },
        watched(under),
      );
      expect(driven.filter(({ name, code }) => code !== (REFUSED[name] ?? null))).toEqual([]);

      const again = async (name: RequestName, ask: () => Promise<{ readonly ok: boolean }>): Promise<void> => {
        const answer = await watched(namedBy)(name, async () => {
          const told = await ask();
          return { name, code: told.ok ? null : 'refused', text: JSON.stringify(told) };
        });
        expect(answer).toMatchObject({ name, code: null });
      };
      const { version } = expectOk(await window.ask('retry.preview', { jobId: 'f3', reason: 'other', edited: EDITED }));
      const order = { requestId: crypto.randomUUID(), jobId: 'f3', version, reason: 'other', edited: EDITED };
      await again('retry.run', () => window.ask('retry.run', order));
      await again('cancel.run', () => window.ask('cancel.run', { jobId: 'holds', reason: 'not wanted' }));
      await allow(everything);
      const wish = { type: 'ids' as const, ids: ['f4'] };
      const { plan } = expectOk(await window.ask('plans.make', { wish, reason: 'again' }));
      const withdrawal = { planId: plan.planId, decision: 'withdrawn', note: 'no' } as const;
      await again('plans.decide', () => window.ask('plans.decide', withdrawal));
      await proposeOtherMend();
      const rejection = { mendIds: [OTHER_MEND], decision: 'rejected' as const, note: 'no' };
      await again('mends.decide', () => window.ask('mends.decide', rejection));
      await allow(everything);
      const { revision } = expectOk(await window.ask('fleet.limits', {}));
      const limits = { ...NO_LIMITS, concurrency: { ...NO_LIMITS.concurrency, total: 3 } };
      await again('fleet.setLimits', () => window.ask('fleet.setLimits', { limits, revision }));
      await again('people.set', () => window.ask('people.set', { personId: 'ann', role: null }));
      await engine.stop();

      // A runner writes from its start on; all of it is what pausing and resuming it name.
      await makeOrder('ran-2');
      await allow(namedBy('runner.control'));
      engine = runningEngine(`mongodb://sue:${PASSWORD}@127.0.0.1:${tap.port}/?directConnection=true&authSource=${DB}`);
      const running = watched(namedBy)('runner.control', async () => {
        expectOk(await engine.start());
        const runnerWindow = new EngineWindow(engine);
        await runnerWindow.untilStatus(({ person: one, runner }) => one.isVerified && runner.runnerId !== null);
        for (const action of ['pause', 'resume'] as const)
          expectOk(await runnerWindow.ask('runner.control', { action }));
        await vi.waitFor(async () => expect(await stateOf('ran-2')).toBe('completed'), {
          timeout: 30_000,
          interval: 50,
        });
        await untilNothingIsPosting();
        await engine.stop();
        return { name: 'runner.control', code: null, text: '' };
      });
      await running;

      expect([...written.keys()].sort()).toEqual([...requestNameSchema.options].sort());
      const tooMuch = differences((name, writes) =>
        [...writes].filter((write) => !actionsOf(namedBy(name)).includes(write)),
      );
      expect(tooMuch, 'written and not named').toEqual({});
      const unseen = differences((name, writes: ReadonlySet<string>) =>
        actionsOf(namedBy(name)).filter((action) => !writes.has(action)),
      );
      expect(unseen, 'named and not written').toEqual(AT_MOST);
    },
  );
});
