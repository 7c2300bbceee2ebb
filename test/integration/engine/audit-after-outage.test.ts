import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MongoClient } from 'mongodb';
import { setTimeout as wait } from 'node:timers/promises';
import { startSandbox } from '#sandbox/server.ts';
import { consoleEngine } from '../../support/console-engine.ts';
import { EngineWindow } from '../../support/engine-window.ts';
import { expectOk } from '../../support/expect-ok.ts';

/** Longer than a server is looked for, in milliseconds. */
const SELECTION_MS = 12_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-outage-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it(
  'what was looked at in an outage is sent when the server is back, and not with the next act',
  { timeout: 120_000 },
  async () => {
    const dataDir = path.join(folder, 'server');
    const before = await startSandbox({ dataDir });
    const { uri, port } = before;
    const engine = consoleEngine({
      dataDir: path.join(folder, 'console'),
      mongodbUri: uri,
      dbName: 'shop',
      personName: 'ann',
    });
    try {
      expectOk(await engine.start());
      const window = new EngineWindow(engine);
      await window.untilStatus(
        ({ connection, monitor }) => connection.state === 'connected' && monitor.mode === 'stream',
      );
      await before.stop();
      await window.untilStatus(({ connection }) => connection.state === 'disconnected');
      expect(await window.ask('job.get', { jobId: 'j1' })).toMatchObject({ error: { code: 'not_found' } });
      // What is tried when it is recorded has to have failed.
      await wait(SELECTION_MS);
      const again = await startSandbox({ dataDir, port });
      const client = await new MongoClient(uri).connect();
      try {
        await window.untilStatus(({ connection }) => connection.state === 'connected');
        const looks = () => client.db('shop').collection('console_audit').countDocuments({ action: 'job.get' });
        await expect.poll(looks, { timeout: 20_000 }).toBe(1);
      } finally {
        await client.close();
        await engine.stop();
        await again.stop();
      }
    } finally {
      await engine.stop();
    }
  },
);
