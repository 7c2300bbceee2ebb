import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OFFLINE_WRITES } from '#contract/offline-writes.ts';
import { requestNameSchema } from '#contract/requests.ts';
import { NO_SECRETS } from '#domain/connection-profile.ts';
import type { Engine } from '#engine/engine.ts';
import { startSandbox } from '#sandbox/server.ts';
import { connectionProfile } from '../../support/connection-profile.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { firstParamsOf } from '../../support/feature-run.ts';

let folder: string;
let engine: Engine;
let window: EngineWindow;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-away-'));
  const sandbox = await startSandbox({ dataDir: 'memory' });
  engine = consoleEngine({ dataDir: folder, mongodbUri: sandbox.uri, dbName: 'shop', personName: null });
  expectOk(await engine.start());
  window = new EngineWindow(engine);
  const status = async () => expectOk(await window.ask('status.get', {}));
  // Until the rules were read a group of failures is named by a token, and none was handed out yet.
  await until(async () => {
    const { connection, redaction } = await status();
    return connection.state === 'connected' && !redaction.isHiding;
  });
  await sandbox.stop();
  await until(async () => (await status()).connection.state === 'disconnected');
}, 90_000);

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await vi.waitUntil(isSo, { timeout: 40_000, interval: 50 });
}

afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

const WORLD = {
  profile: connectionProfile({ address: 'mongodb://127.0.0.1:1' }),
  secrets: NO_SECRETS,
  jobs: { waiting: 'j1', failed: 'j2', planned: 'j3', done: 'j4' },
  workspaceId: 'w1',
  period: '2026-10',
};

describe('an engine whose server is away', () => {
  const writing = requestNameSchema.options.filter((name) => Object.hasOwn(OFFLINE_WRITES, name));
  it.concurrent.each(writing.filter((name) => name !== 'runner.control'))('does not do %s', async (name) => {
    const answer = await window.ask(name, firstParamsOf(name, WORLD));
    expect(answer).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
  });

  it.concurrent.each(['failures.group', 'findings.reviews', 'mends.named'] as const)(
    'answers the check of a draft by %s with that, and never by what it knew before',
    async (name) => {
      const answer = await window.ask(name, firstParamsOf(name, WORLD));
      expect(answer).toMatchObject({ ok: false, error: { code: 'server_unreachable' } });
    },
  );
});
