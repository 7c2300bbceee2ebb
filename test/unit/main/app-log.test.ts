import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_SECRETS } from '#domain/connection-profile.ts';
import { engineConfigSchema } from '#engine/messages.ts';
import { NO_PROVIDERS } from '#engine/provider-settings.ts';
import { AppLog, secretsIn } from '../../../electron/main/app-log.ts';

let folder: string;
let echoed: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-log-'));
  echoed = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function openLog(secrets: readonly string[] = []): AppLog {
  return new AppLog({ folder, secrets: () => secrets, echo: (line) => echoed.push(line) });
}

function everything(): string {
  return readdirSync(folder)
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('');
}

describe('the log', () => {
  it('keeps each line with its time and its part, and shows the last ones', async () => {
    const log = openLog();
    log.say('main', 'one');
    log.say('engine', 'two\nthree\n');
    await log.close();
    const lines = readFileSync(log.file, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { part: 'main', msg: 'one', time: expect.stringMatching(/^\d{4}-.*Z$/) as string },
      { part: 'engine', msg: 'two' },
      { part: 'engine', msg: 'three' },
    ]);
    expect(log.tail.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'main one',
      'engine two',
      'engine three',
    ]);
    expect(statSync(log.file).mode & 0o077).toBe(0);
  });

  it('holds no secret: not in the file, on the terminal or in diagnostics, as it is or as an address writes it', async () => {
    const password = 'can@ry/7 1';
    const config = engineConfigSchema.parse({
      version: '0',
      dataDir: folder,
      mongodbUri: `mongodb://sue:${encodeURIComponent(password)}@db/shop`,
      dbName: null,
      withRunner: false,
      concurrency: 1,
      isDemo: false,
      secrets: { ...NO_SECRETS, keyPassphrase: 'canary-passphrase' },
      providers: { ...NO_PROVIDERS, keys: { films: 'canary-key-of-films' } },
    });
    const log = openLog(secretsIn(config));
    log.say('engine', `login with ${password} at ${config.mongodbUri ?? ''} failed`);
    log.say('engine', 'the key canary-key-of-films and canary-passphrase');
    log.say('main', `${encodeURIComponent(password)} alone`);
    await log.close();
    for (const text of [everything(), echoed.join('\n'), log.tail.join('\n')]) {
      expect(text).not.toMatch(/can@ry|can%40ry|canary/);
      expect(text).toContain('[removed]');
    }
  });

  it('holds no half of a secret either, where a long line is cut', async () => {
    const log = openLog(['the-marked-password']);
    log.say('engine', `${'x'.repeat(3990)}the-marked-password`);
    await log.close();
    for (const text of [everything(), ...echoed, ...log.tail]) expect(text).not.toContain('the-marked');
    expect(echoed[0]).toHaveLength(3999);
  });

  it('begins a new file when one is full, and keeps no more than six', async () => {
    const log = openLog();
    const line = 'x'.repeat(4000);
    for (let batch = 0; batch < 40; batch += 1) {
      for (let count = 0; count < 100; count += 1) log.say('engine', line);
      // What is written is taken up between two turns of the loop only.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await log.close();
    const files = readdirSync(folder).filter((name) => name.includes('runledger.log'));
    expect(files.length).toBeGreaterThan(1);
    expect(files.length).toBeLessThanOrEqual(7);
  });
});
