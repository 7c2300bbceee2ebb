import { beforeAll, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox({ retryWrites: false });
const db = client.db('merging');

beforeAll(async () => {
  await db.collection<{ _id: number; a: number }>('source').insertOne({ _id: 1, a: 5 });
  await db.collection<{ _id: number; a: number }>('target').insertOne({ _id: 1, a: 1 });
});

describe('a pipeline of $merge', () => {
  it('knows the new document beside variables of its own', async () => {
    const whenMatched = [{ $set: { sum: { $add: ['$$new.a', '$$own', '$a'] } } }];
    const merge = { into: 'target', let: { own: { $multiply: ['$a', 100] } }, whenMatched };
    await db
      .collection('source')
      .aggregate([{ $merge: merge }])
      .toArray();
    expect(await db.collection('target').findOne()).toEqual({ _id: 1, a: 1, sum: 506 });
  });
});
