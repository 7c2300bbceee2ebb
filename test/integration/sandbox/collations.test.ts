import { beforeEach, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
const db = () => client.db('shop');

beforeEach(async () => {
  await db().dropDatabase();
  await db()
    .collection('words')
    .insertMany([{ word: 'a' }, { word: 'A' }, { word: 'b' }]);
});

describe('the order of bytes', () => {
  const simple = { locale: 'simple' };

  it('is what a collection and an index have that ask for it, and is kept as no option', async () => {
    const orders = await db().createCollection('orders', { collation: simple });
    await orders.createIndex({ a: 1 }, { collation: simple });
    expect(await orders.options()).toEqual({});
    expect(await orders.indexes()).toEqual([
      { v: 2, key: { _id: 1 }, name: '_id_' },
      { v: 2, key: { a: 1 }, name: 'a_1' },
    ]);
  });

  it('is what a command means that gives an empty collation', async () => {
    const found = await db().command({ find: 'words', filter: { word: 'a' }, collation: {} });
    expect(found).toMatchObject({ cursor: { firstBatch: [{ word: 'a' }] } });
    expect(await db().command({ count: 'words', query: { word: 'a' }, collation: {} })).toMatchObject({ n: 1 });
  });
});

describe('another order', () => {
  const collation = { locale: 'en', strength: 2 };

  it('is that of all texts that a command compares', async () => {
    const words = db().collection('words');
    expect(await words.countDocuments({ word: 'A' }, { collation })).toBe(2);
    expect(await words.distinct('word', {}, { collation })).toEqual(['a', 'b']);
    await words.updateMany({ word: { $gte: 'B' } }, { $set: { isLate: true } }, { collation });
    expect(await words.distinct('word', { isLate: true })).toEqual(['b']);
  });
});
