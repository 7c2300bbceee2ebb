import { describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const DOCUMENTS = 200;
const { client } = await connectedSandbox();
const db = client.db('samples');
const documents = db.collection<{ _id: number }>('documents');
await documents.insertMany(Array.from({ length: DOCUMENTS }, (_, n) => ({ _id: n, lists: [n, n + 1] })));
await documents.createIndex({ lists: 1 });

async function sampled(...stages: readonly object[]): Promise<readonly number[]> {
  return (await documents.aggregate<{ _id: number }>([...stages]).toArray()).map(({ _id }) => _id);
}

describe('a sample of a collection', () => {
  it('has so many different documents, others each time', async () => {
    const once = await sampled({ $sample: { size: 20 } }, { $project: { _id: 1 } });
    const again = await sampled({ $sample: { size: 20 } });
    for (const ids of [once, again]) {
      expect(new Set(ids).size).toBe(20);
      expect(ids.every((id) => id >= 0 && id < DOCUMENTS)).toBe(true);
    }
    expect(again).not.toEqual(once);
  });

  it('has all documents where there are no more', async () => {
    const ids = await sampled({ $sample: { size: 1000 } });
    expect(ids.toSorted((left, right) => left - right)).toEqual(Array.from({ length: DOCUMENTS }, (_, n) => n));
  });

  it('is of what a filter leaves, and of a view', async () => {
    const few = await sampled({ $match: { _id: { $lt: 5 } } }, { $sample: { size: 3 } });
    expect(new Set(few).size).toBe(3);
    expect(few.every((id) => id < 5)).toBe(true);
    await db.createCollection('few', { viewOn: 'documents', pipeline: [{ $match: { _id: { $lt: 5 } } }] });
    expect(
      await db
        .collection('few')
        .aggregate([{ $sample: { size: 10 } }])
        .toArray(),
    ).toHaveLength(5);
  });

  it('has each document once also by an index that has it several times', async () => {
    const ids = await documents.aggregate([{ $sample: { size: 150 } }], { hint: { lists: 1 } }).toArray();
    expect(new Set(ids.map(({ _id }) => Number(_id))).size).toBe(150);
  });
});
