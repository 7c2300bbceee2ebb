import { MongoServerError, Timestamp, type Document } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
beforeEach(() => client.db('shop').dropDatabase());

const orders = () => client.db('shop').collection<{ _id: number; n: number }>('orders');

async function codeOf(work: Promise<unknown>): Promise<number | null> {
  try {
    await work;
    return null;
  } catch (cause) {
    if (cause instanceof MongoServerError && typeof cause.code === 'number') return cause.code;
    throw cause;
  }
}

function read(more: Document): Promise<Document> {
  return client.db('shop').command({ find: 'orders', ...more });
}

describe('a snapshot', () => {
  it('shows documents as they were, whatever was inserted, changed and removed since', async () => {
    await orders().insertMany([1, 2, 3, 4].map((n) => ({ _id: n, n })));
    const session = client.startSession({ snapshot: true });
    const find = () =>
      orders()
        .find({}, { session, sort: { _id: -1 } })
        .toArray();
    const before = await find();
    await orders().updateOne({ _id: 1 }, { $set: { n: 10 } });
    await orders().updateOne({ _id: 1 }, { $set: { n: 11 } });
    await orders().deleteOne({ _id: 2 });
    await orders().replaceOne({ _id: 3 }, { n: 30 });
    await orders().insertOne({ _id: 5, n: 5 });
    expect(await find()).toEqual(before);
    expect(await orders().distinct('n', {}, { session })).toEqual([1, 2, 3, 4]);
    expect(await orders().countDocuments({ n: { $gte: 3 } }, { session })).toBe(2);
    expect(
      await orders()
        .find({ _id: 2 }, { session, hint: { _id: 1 } })
        .toArray(),
    ).toEqual([{ _id: 2, n: 2 }]);
    await session.endSession();
    expect(await orders().find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 1, n: 11 },
      { _id: 3, n: 30 },
      { _id: 4, n: 4 },
      { _id: 5, n: 5 },
    ]);
  });

  it('is read to its end by a cursor while documents change under it', async () => {
    await orders().insertMany(Array.from({ length: 300 }, (_, n) => ({ _id: n, n })));
    const session = client.startSession({ snapshot: true });
    const cursor = orders().find({}, { session, batchSize: 10 });
    const seen = [await cursor.next()];
    await orders().updateMany({}, { $inc: { n: 1000 } });
    await orders().deleteMany({ _id: { $gte: 150 } });
    for await (const order of cursor) seen.push(order);
    expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => ({ _id: n, n })));
    await session.endSession();
  });

  it('is refused where it is too old, has not come, or its collection is another by now', async () => {
    await orders().insertOne({ _id: 1, n: 1 });
    const reply = await read({ readConcern: { level: 'snapshot' } });
    const at = (reply['cursor'] as Document)['atClusterTime'] as Timestamp;
    const concern = (atClusterTime: Timestamp): Document => ({ readConcern: { level: 'snapshot', atClusterTime } });
    expect(await codeOf(read(concern(new Timestamp({ t: 1, i: 1 }))))).toBe(239);
    expect(await codeOf(read(concern(new Timestamp({ t: 0xff_ff_ff_f0, i: 1 }))))).toBe(72);
    expect(await codeOf(read(concern(at)))).toBeNull();
    await orders().drop();
    expect(await codeOf(read(concern(at)))).toBe(246);
  });

  it.each<[string, Document]>([
    ['an insert', { insert: 'orders', documents: [{ _id: 9 }] }],
    ['a count', { count: 'orders' }],
    ['a list of collections', { listCollections: 1 }],
    ['a pipeline that writes', { aggregate: 'orders', pipeline: [{ $out: 'others' }], cursor: {} }],
  ])('is not read by %s', async (_name, command) => {
    await orders().insertOne({ _id: 1, n: 1 });
    const work = client.db('shop').command({ ...command, readConcern: { level: 'snapshot' } });
    expect(await codeOf(work)).toBe(72);
    expect(await orders().countDocuments({})).toBe(1);
  });
});
