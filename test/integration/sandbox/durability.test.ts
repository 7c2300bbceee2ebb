import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Binary, deserialize, Long, serialize, UUID, type Document } from 'bson';
import Database from 'better-sqlite3';
import { MongoClient, type Collection } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox } from '#sandbox/server.ts';
import { SeededRandom } from '../../support/model-random.ts';
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

/** Kills of one run; more by hand: `RUNLEDGER_KILLS=100`. */
const KILLS = Number(process.env['RUNLEDGER_KILLS'] ?? 4);
/** How long all of them may take: each starts a server of its own. */
const LIMIT_MS = 60_000 + KILLS * 15_000;
const SEED = Number(process.env['RUNLEDGER_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const WRITERS = 4;

interface Kept {
  readonly _id: string;
  readonly n: number;
}

/** What a writer was told: the last change that was acknowledged, and the one that may have happened after it. */
interface Told {
  acknowledged: number | null;
  attempted: number | null;
}

/** Inserts, changes and deletes documents of its own until the server is gone. Even numbers stand, odd ones are deletions. */
async function writeUntilGone(
  documents: Collection<Kept>,
  writer: string,
  told: Map<string, Told>,
  acknowledge: () => void,
): Promise<void> {
  for (let at = 0; ; at += 1) {
    const _id = `${writer}-${at % 7}`;
    const entry = told.get(_id) ?? { acknowledged: null, attempted: null };
    told.set(_id, entry);
    const before = entry.attempted ?? entry.acknowledged ?? -1;
    const next = before + 1;
    entry.attempted = next;
    if (next % 2 === 1) await documents.deleteOne({ _id });
    else if (at % 3 === 0) await documents.findOneAndUpdate({ _id }, { $set: { n: next } }, { upsert: true });
    else await documents.updateOne({ _id }, { $set: { n: next } }, { upsert: true });
    entry.acknowledged = next;
    acknowledge();
  }
}

function isKept({ acknowledged, attempted }: Told, stored: number | undefined): boolean {
  const states = [acknowledged, attempted].filter((one) => one !== null);
  const isGone = states.length < 2 || states.some((one) => one % 2 === 1);
  return stored === undefined ? isGone : states.includes(stored);
}

describe('a sandbox server on disk', () => {
  it(
    `what was acknowledged is there after ${KILLS} kills (seed ${SEED}), with its indexes whole and nothing to mend`,
    async () => {
      const random = new SeededRandom(SEED);
      const told = new Map<string, Told>();
      for (let round = 0; round < KILLS; round += 1) {
        const { child, uri } = await startProcess();
        const concern = round % 2 === 0 ? { w: 'majority' as const } : { w: 1, journal: true };
        // Without retries, which would only wait for a server that is gone.
        const client = await new MongoClient(uri, { retryWrites: false, writeConcern: concern }).connect();
        const documents = client.db('d').collection<Kept>('documents');
        await documents.createIndex({ n: 1 });
        const gone = once(child, 'exit');
        let left = random.between(1, 120);
        const acknowledge = (): void => {
          left -= 1;
          if (left === 0) child.kill('SIGKILL');
        };
        const writers = Array.from({ length: WRITERS }, (_value, writer) =>
          writeUntilGone(documents, `${round}-${writer}`, told, acknowledge).catch(() => undefined),
        );
        await gone;
        await client.close();
        await Promise.all(writers);
      }
      const { child, uri } = await startProcess();
      const client = await new MongoClient(uri).connect();
      const documents = client.db('d').collection<Kept>('documents');
      const byIndex = await documents
        .find({ n: { $gte: 0 } })
        .hint('n_1')
        .toArray();
      const byScan = await documents.find().hint({ $natural: 1 }).toArray();
      const stored = new Map(byScan.map((one) => [one._id, one.n]));
      const lost = [...told].filter(([id, entry]) => !isKept(entry, stored.get(id)));
      await client.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(lost).toEqual([]);
      expect(byIndex.map((one) => one._id).sort()).toEqual(byScan.map((one) => one._id).sort());
    },
    LIMIT_MS,
  );

  it('a second server on the same folder is refused in words, and the first one goes on', async () => {
    const { child, uri } = await startProcess();
    await expect(startSandbox({ dataDir })).rejects.toThrow(/Another sandbox server has .* open/);
    const client = await new MongoClient(uri).connect();
    await client.db('d').collection<Kept>('alone').insertOne({ _id: 'one', n: 1 });
    await client.close();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const after = await startSandbox({ dataDir });
    const again = await new MongoClient(after.uri).connect();
    expect(await again.db('d').collection<Kept>('alone').countDocuments()).toBe(1);
    await again.close();
    await after.stop();
  });

  it('data of the layout before is taken over as it stands', async () => {
    const folder = path.join(dataDir, 'layout');
    const first = await startSandbox({ dataDir: folder });
    const client = await new MongoClient(first.uri).connect();
    for (const name of ['one', 'two']) {
      const documents = client.db('d').collection<Kept>(name);
      await documents.createIndex({ n: 1 });
      await documents.insertMany([1, 2, 3].map((n) => ({ _id: `${name}-${n}`, n })));
    }
    await client.close();
    await first.stop();
    const file = new Database(path.join(folder, 'sandbox.sqlite'));
    file.exec(`
      ALTER TABLE documents RENAME TO documents_after;
      CREATE TABLE documents (collection INTEGER NOT NULL, record INTEGER NOT NULL, bson BLOB NOT NULL, PRIMARY KEY (collection, record)) WITHOUT ROWID;
      INSERT INTO documents SELECT record >> 36, record & ((1 << 36) - 1), bson FROM documents_after;
      DROP TABLE documents_after;
      UPDATE entries SET record = record & ((1 << 36) - 1);
      PRAGMA user_version = 1;
    `);
    file.close();
    const second = await startSandbox({ dataDir: folder });
    const again = await new MongoClient(second.uri).connect();
    const documents = again.db('d').collection<Kept>('two');
    await documents.insertOne({ _id: 'two-4', n: 4 });
    expect(
      await documents
        .find({ n: { $gte: 2 } })
        .sort({ n: 1 })
        .toArray(),
    ).toEqual([2, 3, 4].map((n) => ({ _id: `two-${n}`, n })));
    expect(await again.db('d').collection('one').countDocuments()).toBe(3);
    await again.close();
    await second.stop();
  });

  it('indexes of the layout before are filled again, and one that its documents are refused for now is dropped', async () => {
    const folder = path.join(dataDir, 'keys');
    const first = await startSandbox({ dataDir: folder });
    const client = await new MongoClient(first.uri).connect();
    const documents = client.db('d').collection<{ _id: number; a: unknown }>('lists');
    await documents.createIndexes([
      { key: { 'a.b': 1 }, name: 'kept' },
      { key: { 'a.b': -1 }, name: 'unique' },
    ]);
    await documents.insertMany([1, 2].map((_id) => ({ _id, a: [_id, { b: 7 }] })));
    await client.close();
    await first.stop();
    const file = new Database(path.join(folder, 'sandbox.sqlite'));
    for (const { id, spec } of file.prepare<[], { id: number; spec: Buffer }>('SELECT id, spec FROM indexes').all()) {
      const given: Document = deserialize(spec);
      if (given['name'] !== 'unique') continue;
      file.prepare('UPDATE indexes SET spec = ? WHERE id = ?').run(serialize({ ...given, unique: true }), id);
    }
    file.exec('DELETE FROM entries; PRAGMA user_version = 4');
    file.close();
    const second = await startSandbox({ dataDir: folder });
    const again = await new MongoClient(second.uri).connect();
    const lists = again.db('d').collection('lists');
    expect((await lists.indexes()).map(({ name }) => name)).toEqual(['_id_', 'kept']);
    expect(await lists.find({ 'a.b': 7 }).hint('kept').toArray()).toHaveLength(2);
    await again.close();
    await second.stop();
  });

  it('a clustered collection is there whole when its indexes were filled again', async () => {
    const folder = path.join(dataDir, 'clustered');
    const first = await startSandbox({ dataDir: folder });
    const client = await new MongoClient(first.uri).connect();
    await client.db('d').createCollection('events', { clusteredIndex: { key: { _id: 1 }, unique: true } });
    const events = client.db('d').collection<Kept>('events');
    await events.createIndex({ n: 1 });
    await events.insertMany([3, 1, 2].map((n) => ({ _id: `event-${n}`, n })));
    await client.close();
    await first.stop();
    const file = new Database(path.join(folder, 'sandbox.sqlite'));
    file.exec('PRAGMA user_version = 4');
    file.close();
    const second = await startSandbox({ dataDir: folder });
    const again = await new MongoClient(second.uri).connect();
    const kept = again.db('d').collection<Kept>('events');
    expect((await kept.find().toArray()).map(({ n }) => n)).toEqual([1, 2, 3]);
    expect(await kept.countDocuments({ n: { $gte: 2 } })).toBe(2);
    await expect(kept.insertOne({ _id: 'event-1', n: 1 })).rejects.toThrow('E11000');
    await again.close();
    await second.stop();
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
