import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REQUESTS, requestNameSchema } from '#contract/requests.ts';
import type { Job } from '#domain/job.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { CONFIGURED_PROVIDER, NO_PROVIDERS } from '#engine/provider-settings.ts';
import { startDemoProvider, type DemoProvider } from '#sandbox/demo/provider-server.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { AppLog, secretsIn } from '../../../electron/main/app-log.ts';
import { ProfileShelf } from '../../../electron/main/profiles/profile-shelf.ts';
import { SecretVault } from '../../../electron/main/profiles/secret-vault.ts';
import { cipherKeyStore } from '../../support/cipher-key-store.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { exportedTexts } from '../../support/exported-texts.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { driveEverything } from '../../support/feature-run.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { sampleOf } from '../../support/schema-sample.ts';
import { shelfShell } from '../../support/shelf-shell.ts';
import { openTestStore } from '../../support/test-server.ts';

/** Begins all that is marked; a password with signs that addresses write otherwise. */
const MARK = 'canary-3c97';
const PASSWORD = `${MARK}:p@ss/wo rd%`;
const KEY = `${MARK}-key-of-a-provider`;
/** What a customer wrote, and what a provider's error said. */
const WORDS = 'canary-of-a-customer-51aa';
const ERROR_WORDS = 'canary-of-an-error-77d0';
/** What a validator said of an output, which may quote it. */
const CHECK_WORDS = 'canary-of-a-check-2b6e';
/** The kinds of files that are exported in this run: a case is for support, the others for finance. */
const EXPORTS = ['case', 'findings', 'margin', 'plan', 'statements'];
const EACH = 6;
/** Requests that come to nothing in this run, because of what there is to ask about. */
const REFUSED: Readonly<Record<string, string>> = {
  // Nobody decides about a plan that runs.
  'plans.decide': 'illegal_transition',
};
const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

let sandbox: Sandbox;
let folder: string;
let provider: DemoProvider;
beforeEach(async () => {
  const users = [{ name: 'sue', password: PASSWORD, roles: [{ name: 'root', db: 'admin' }] }];
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  provider = await startDemoProvider();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-secrets-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await provider.stop();
  await sandbox.stop();
});

describe(`a marked password (seed ${SEED})`, () => {
  it('is found nowhere after every request of the contract was asked with it: log, copy, audit, exports, files, server', async () => {
    const profile = connectionProfile({ address: `mongodb://${new URL(sandbox.uri).host}/`, database: 'shop' });
    const secrets = { password: PASSWORD, keyPassphrase: null };
    const uri = sandbox.uri.replace('mongodb://', `mongodb://sue:${encodeURIComponent(PASSWORD)}@`);
    const store = await openTestStore(uri, 'shop');
    expectOk(await store.writer.createIndexes());
    expectOk(await store.writer.postEntry(grant('w1', 1000)));
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'j1', workspaceId: 'w1', createdAt: new Date() })]));
    for (const id of ['f1', 'f2']) {
      const failed = withWords(failedJob({ id, failureClass: 'temporary', at: new Date('2026-10-20T10:00:00Z') }));
      expectOk(await store.writer.insertJobs([failed]));
      for (const entry of entriesOf(failed)) expectOk(await store.writer.postEntry(entry));
    }
    const ordered = queuedJob({
      id: 'ran-1',
      workspaceId: 'w1',
      model: 'instant',
      prompt: WORDS,
      createdAt: new Date(),
    });
    expectOk(
      await store.writer.insertJobs([{ ...ordered, provider: { ...ordered.provider, name: CONFIGURED_PROVIDER } }]),
    );
    const config: Partial<EngineConfig> = {
      profile,
      secrets,
      withRunner: true,
      providers: {
        ...NO_PROVIDERS,
        single: { baseUrl: provider.baseUrl, apiKey: provider.apiKey },
        keys: { films: KEY },
      },
    };

    const log = new AppLog({
      folder: path.join(folder, 'logs'),
      secrets: () => secretsIn(engine.config),
      echo: () => undefined,
    });
    const vault = new SecretVault(cipherKeyStore(), 'linux');
    const shelf = new ProfileShelf(path.join(folder, 'connections.json'), vault, (line) => log.say('main', line));
    const shell = shelfShell({ shelf, logTail: () => log.tail, config: () => engine.config });
    const engine = consoleEngine(
      { dataDir: folder, mongodbUri: null, dbName: null, personName: null, ...config },
      (line, cause) =>
        log.say('engine', `${line}: ${cause instanceof Error ? (cause.stack ?? '') : JSON.stringify(cause)}`),
      shell,
    );
    expectOk(await engine.start());
    const window = new EngineWindow(engine);
    await window.untilStatus(({ person }) => person.isVerified);
    expectOk(await window.ask('profiles.save', { profile, secrets, keepSecrets: true }));

    await vi.waitFor(
      async () => {
        const { row } = expectOk(await window.ask('job.get', { jobId: 'ran-1' }));
        expect(row.state).toBe('completed');
        expectOk(await window.ask('job.get', { jobId: 'f2' }));
      },
      { timeout: 30_000, interval: 50 },
    );
    const driven = await driveEverything(window, {
      profile,
      secrets,
      jobs: { waiting: 'j1', failed: 'f1', planned: 'f2', done: 'ran-1' },
      workspaceId: 'w1',
      period: '2026-10',
    });
    expect(driven.filter(({ name, code }) => code !== (REFUSED[name] ?? null))).toEqual([]);
    const answers: string[] = driven.map(({ text }) => text);
    for (const name of requestNameSchema.options) {
      const samples = fc.sample(sampleOf(REQUESTS[name].params), { numRuns: EACH, seed: SEED });
      for (const params of samples) answers.push(JSON.stringify(await window.ask(name, params as never)));
    }
    answers.push(JSON.stringify(expectOk(await window.ask('doctor.diagnostics', {}))));
    const wrong = { ...secrets, password: `${MARK}-wrong` };
    for (const given of [secrets, wrong]) {
      answers.push(JSON.stringify(await window.ask('profiles.test', { profile, secrets: given })));
    }
    answers.push(JSON.stringify(expectOk(await window.ask('profiles.list', {}))));
    log.say('engine', `what a careless part might say: ${uri}, ${PASSWORD}, ${KEY}`);
    await engine.stop();
    await log.close();

    expect(answers.filter((answer) => answer.includes(MARK))).toEqual([]);
    expect(filesWith(folder, MARK)).toEqual([]);
    expect(filesWith(folder, provider.apiKey)).toEqual([]);
    expect(answers.filter((answer) => answer.includes(provider.apiKey))).toEqual([]);
    const looked = await everyDocument(uri);
    expect(looked.filter((text) => text.includes(MARK))).toEqual([]);
    // Exports go to people who need not see any job: none holds what customers wrote, were given, or errors repeat.
    const exported = exportedTexts(path.join(folder, 'exports'));
    expect([...new Set(exported.map(({ kind }) => kind))].sort()).toEqual(EXPORTS);
    expect(exported.filter(({ text }) => text.includes(WORDS))).toEqual([]);
    for (const words of [ERROR_WORDS, CHECK_WORDS]) {
      expect(exported.filter(({ kind, text }) => kind !== 'case' && text.includes(words))).toEqual([]);
    }
    // They could have: the words stand in the jobs that were exported from, and in what was made of one.
    for (const words of [WORDS, ERROR_WORDS, CHECK_WORDS]) expect(looked.join()).toContain(words);
    expect(filesWith(path.join(folder, 'artefacts'), WORDS)).toHaveLength(1);
    // The run was one: there is a copy, an audit and a log that could have held it.
    expect(filesWith(folder, 'profiles.save').length).toBeGreaterThan(0);
    await store.close();
  });
});

/** Every document of every collection, as text. */
async function everyDocument(uri: string): Promise<readonly string[]> {
  const { MongoClient } = await import('mongodb');
  const client = await new MongoClient(uri).connect();
  try {
    const db = client.db('shop');
    const names = (await db.listCollections().toArray()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['console_audit', 'jobs', 'retry_plans', 'adjustments', 'periods']));
    return await Promise.all(names.map(async (name) => JSON.stringify(await db.collection(name).find().toArray())));
  } finally {
    await client.close();
  }
}

/** A failed job whose prompt, options, error and validation bear marks. */
function withWords(job: Job): Job {
  if (job.state !== 'failed') throw new Error('the job has failed');
  const input = { ...job.input, prompt: WORDS, options: { style: WORDS } };
  const failure = { ...job.failure, message: ERROR_WORDS };
  const checks = [{ name: 'quotes', passed: false, severity: 'error' as const, message: CHECK_WORDS }];
  const said = { failure, validation: { passed: false, checks } };
  // What was tried keeps its error, also after somebody retries the job.
  return { ...job, input, failure, attempts: job.attempts.map((attempt) => ({ ...attempt, ...said })) };
}

function filesWith(root: string, text: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(root, name);
    return statSync(file).isFile() && readFileSync(file).includes(text);
  });
}
