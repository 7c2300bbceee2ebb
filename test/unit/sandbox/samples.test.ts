import { Int32 } from 'bson';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Deployment } from '#sandbox/deployment.ts';
import { openSqlite } from '#sandbox/storage/schema.ts';

test('a sample reads no document but those that it chooses', () => {
  const sqlite = openSqlite(':memory:');
  onTestFinished(() => void sqlite.close());
  const deployment = new Deployment({ sqlite, oplogBytesMax: 2 ** 20, stageBytesMax: 1000, now: () => 0 });
  deployment.ensureCollection('db', 'documents');
  for (let n = 0; n < 300; n += 1) deployment.insert('db', 'documents', { _id: new Int32(n) });
  const read = vi.spyOn(deployment.records, 'read');
  expect([...deployment.find('db', 'documents', { filter: {}, sample: 7 })]).toHaveLength(7);
  expect(read).toHaveBeenCalledTimes(7);
});
