import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CONFIGURED_PROVIDER } from '#engine/provider-settings.ts';
import { startDemoProvider, type DemoProvider } from '#sandbox/demo/provider-server.ts';
import { listenOnLoopback } from '#sandbox/loopback.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { openTestStore } from '../../support/test-server.ts';

/** Begins the password, which has signs that addresses write otherwise, and the token of the listener. */
const MARK = 'canary-d41c';
const PASSWORD = `${MARK}:p@ss/wo rd%`;
const TOKEN = `${MARK}-token-of-the-listener`;
const DB = 'shop';
const PROGRAM = fileURLToPath(new URL('../../../electron/cli/runner.ts', import.meta.url));
/** Loaded beside the program: throws in the middle of its work when it is told to. */
const THROWING = `data:text/javascript,${encodeURIComponent("process.on('SIGUSR2', () => setImmediate(() => { throw new Error('provoked'); }))")}`;

let sandbox: Sandbox;
let provider: DemoProvider;
/** Where the runner stands: whatever a crash leaves behind is here. */
let folder: string;
let child: ChildProcess | null = null;
let said = '';

beforeEach(async () => {
  const users = [{ name: 'sue', password: PASSWORD, roles: [{ name: 'root', db: 'admin' }] }];
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  provider = await startDemoProvider();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-runner-secrets-'));
  said = '';
  const store = await openTestStore(addressWith(PASSWORD), DB);
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 10_000)));
  const jobs = ['instant', 'bad-input'].map((model) => queuedJob({ id: model, model, createdAt: new Date() }));
  const ordered = jobs.map((job) => ({ ...job, provider: { ...job.provider, name: CONFIGURED_PROVIDER } }));
  expectOk(await store.writer.insertJobs(ordered));
  await store.close();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await provider.stop();
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

function addressWith(password: string, port = sandbox.port): string {
  return `mongodb://sue:${encodeURIComponent(password)}@127.0.0.1:${port}/?directConnection=true&serverSelectionTimeoutMS=500`;
}

/** Starts a runner that is told its server in the environment or as an option. @returns its exit status, once it has ended */
function run(uri: string, { args = [] as readonly string[], isOption = false } = {}): Promise<number | null> {
  const { MONGODB_URI: _uri, ...inherited } = process.env;
  const artefacts = ['--db', DB, '--artefacts', path.join(folder, 'artefacts')];
  const started = spawn(
    process.execPath,
    ['--import', THROWING, PROGRAM, ...artefacts, ...args, ...(isOption ? ['--uri', uri] : [])],
    {
      cwd: folder,
      env: {
        ...inherited,
        ...(isOption ? {} : { MONGODB_URI: uri }),
        RUNLEDGER_PROVIDER_URL: provider.baseUrl,
        RUNLEDGER_PROVIDER_KEY: provider.apiKey,
        RUNLEDGER_LISTEN_TOKEN: TOKEN,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  child = started;
  for (const stream of [started.stdout, started.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
  }
  return new Promise((resolve) => started.once('close', (status) => resolve(status)));
}

/** Waits until both jobs have come to their end. */
async function untilDone(): Promise<void> {
  await withDb(async (db) => {
    const open = { state: { $nin: ['completed', 'failed'] } };
    await vi.waitFor(async () => expect(await db.collection('jobs').countDocuments(open)).toBe(0), {
      timeout: 60_000,
      interval: 50,
    });
  });
}

async function withDb<Value>(look: (db: ReturnType<MongoClient['db']>) => Promise<Value>): Promise<Value> {
  const client = await new MongoClient(addressWith(PASSWORD)).connect();
  try {
    return await look(client.db(DB));
  } finally {
    await client.close();
  }
}

/** Where a secret is found: in what was said, in a file, or in a document of the server. */
async function placesOf(secret: string): Promise<readonly string[]> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(folder, name);
    return statSync(file).isFile() && readFileSync(file).includes(secret);
  });
  const collections = await withDb(async (db) => {
    const names = (await db.listCollections().toArray()).map(({ name }) => name);
    expect(names).toContain('jobs');
    const texts = names.map(async (name) => ({
      name,
      text: JSON.stringify(await db.collection(name).find().toArray()),
    }));
    return (await Promise.all(texts)).filter(({ text }) => text.includes(secret)).map(({ name }) => name);
  });
  return [...(said.includes(secret) ? ['said'] : []), ...files, ...collections];
}

async function expectNoSecret(): Promise<void> {
  for (const secret of [MARK, encodeURIComponent(PASSWORD), provider.apiKey])
    expect(await placesOf(secret)).toEqual([]);
}

/** A port that nobody listens on, in a moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server, 0);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('the password, the token and the key of a runner', { timeout: 120_000 }, () => {
  it.each([{ isOption: true }, { isOption: false }])(
    'are in nothing that it says, serves and writes (as an option: $isOption)',
    async ({ isOption }) => {
      const port = await freePort();
      const ended = run(addressWith(PASSWORD), { isOption, args: ['--listen', String(port)] });
      await untilDone();
      const headers = { Authorization: `Bearer ${TOKEN}` };
      for (const page of ['/health', '/metrics', '/nowhere']) {
        const answer = await fetch(`http://127.0.0.1:${port}${page}`, { headers });
        expect(await answer.text()).not.toContain(MARK);
      }
      const refused = await fetch(`http://127.0.0.1:${port}/health`, { headers: { Authorization: `${TOKEN}-wrong` } });
      expect(refused.status).toBe(401);
      expect(await refused.text()).not.toContain(MARK);
      child?.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(said).toContain('1 completed');
      await withDb(async (db) => expect(await db.collection('runner_nodes').countDocuments()).toBe(1));
      await expectNoSecret();
    },
  );

  it.each([
    { way: 'SIGKILL', signal: 'SIGKILL', status: null, words: '' },
    { way: 'an error that nobody catches', signal: 'SIGUSR2', status: 1, words: 'provoked' },
  ] as const)('are in nothing that it leaves behind when it ends by $way', async ({ signal, status, words }) => {
    const ended = run(addressWith(PASSWORD));
    await untilDone();
    child?.kill(signal);
    expect(await ended).toBe(status);
    expect(said).toContain(words);
    await expectNoSecret();
  });

  it.each([
    { way: 'is wrong', address: () => addressWith(`${MARK}-wrong`), words: /log in|login|password|authenti/i },
    { way: 'is for a server that is not there', address: () => addressWith(PASSWORD, 1), words: /does not answer/ },
    { way: 'stands in an address that is none', address: () => `mongodb://sue:${PASSWORD}@h:x/?no=1`, words: /URI/ },
  ])('are not said where the password $way', async ({ address, words }) => {
    for (const isOption of [true, false]) {
      said = '';
      const ended = run(address(), { isOption });
      await vi.waitFor(() => expect(said).toMatch(words), { timeout: 30_000, interval: 20 });
      child?.kill('SIGTERM');
      await ended;
      await expectNoSecret();
    }
  });
});
