import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MongoClient } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../../electron/sandbox/main.ts', import.meta.url));
const BROKEN_DISK = pathToFileURL(fileURLToPath(new URL('../../support/broken-disk.ts', import.meta.url))).href;

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-sandbox-'));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

interface Kept {
  readonly _id: number;
}

/** Starts a server whose disk fails at its N-th wait, and inserts until it says no more. @returns the ids that were acknowledged, in their order */
async function insertUntilGone(failsAt: number, clients: number): Promise<{ acknowledged: number[]; stderr: string }> {
  const child = spawn(process.execPath, ['--import', BROKEN_DISK, ENTRY, '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RUNLEDGER_TEST_SYNC_FAILS_AT: String(failsAt) },
  });
  const gone = once(child, 'exit') as Promise<[number | null]>;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const uri = first.toString('utf8').trim();
  const acknowledged: number[] = [];
  let next = 0;
  const insert = async (): Promise<void> => {
    const client = new MongoClient(uri, { retryWrites: false, maxPoolSize: 1, serverSelectionTimeoutMS: 500 });
    const documents = client.db('d').collection<Kept>('kept');
    try {
      for (;;) {
        const _id = (next += 1);
        await documents.insertOne({ _id }, { writeConcern: { w: 'majority' } });
        acknowledged.push(_id);
      }
    } catch {
      await client.close(true);
    }
  };
  await Promise.all(Array.from({ length: clients }, insert));
  const [status] = await gone;
  expect(status).not.toBe(0);
  return { acknowledged, stderr };
}

async function kept(): Promise<readonly number[]> {
  const child = spawn(process.execPath, [ENTRY, '--data-dir', dataDir], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const client = await new MongoClient(first.toString('utf8').trim()).connect();
  const documents = await client.db('d').collection<Kept>('kept').find().sort({ _id: 1 }).toArray();
  await client.close();
  child.kill('SIGKILL');
  await once(child, 'exit');
  return documents.map(({ _id }) => _id);
}

describe.each([
  { who: 'one client', clients: 1 },
  { who: 'eight clients', clients: 8 },
])('a disk that fails beneath $who', ({ clients }) => {
  it('ends the server before it acknowledges what is not on the disk, and the next one has all that it acknowledged', async () => {
    const { acknowledged, stderr } = await insertUntilGone(20, clients);
    // Each wait before the failing one has let at least nothing, and at most one insert of each client, be acknowledged.
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.length).toBeLessThan(20 * clients);
    expect(stderr).toContain('EIO');
    expect(await kept()).toEqual(expect.arrayContaining(acknowledged));
  }, 60_000);
});
