import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_SECRETS } from '#domain/connection-profile.ts';
import { firstConfig, switchedConfig } from '../../../electron/main/profiles/opening.ts';
import { ProfileShelf } from '../../../electron/main/profiles/profile-shelf.ts';
import { SecretVault, type KeyStore } from '../../../electron/main/profiles/secret-vault.ts';
import { readLaunchOptions } from '../../../electron/main/launch-options.ts';
import { cipherKeyStore } from '../../support/cipher-key-store.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { expectOk } from '../../support/expect-ok.ts';

const CANARY = 'canary-9f2c-password';
const typed = { ...NO_SECRETS, password: CANARY };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-shelf-'));
  file = path.join(folder, 'connections.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function openShelf(keys: KeyStore = cipherKeyStore(), platform: NodeJS.Platform = 'linux'): ProfileShelf {
  return new ProfileShelf(file, new SecretVault(keys, platform), () => undefined);
}

describe('the connections of a machine', () => {
  it('are there again after a restart, with the secrets that the key store sealed', () => {
    const keys = cipherKeyStore();
    const profile = connectionProfile();
    expectOk(openShelf(keys).save(profile, typed, true));
    const again = openShelf(keys);
    expect(expectOk(again.list()).profiles).toEqual([{ profile, hasKeptSecrets: true }]);
    expect(expectOk(again.ready(profile.id, null)).secrets).toEqual(typed);
    expect(readFileSync(file, 'utf8')).not.toContain(CANARY);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  it('are read where somebody saved the file with an editor that begins it with a byte order mark', () => {
    const profile = connectionProfile();
    expectOk(openShelf().save(profile, NO_SECRETS, false));
    writeFileSync(file, `\ufeff${readFileSync(file, 'utf8')}`);
    expect(expectOk(openShelf().list()).profiles).toMatchObject([{ profile }]);
  });

  it.each([
    ['no key store', { ...cipherKeyStore(), isEncryptionAvailable: (): boolean => false }, 'darwin'],
    ['only the plain-text back end', cipherKeyStore('basic_text'), 'linux'],
    ['an unknown back end', cipherKeyStore('unknown'), 'linux'],
  ] as const)('keep no secret where there is %s, and ask for it each time', (_what, keys, platform) => {
    const shelf = openShelf(keys, platform);
    const profile = connectionProfile();
    const list = expectOk(shelf.save(profile, typed, true));
    expect(list).toMatchObject({ canKeepSecrets: false, profiles: [{ hasKeptSecrets: false }] });
    expect(readFileSync(file, 'utf8')).not.toContain(CANARY);
    expect(readFileSync(file, 'utf8')).toContain('"sealed": null');
    expect(shelf.ready(profile.id, null)).toMatchObject({ error: { code: 'secret_needed' } });
    expect(shelf.ready(profile.id, typed)).toMatchObject({ value: { secrets: typed } });
  });

  it.each([
    ['its server', { address: 'mongodb://evil.example.com/shop' }],
    ['its login', { login: { type: 'password', user: 'sue', mechanism: 'PLAIN', authSource: null } }],
    ['its encryption', { tls: { mode: 'off', caFile: null, certificateKeyFile: null, hasKeyPassphrase: false } }],
  ] as const)('forget the secret of one whose %s is changed by somebody who does not type it anew', (_what, change) => {
    const shelf = openShelf();
    const profile = connectionProfile();
    expectOk(shelf.save(profile, typed, true));
    const changed = { ...profile, ...change };
    expect(shelf.secretsOf(changed)).toBeNull();
    expect(expectOk(shelf.save(changed, null, true)).profiles).toEqual([{ profile: changed, hasKeptSecrets: false }]);
    // Changing it back brings nothing back.
    expect(expectOk(shelf.save(profile, null, true)).profiles).toEqual([{ profile, hasKeptSecrets: false }]);
  });

  it('give nothing away where the file itself is changed', () => {
    const keys = cipherKeyStore();
    const profile = connectionProfile();
    expectOk(openShelf(keys).save(profile, typed, true));
    writeFileSync(file, readFileSync(file, 'utf8').replace('db.example.com', 'evil.example.com'));
    expect(openShelf(keys).ready(profile.id, null)).toMatchObject({ error: { code: 'secret_needed' } });
  });

  it('keep the secret of one that is only named anew, and forget it when told to', () => {
    const shelf = openShelf();
    const profile = connectionProfile();
    expectOk(shelf.save(profile, typed, true));
    const renamed = { ...profile, name: 'Shop of the north' };
    expect(expectOk(shelf.save(renamed, null, true)).profiles).toEqual([{ profile: renamed, hasKeptSecrets: true }]);
    expect(expectOk(shelf.save(renamed, null, false)).profiles).toEqual([{ profile: renamed, hasKeptSecrets: false }]);
  });

  it('have the secret again that was kept, where one was named anew while the key store was away', () => {
    const keys = cipherKeyStore();
    const profile = connectionProfile();
    expectOk(openShelf(keys).save(profile, typed, true));
    const away = openShelf({ ...keys, isEncryptionAvailable: () => false });
    const renamed = { ...profile, name: 'Shop of the north' };
    expect(expectOk(away.save(renamed, null, false)).profiles).toEqual([{ profile: renamed, hasKeptSecrets: false }]);
    expect(openShelf(keys).secretsOf(renamed)).toEqual(typed);
    const moved = { ...renamed, address: 'mongodb://evil.example.com/shop' };
    expectOk(away.save(moved, null, false));
    expect(openShelf(keys).secretsOf(moved)).toBeNull();
  });

  it('have names that tell them apart', () => {
    const shelf = openShelf();
    expectOk(shelf.save(connectionProfile({ name: 'Shop' }), null, false));
    expect(shelf.save(connectionProfile({ name: 'SHOP' }), null, false)).toMatchObject({
      error: { code: 'profile_exists' },
    });
    expect(expectOk(shelf.named('shop')).name).toBe('Shop');
  });

  it('are never overwritten where the file is none of ours', () => {
    writeFileSync(file, '{"version": 9}');
    const shelf = openShelf();
    expect(shelf.save(connectionProfile(), null, false)).toMatchObject({ error: { code: 'profiles_unusable' } });
    expect(readFileSync(file, 'utf8')).toBe('{"version": 9}');
  });
});

describe('what is opened at the start', () => {
  const config = (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { engine, ...options } = expectOk(readLaunchOptions(argv, env));
    return { ...options, config: { ...engine, dataDir: folder, version: '0' } };
  };

  it('is the named connection, whatever the environment says', () => {
    const shelf = openShelf();
    const profile = connectionProfile();
    expectOk(shelf.save(profile, typed, true));
    const opened = expectOk(firstConfig(config(['--profile', 'shop'], { MONGODB_URI: 'mongodb://other' }), shelf));
    expect(opened).toMatchObject({ profile, secrets: typed, mongodbUri: null, withRunner: false, isDemo: false });
    expect(firstConfig(config(['--profile', 'nobody']), shelf)).toMatchObject({ error: { code: 'not_found' } });
  });

  it('is the one that was open last, with a runner only where one is asked for, until the sandbox is', () => {
    const shelf = openShelf();
    const profile = connectionProfile();
    expectOk(shelf.save(profile, typed, true));
    expect(expectOk(firstConfig(config([]), shelf))).toMatchObject({ profile: null, isDemo: true });
    shelf.opened(profile.id);
    expect(expectOk(firstConfig(config([]), shelf))).toMatchObject({ profile, withRunner: false });
    expect(expectOk(firstConfig(config(['--runner']), shelf))).toMatchObject({ profile, withRunner: true });
    expect(expectOk(firstConfig(config(['--sandbox']), shelf))).toMatchObject({ profile: null, isDemo: true });
    expect(expectOk(firstConfig(config(['--uri', 'mongodb://h']), shelf))).toMatchObject({ mongodbUri: 'mongodb://h' });
  });

  it('is no sandbox where the file that tells what was open last cannot be read, unless it is asked for', () => {
    writeFileSync(file, '{"version": 1, "lastId"');
    const shelf = openShelf();
    expect(firstConfig(config([]), shelf)).toMatchObject({ ok: false, error: { code: 'profiles_unusable' } });
    expect(expectOk(firstConfig(config(['--sandbox']), shelf))).toMatchObject({ profile: null, isDemo: true });
  });

  it.each([
    [['--read-only=true'], '--read-only takes no value'],
    [['--sandbox=yes', '--read-only'], '--sandbox takes no value'],
    [['--read-only', '--uri'], '--uri needs a value'],
    [['--data-dir'], '--data-dir needs a value'],
  ])('is nothing where an option has a value too many or none: %j', (argv, detail) => {
    expect(readLaunchOptions(argv, {})).toMatchObject({ ok: false, error: { code: 'invalid_request', detail } });
  });

  it('leaves a runner behind that was asked for another deployment', () => {
    const start = config(['--uri', 'mongodb://h', '--runner']).config;
    const next = switchedConfig(start, { profile: connectionProfile(), secrets: typed });
    expect(next).toMatchObject({ withRunner: false, mongodbUri: null });
    expect(switchedConfig(next, null)).toMatchObject({ profile: null, secrets: null, isDemo: true });
  });
});
