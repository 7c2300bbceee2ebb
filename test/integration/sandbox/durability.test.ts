import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Binary, Long, UUID } from 'bson';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '#sandbox/server.ts';
import { sendRaw } from '../../support/wire-client.ts';

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'runledger-sandbox-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const ENTRY = fileURLToPath(new URL('../../../electron/sandbox/main.ts', import.meta.url));

async function startProcess(): Promise<{ readonly child: ChildProcess; readonly uri: string }> {
  const child = spawn(process.execPath, [ENTRY, '--data-dir', dataDir], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, uri: first.toString('utf8').trim() };
}

describe('a sandbox server on disk', () => {
  it('what was acknowledged is there after the process was killed, with its indexes whole', async () => {
    const acknowledged: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const { child, uri } = await startProcess();
      const client = await new MongoClient(uri, { serverSelectionTimeoutMS: 5000 }).connect();
      const documents = client.db('d').collection<{ _id: number; n: number }>('documents');
      await documents.createIndex({ n: 1 });
      const gone = once(child, 'exit');
      const writing = (async () => {
        for (let at = 0; ; at += 1) {
          const _id = round * 1_000_000 + at;
          await documents.insertOne({ _id, n: _id });
          acknowledged.push(_id);
          if (at === 40 + round * 7) child.kill('SIGKILL');
        }
      })().catch(() => undefined);
      await gone;
      await client.close();
      await writing;
    }
    const { child, uri } = await startProcess();
    const client = await new MongoClient(uri).connect();
    const documents = client.db('d').collection<{ _id: number; n: number }>('documents');
    const byIndex = await documents
      .find({ n: { $gte: 0 } })
      .sort({ n: 1 })
      .toArray();
    const byScan = await documents.find().hint({ $natural: 1 }).toArray();
    await client.close();
    child.kill('SIGTERM');
    const present = new Set(byScan.map((one) => one._id));
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
    expect(byIndex.map((one) => one._id)).toEqual(byScan.map((one) => one._id).sort((left, right) => left - right));
  });

  it('a retryable write that is sent again is answered again and written once, also after a restart', async () => {
    const folder = path.join(dataDir, 'retry');
    const command = {
      insert: 'documents',
      documents: [{ name: 'once' }],
      lsid: { id: new Binary(new UUID().buffer, Binary.SUBTYPE_UUID) },
      txnNumber: Long.fromNumber(1),
      $db: 'd',
    };
    const counts: number[] = [];
    for (let start = 0; start < 2; start += 1) {
      const sandbox = await startSandbox({ dataDir: folder });
      const client = await new MongoClient(sandbox.uri).connect();
      const replies = [await sendRaw(sandbox.port, command), await sendRaw(sandbox.port, command)];
      expect(replies.map((reply): unknown => reply['n'])).toEqual([1, 1]);
      counts.push(await client.db('d').collection('documents').countDocuments());
      await client.close();
      await sandbox.stop();
    }
    expect(counts).toEqual([1, 1]);
  });
});
