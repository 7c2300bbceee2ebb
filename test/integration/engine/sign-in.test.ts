import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionProfile } from '#domain/connection-profile.ts';
import { REQUESTS, requestNameSchema } from '#contract/requests.ts';
import type { EngineStatus } from '#contract/status.ts';
import type { ErrorCode } from '#domain/errors.ts';
import type { Engine } from '#engine/engine.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { ProfileShelf } from '../../../electron/main/profiles/profile-shelf.ts';
import { SecretVault } from '../../../electron/main/profiles/secret-vault.ts';
import { cipherKeyStore } from '../../support/cipher-key-store.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { startIdentityProvider, visit, type TestIdentityProvider } from '../../support/identity-provider.ts';
import { sampleOf } from '../../support/schema-sample.ts';
import { shelfShell } from '../../support/shelf-shell.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

let provider: TestIdentityProvider;
let sandbox: Sandbox;
let folder: string;
let engine: Engine | null = null;
/** What the pages of the browser said in the end. */
let shown: Promise<string>[];
let lines: string[];
const ROOT = { name: 'root', password: 'root', roles: [{ name: 'root', db: 'admin' }] };
/** The clock by which main keeps pages apart. */
let clockMs = 0;

beforeEach(async () => {
  provider = await startIdentityProvider();
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users: [ROOT], identityProvider: provider.forSandbox } });
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-sign-in-'));
  shown = [];
  lines = [];
});
afterEach(async () => {
  await engine?.stop();
  engine = null;
  await sandbox.stop();
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

function profileOf(
  given: Partial<Extract<ConnectionProfile['login'], { type: 'oidc_person' }>> = {},
): ConnectionProfile {
  return connectionProfile({
    address: sandbox.uri,
    database: 'shop',
    kind: 'development',
    login: { type: 'oidc_person', user: null, allowedHosts: [], redirectPort: null, ...given },
  });
}

/** A console on the connection, with a window; the person's browser goes wherever it is led. */
async function open(
  profile: ConnectionProfile | null,
  asked: Pick<Parameters<typeof shelfShell>[0], 'agree'> = {},
): Promise<EngineWindow> {
  const shelf = new ProfileShelf(
    path.join(folder, 'connections.json'),
    new SecretVault(cipherKeyStore(), 'darwin'),
    () => undefined,
  );
  const shell = shelfShell({
    shelf,
    config: () => started.config,
    browse: (url) => void shown.push(visit(url)),
    monotonicMs: () => clockMs,
    ...asked,
  });
  const started: Engine = consoleEngine(
    {
      dataDir: folder,
      mongodbUri: profile === null ? `${sandbox.uri}&authMechanism=MONGODB-OIDC` : null,
      dbName: 'shop',
      personName: 'ann',
      profile,
    },
    (line, cause) => void lines.push(`${line} ${cause instanceof Error ? cause.message : ''}`),
    shell,
  );
  engine = started;
  expectOk(await started.start());
  return new EngineWindow(started);
}

/** Every document of the database that the console writes to, as text. */
async function everyDocument(): Promise<string> {
  const auth = { username: 'root', password: 'root' };
  const client = await new MongoClient(sandbox.uri, { auth }).connect();
  try {
    const db = client.db('shop');
    const names = (await db.listCollections().toArray()).map(({ name }) => name);
    expect(names).toContain('console_audit');
    return JSON.stringify(await Promise.all(names.map(async (name) => db.collection(name).find().toArray())));
  } finally {
    await client.close();
  }
}

const isConnected = ({ connection }: EngineStatus): boolean => connection.state === 'connected';
const isLostBy =
  (code: ErrorCode) =>
  ({ connection }: EngineStatus): boolean =>
    connection.state === 'disconnected' && connection.error.code === code;

describe(`a person who signs in in the browser (seed ${SEED})`, () => {
  it('is who the identity provider says, on every client of the connection, by one page', async () => {
    const window = await open(profileOf());
    const { person } = await window.untilStatus((status) => isConnected(status) && status.person.isVerified);
    expect(person.id).toBe('people/sue@$external');
    // Reconciliation has a client of its own, on a thread of its own.
    expectOk(await window.ask('mends.list', { states: ['proposed'] }));
    const { signIn } = expectOk(await window.ask('status.get', {}));
    expect(signIn).toEqual({ isUsed: true, waiting: null });
    expect(provider.pages).toBe(1);
    expect(await shown[0]).toContain('You are signed in.');
  });

  it('signs in as well where only an address was given', async () => {
    await (await open(null)).untilStatus(isConnected);
    expect(provider.pages).toBe(1);
  });

  it.each([
    { atPage: 'denies', code: 'sign_in_denied' },
    { atPage: 'wrong state', code: 'sign_in_forged' },
    { atPage: 'wrong nonce', code: 'sign_in_forged' },
  ] as const)(
    'is told why it did not work ($atPage), and no other page opens before they ask',
    async ({ atPage, code }) => {
      provider.atPage = atPage;
      const window = await open(profileOf());
      const { connection } = await window.untilStatus(isLostBy(code));
      expect(connection).toMatchObject({ nextTryAtMs: null });
      expect(await shown[0]).toContain('did not work');
      provider.atPage = 'agrees';
      expect(provider.pages).toBe(1);
      clockMs += 1000;
      expectOk(await window.ask('profiles.signIn', { act: 'begin' }));
      await window.untilStatus(isConnected);
      expect(provider.pages).toBe(2);
    },
  );

  it('is waited for, may have the page once more, and may cancel', async () => {
    provider.atPage = 'does nothing';
    const window = await open(profileOf());
    const { signIn } = await window.untilStatus((status) => status.signIn.waiting !== null);
    expect(signIn.waiting).toMatchObject({
      host: new URL(provider.issuer).host,
    });
    const [first] = shown;
    expect(await first).toContain('Who are you?');
    // No two pages within a second: that is refused, and the wait goes on.
    expect(await window.ask('profiles.signIn', { act: 'open' })).toMatchObject({ error: { code: 'sign_in_blocked' } });
    expectOk(await window.ask('profiles.signIn', { act: 'cancel' }));
    await window.untilStatus(isLostBy('sign_in_cancelled'));
    expect(await window.ask('profiles.signIn', { act: 'open' })).toMatchObject({ error: { code: 'not_found' } });
    expect(expectOk(await window.ask('status.get', {})).signIn.waiting).toBeNull();
  });

  it.each([
    { end: 'cancels', act: (window: EngineWindow) => window.ask('profiles.signIn', { act: 'cancel' }) },
    { end: 'stops the program', act: () => engine?.stop() },
  ])('who $end is led to no page, also by a question that is answered later', async ({ act }) => {
    const [asked, answered] = [Promise.withResolvers<AbortSignal>(), Promise.withResolvers<boolean>()];
    const agree = (_host: string, _server: string, withdrawn: AbortSignal): Promise<boolean> => {
      asked.resolve(withdrawn);
      return answered.promise;
    };
    const window = await open(profileOf(), { agree });
    const withdrawn = await asked.promise;
    await act(window);
    await vi.waitFor(() => expect(withdrawn.aborted).toBe(true));
    answered.resolve(true);
    await setImmediate();
    expect(shown).toEqual([]);
  });

  it('holds up no engine that stops', async () => {
    provider.atPage = 'does nothing';
    await (await open(profileOf())).untilStatus((status) => status.signIn.waiting !== null);
    await engine?.stop();
    expect(provider.tokens).toEqual([]);
  });

  it('signs in for a trial of a connection, in which they are shown as who they are', async () => {
    const window = await open(profileOf());
    await window.untilStatus(isConnected);
    clockMs += 1000;
    const trial = expectOk(
      await window.ask('profiles.test', { profile: { ...profileOf(), database: 'other' }, secrets: null }),
    );
    expect(trial.user).toBe('people/sue@$external');
    // Another database is another deployment here: nothing of one sign-in is handed to another.
    expect(provider.pages).toBe(2);
  });

  it('is not asked for a server that nobody allowed to ask', async () => {
    const window = await open(profileOf({ allowedHosts: ['*.example.com'] }));
    await window.untilStatus(isLostBy('sign_in_untrusted'));
    expect(provider.pages).toBe(0);
  });

  it('is not led to a provider that is out of reach, which is tried again by itself', async () => {
    await provider.stop();
    const { connection } = await (await open(profileOf())).untilStatus(isLostBy('sign_in_unreachable'));
    expect(JSON.stringify(connection)).toContain(new URL(provider.issuer).host);
    expect(connection.state === 'disconnected' && connection.nextTryAtMs).toBeGreaterThan(0);
    expect(shown).toEqual([]);
  });

  it('leaves no token in any file, line, document or answer, whatever is asked', async () => {
    const window = await open(profileOf());
    await window.untilStatus((status) => isConnected(status) && status.person.isVerified);
    clockMs += 1000;
    const answers: string[] = [];
    for (const name of requestNameSchema.options) {
      const samples = fc.sample(sampleOf(REQUESTS[name].params), { numRuns: 5, seed: SEED });
      for (const params of samples) answers.push(JSON.stringify(await window.ask(name, params as never)));
    }
    clockMs += 1000;
    answers.push(
      JSON.stringify([
        await window.ask('profiles.test', { profile: profileOf(), secrets: null }),
        expectOk(await window.ask('doctor.diagnostics', {})),
        expectOk(await window.ask('status.get', {})),
      ]),
    );
    await engine?.stop();
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(folder, name))
      .filter((file) => statSync(file).isFile());
    const seen = [
      ...answers,
      lines.join('\n'),
      await everyDocument(),
      ...files.map((file) => readFileSync(file, 'latin1')),
    ];
    expect(files.length).toBeGreaterThan(0);
    expect(provider.tokens.length).toBeGreaterThan(0);
    for (const token of provider.tokens) expect(seen.filter((text) => text.includes(token))).toEqual([]);
  });
});
