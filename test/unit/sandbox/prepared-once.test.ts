import { Int32 } from 'bson';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Deployment } from '#sandbox/deployment.ts';
import { openSqlite } from '#sandbox/storage/schema.ts';
import type { Doc } from '#sandbox/semantics/values.ts';

const DOCUMENTS = 300;

function deploymentOf(): Deployment {
  const sqlite = openSqlite(':memory:');
  onTestFinished(() => void sqlite.close());
  const deployment = new Deployment({ sqlite, oplogBytesMax: 2 ** 20, stageBytesMax: 1000, now: () => 0 });
  const collection = deployment.ensureCollection('db', 'documents');
  deployment.createIndex(collection, { key: { group: 1 }, name: 'group_1' });
  for (let n = 0; n < DOCUMENTS; n += 1)
    deployment.insert('db', 'documents', { _id: new Int32(n), group: new Int32(n % 3) });
  return deployment;
}

/** How often statements were prepared while `work` ran: the driver compiles the function that makes rows anew each time. */
function preparations(work: () => void): number {
  const compile = vi.spyOn(globalThis, 'Function');
  onTestFinished(() => compile.mockRestore());
  compile.mockClear();
  work();
  return compile.mock.calls.length;
}

test.each<[name: string, read: (deployment: Deployment) => unknown]>([
  [
    'a stretch of an index',
    (deployment) => [...deployment.find('db', 'documents', { filter: { group: new Int32(1) } })],
  ],
  [
    'a stretch of an index, backwards',
    (deployment) => [...deployment.find('db', 'documents', { filter: {}, sort: { group: new Int32(-1) } })],
  ],
  ['a collection', (deployment) => [...deployment.find('db', 'documents', { filter: {} })]],
  [
    'a collection, backwards',
    (deployment) => [...deployment.find('db', 'documents', { filter: {}, hint: { $natural: new Int32(-1) } })],
  ],
  ['the log of changes', (deployment) => [deployment.oplog.after(0, 10), deployment.oplog.after(10, 10)]],
  ['a sort beyond memory', (deployment) => [...deployment.records.sorts.sorted(manyEntries(), 0)]],
  ['what a stage put onto the disk', (deployment) => readSpooled(deployment)],
])('%s is read by a statement that is prepared once', (_name, read) => {
  const deployment = deploymentOf();
  const once = preparations(() => read(deployment));
  expect(preparations(() => read(deployment))).toBe(0);
  expect(once).toBeGreaterThan(0);
});

function* manyEntries(): Generator<{ key: Buffer; record: number }> {
  for (let record = 0; record < 21_000; record += 1) {
    const key = Buffer.alloc(4);
    key.writeUInt32BE(record);
    yield { key, record };
  }
}

function readSpooled({ spill }: Deployment): readonly Doc[] {
  const documents = Array.from({ length: DOCUMENTS }, (_value, n): Doc => ({ n, text: 'x'.repeat(20) }));
  return [...spill.spool(documents).read()];
}
