import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_SECRETS, type ConnectionProfile } from '#domain/connection-profile.ts';
import type { AuditEntry } from '#domain/audit.ts';
import type { Engine } from '#engine/engine.ts';
import type { EngineConfig } from '#engine/messages.ts';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { ProfileShelf } from '../../../electron/main/profiles/profile-shelf.ts';
import { SecretVault } from '../../../electron/main/profiles/secret-vault.ts';
import { cipherKeyStore } from '../../support/cipher-key-store.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { shelfShell } from '../../support/shelf-shell.ts';

const CANARY = 'canary-51ab:/@?#&=%';
const typed = { ...NO_SECRETS, password: CANARY };

let sandbox: Sandbox;
let folder: string;
let shelf: ProfileShelf;
let lines: string[];
/** What main was asked to start the engine with, last. */
let restarted: EngineConfig | null;
const engines: Engine[] = [];
beforeEach(async () => {
  const users = [{ name: 'sue', password: CANARY, roles: [{ name: 'root', db: 'admin' }] }];
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-profiles-'));
  shelf = new ProfileShelf(path.join(folder, 'connections.json'), new SecretVault(cipherKeyStore(), 'linux'), say);
  lines = [];
  restarted = null;
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
  rmSync(folder, { recursive: true, force: true });
  await sandbox.stop();
});

function say(line: string, cause?: unknown): void {
  lines.push(`${line} ${cause instanceof Error ? `${cause.message} ${cause.stack ?? ''}` : JSON.stringify(cause)}`);
}

/** An engine with the desktop's own answers around it, as main starts one. */
async function openEngine(given: Partial<EngineConfig>): Promise<{ engine: Engine; window: EngineWindow }> {
  const config = { dataDir: folder, mongodbUri: null, dbName: null, personName: 'sue', ...given };
  const shell = shelfShell({
    shelf,
    logTail: () => lines,
    config: () => ({ ...engine.config }),
    restart: (next) => {
      restarted = next;
    },
  });
  const engine = consoleEngine(config, say, shell);
  engines.push(engine);
  await engine.start();
  return { engine, window: new EngineWindow(engine) };
}

function shop(given: Partial<ConnectionProfile> = {}): ConnectionProfile {
  const address = `mongodb://${new URL(sandbox.uri).host}/`;
  return connectionProfile({ address, database: 'shop', ...given });
}

async function connected(window: EngineWindow): Promise<void> {
  await window.untilStatus(({ person }) => person.isVerified);
}

describe('connections in the engine', () => {
  it('connect with what the desktop kept, name themselves in the status, and are recorded where they lead', async () => {
    const profile = shop();
    expectOk(shelf.save(profile, typed, true));
    const { window, engine } = await openEngine({ profile, secrets: shelf.secretsOf(profile) });
    await connected(window);
    const status = expectOk(await window.ask('status.get', {}));
    expect(status.profile).toEqual({ id: profile.id, name: 'Shop', kind: 'production' });
    expect(status.person).toMatchObject({ id: 'sue@admin', isVerified: true });
    await expect
      .poll(async () => (await auditOf(window)).map(({ action, subject }) => [action, subject]))
      .toContainEqual(['connection.open', 'Shop']);
    await engine.stop();
    expect(lines.join('\n')).not.toContain('canary');
    expect(filesWith('canary')).toEqual([]);
  });

  it('cannot be opened without what is secret, and say so; another one can be opened from there', async () => {
    const profile = shop();
    expectOk(shelf.save(profile, null, false));
    const { window } = await openEngine({ profile });
    const status = expectOk(await window.ask('status.get', {}));
    expect(status.connection).toMatchObject({ state: 'disconnected', error: { code: 'secret_needed' } });
    expect(await window.ask('jobs.count', { filter: {} })).toMatchObject({ error: { code: 'secret_needed' } });
    expect(await window.ask('profiles.switch', { id: profile.id, secrets: null })).toMatchObject({
      error: { code: 'secret_needed' },
    });
    expect(restarted).toBeNull();
    expectOk(await window.ask('profiles.switch', { id: profile.id, secrets: typed }));
    await expect.poll(() => restarted).toMatchObject({ profile: { name: 'Shop' }, secrets: typed, withRunner: false });
  });

  it('are tried without a write, with the kept secret only where it was entrusted', async () => {
    const profile = shop();
    expectOk(shelf.save(profile, typed, true));
    const { window } = await openEngine({ mongodbUri: 'mongodb://127.0.0.1:1/none' });
    const trial = expectOk(await window.ask('profiles.test', { profile, secrets: null }));
    expect(trial).toMatchObject({ user: 'sue@admin', topology: 'replica_set' });
    expect(trial.access.retry.write).toBeNull();
    const readOnly = expectOk(
      await window.ask('profiles.test', { profile: { ...profile, isReadOnly: true }, secrets: null }),
    );
    expect(readOnly.access.retry.write).toMatchObject({ cause: 'read_only' });
    // The same connection, led elsewhere by somebody who does not know its password.
    const led = { ...profile, address: profile.address.replace('127.0.0.1', 'localhost') };
    expect(await window.ask('profiles.test', { profile: led, secrets: null })).toMatchObject({
      error: { code: 'secret_needed' },
    });
    expect(await window.ask('profiles.test', { profile, secrets: { ...NO_SECRETS, password: 'x' } })).toMatchObject({
      error: { code: 'login_refused' },
    });
  });

  it('are recorded when they are made, changed and forgotten, with what was there before, and without secrets', async () => {
    const profile = shop();
    const uri = sandbox.uri.replace('mongodb://', `mongodb://sue:${encodeURIComponent(CANARY)}@`);
    const { window, engine } = await openEngine({ mongodbUri: uri });
    await connected(window);
    expectOk(await window.ask('profiles.save', { profile, secrets: typed, keepSecrets: true }));
    expectOk(
      await window.ask('profiles.save', { profile: { ...profile, kind: 'staging' }, secrets: null, keepSecrets: true }),
    );
    expectOk(await window.ask('profiles.remove', { id: profile.id }));
    // The server has them a moment after this machine.
    await expect.poll(async () => (await auditOf(window)).length).toBe(6);
    const entries = await auditOf(window);
    const text = JSON.stringify(entries);
    expect(entries.map(({ action, outcome }) => `${action} ${outcome}`).toReversed()).toEqual([
      'profiles.save asked',
      'profiles.save done',
      'profiles.save asked',
      'profiles.save done',
      'profiles.remove asked',
      'profiles.remove done',
    ]);
    expect(text).toContain('"before":{"id"');
    expect(text).toContain('given, and not recorded');
    expect(text).not.toContain('canary');
    await engine.stop();
    expect(filesWith('canary')).toEqual([]);
  });
});

async function auditOf(window: EngineWindow): Promise<readonly AuditEntry[]> {
  const filter = { actorId: null, action: null, subject: null };
  const { rows } = expectOk(await window.ask('audit.page', { filter, cursor: null, limit: 20 }));
  return rows.flatMap(({ entry }) => entry ?? []);
}

function filesWith(text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(folder, name);
    return statSync(file).isFile() && readFileSync(file).includes(text);
  });
}
