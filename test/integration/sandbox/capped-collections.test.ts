import type { Collection, CollectionInfo, Document, Long } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

interface Entry {
  readonly _id: number;
  readonly text?: string;
}

const { client } = await connectedSandbox();
const db = client.db('capped');
beforeEach(() => db.dropDatabase());

function capped(options: { readonly size: number; readonly max?: number }): Promise<Collection<Entry>> {
  return db.createCollection<Entry>('log', { capped: true, ...options });
}

function entries(from: number, to: number, text?: string): Entry[] {
  const ids = Array.from({ length: to - from + 1 }, (_value, at) => from + at);
  return ids.map((_id) => (text === undefined ? { _id } : { _id, text }));
}

async function ids(log: Collection<Entry>): Promise<readonly number[]> {
  return (await log.find().toArray()).map((one) => one._id);
}

describe('a capped collection', () => {
  it('keeps the newest documents up to its number, in the order of insertion', async () => {
    const log = await capped({ size: 10_000, max: 3 });
    await log.insertMany([...entries(1, 2), { _id: 9 }, ...entries(3, 4)]);
    expect(await ids(log)).toEqual([9, 3, 4]);
    await log.updateOne({ _id: 8 }, { $set: { text: 'x' } }, { upsert: true });
    expect(await ids(log)).toEqual([3, 4, 8]);
    expect(await log.find({ _id: 9 }).toArray()).toEqual([]);
    expect(await log.find().sort({ $natural: -1 }).limit(1).toArray()).toEqual([{ _id: 8, text: 'x' }]);
  });

  it('keeps the newest documents up to its bytes, which grow with updates and shrink with deletions', async () => {
    const log = await capped({ size: 500 });
    // A document of these has 100 bytes, and the size is one of 256 bytes times a whole number.
    const text = 'x'.repeat(100 - 14 - 11);
    await log.insertMany(entries(1, 6, text));
    expect(await ids(log)).toEqual([2, 3, 4, 5, 6]);
    await log.deleteOne({ _id: 4 });
    await log.insertOne({ _id: 7, text });
    expect(await ids(log)).toEqual([2, 3, 5, 6, 7]);
    await log.updateOne({ _id: 7 }, { $set: { text: text.repeat(2) } });
    await log.insertOne({ _id: 8, text });
    expect(await ids(log)).toEqual([5, 6, 7, 8]);
    await expect(log.insertOne({ _id: 9, text: text.repeat(7) })).rejects.toMatchObject({ code: 2 });
    expect(await ids(log)).toEqual([5, 6, 7, 8]);
  });

  it('says what it is, and takes other limits', async () => {
    const log = await capped({ size: 1000, max: 5 });
    await log.insertMany(entries(1, 5));
    expect(await log.options()).toEqual({ capped: true, size: 1024, max: 5 });
    expect(await db.command({ collStats: 'log' })).toMatchObject({ capped: true, max: 5, maxSize: 1024 });
    await db.command({ collMod: 'log', cappedMax: 2 });
    expect(await ids(log)).toHaveLength(5);
    await log.insertOne({ _id: 6 });
    expect(await ids(log)).toEqual([5, 6]);
    await db.command({ collMod: 'log', cappedSize: 3000 });
    expect(await log.options()).toEqual({ capped: true, size: 3072, max: 2 });
  });

  it('tells streams of what went', async () => {
    const log = await capped({ size: 1000, max: 1 });
    const stream = log.watch();
    await stream.tryNext();
    await log.insertMany(entries(1, 2));
    const seen: Document[] = [];
    while (seen.length < 3) seen.push(await stream.next());
    await stream.close();
    expect(seen.map((one) => [String(one['operationType']), (one['documentKey'] as Entry)._id])).toEqual([
      ['insert', 1],
      ['insert', 2],
      ['delete', 1],
    ]);
  });

  it('takes neither the place of what $out writes nor an index that expires', async () => {
    const log = await capped({ size: 1000 });
    await log.insertOne({ _id: 1 });
    await expect(log.aggregate([{ $out: 'log' }]).toArray()).rejects.toMatchObject({ code: 17_152 });
    await expect(log.createIndex({ at: 1 }, { expireAfterSeconds: 1 })).rejects.toMatchObject({ code: 67 });
    await log.createIndex({ at: 1 });
    const expiring = { collMod: 'log', index: { name: 'at_1', expireAfterSeconds: 1 } };
    await expect(db.command(expiring)).rejects.toMatchObject({ code: 72 });
  });
});

describe('a cursor that stays at the end of a capped collection', () => {
  /** The documents of the next page, and whether the cursor is still open. */
  async function more(id: Long, maxTimeMS?: number): Promise<readonly [readonly number[], boolean]> {
    const reply = await db.command(
      { getMore: id, collection: 'log', ...(maxTimeMS === undefined ? {} : { maxTimeMS }) },
      { promoteLongs: false },
    );
    const { nextBatch, id: next } = reply['cursor'] as { nextBatch: Entry[]; id: Long };
    return [nextBatch.map((one) => Number(one._id)), !next.isZero()];
  }

  async function opened(command: Document): Promise<{ readonly first: readonly number[]; readonly id: Long }> {
    const reply = await db.command({ find: 'log', tailable: true, ...command }, { promoteLongs: false });
    const { firstBatch, id } = reply['cursor'] as { firstBatch: Entry[]; id: Long };
    return { first: firstBatch.map((one) => Number(one._id)), id };
  }

  it('gives what came, by its filter, and is open whether or not something came', async () => {
    const log = await capped({ size: 10_000 });
    await log.insertMany(entries(1, 3));
    const { first, id } = await opened({ filter: { _id: { $ne: 2 } }, projection: { _id: 1 } });
    expect(first).toEqual([1, 3]);
    expect(await more(id)).toEqual([[], true]);
    await log.insertMany(entries(4, 5));
    expect(await more(id)).toEqual([[4, 5], true]);
    await expect(more(id, 10)).rejects.toMatchObject({ code: 2 });
  });

  it('waits for a document where it was told to, and no longer than it was told', async () => {
    const log = await capped({ size: 10_000 });
    await log.insertOne({ _id: 1 });
    const { id } = await opened({ awaitData: true, batchSize: 1 });
    const waiting = more(id, 60_000);
    await db.collection('other').insertOne({});
    await log.insertOne({ _id: 2 });
    expect(await waiting).toEqual([[2], true]);
    expect(await more(id, 1)).toEqual([[], true]);
  });

  it('ends where its place went, or the collection', async () => {
    const log = await capped({ size: 10_000, max: 2 });
    await log.insertMany(entries(1, 2));
    const { id } = await opened({ batchSize: 1 });
    const other = await opened({});
    await log.insertOne({ _id: 3 });
    await expect(more(id)).rejects.toMatchObject({ code: 136 });
    await expect(more(id)).rejects.toMatchObject({ code: 43 });
    expect(await more(other.id)).toEqual([[3], true]);
    await log.drop();
    await expect(more(other.id)).rejects.toMatchObject({ code: 175 });
  });

  it('is not opened on a collection without documents, in another order or for one page', async () => {
    await capped({ size: 10_000 });
    expect((await opened({})).id.isZero()).toBe(true);
    await expect(opened({ sort: { _id: 1 } })).rejects.toMatchObject({ code: 2 });
    await expect(opened({ singleBatch: true })).rejects.toMatchObject({ code: 2 });
    await expect(opened({ find: 'other', filter: {} })).resolves.toMatchObject({ first: [] });
  });
});

describe('a collection that becomes capped', () => {
  it('has its newest documents in the order of insertion, another id and no index but that of ids', async () => {
    const log = db.collection<Entry>('log');
    const text = 'x'.repeat(100 - 14 - 11);
    await log.insertMany(entries(1, 8, text));
    await log.createIndex({ text: 1 });
    const described = () => db.listCollections<CollectionInfo>({ name: 'log' }, { nameOnly: false }).toArray();
    const [before] = await described();
    expect(await db.command({ convertToCapped: 'log', size: 500 })).toMatchObject({ ok: 1 });
    const [after] = await described();
    expect(after).toMatchObject({ name: 'log', options: { capped: true, size: 512 } });
    expect(after?.info?.uuid).not.toEqual(before?.info?.uuid);
    expect((await log.indexes()).map(({ name }) => name)).toEqual(['_id_']);
    expect(await ids(log)).toEqual([4, 5, 6, 7, 8]);
    expect(await db.listCollections().toArray()).toHaveLength(1);
    await log.insertOne({ _id: 9, text });
    expect(await ids(log)).toEqual([5, 6, 7, 8, 9]);
  });

  it('keeps its validator and the number of its documents', async () => {
    const log = await db.createCollection<Entry>('log', {
      capped: true,
      size: 4096,
      max: 3,
      validator: { _id: { $lt: 9 } },
    });
    await log.insertMany(entries(1, 5));
    await db.command({ convertToCapped: 'log', size: 256 });
    expect(await ids(log)).toEqual([3, 4, 5]);
    expect(await log.options()).toMatchObject({ capped: true, size: 256, max: 3, validator: { _id: { $lt: 9 } } });
    await expect(log.insertOne({ _id: 9 })).rejects.toMatchObject({ code: 121 });
  });

  it('is told to its stream as the new name of another one', async () => {
    const log = db.collection<Entry>('log');
    await log.insertMany(entries(1, 2));
    const stream = log.watch();
    await stream.tryNext();
    await db.command({ convertToCapped: 'log', size: 500 });
    expect(await stream.next()).toMatchObject({ operationType: 'rename', to: { db: 'capped', coll: 'log' } });
    expect(await stream.next()).toMatchObject({ operationType: 'invalidate' });
    await stream.close();
  });

  it('may be a copy beside the other one', async () => {
    const log = db.collection<Entry>('log');
    await log.insertMany(entries(1, 3));
    await db.command({ cloneCollectionAsCapped: 'log', toCollection: 'copy', size: 1000 });
    expect(await db.collection('copy').options()).toEqual({ capped: true, size: 1024 });
    expect(await db.collection('copy').countDocuments()).toBe(3);
    expect(await log.options()).toEqual({});
  });

  it.each<[string, Document, number]>([
    ['that is not there', { convertToCapped: 'nobody', size: 100 }, 26],
    ['that is a view', { convertToCapped: 'view', size: 100 }, 166],
    ['without a size', { convertToCapped: 'log' }, 8],
    ['of a size below zero', { convertToCapped: 'log', size: -1 }, 2],
    ['as a copy of a name that is taken', { cloneCollectionAsCapped: 'log', toCollection: 'view', size: 100 }, 48],
    ['as a copy without a name', { cloneCollectionAsCapped: 'log', size: 100 }, 8],
  ])('is refused %s', async (_what, command, code) => {
    await db.createCollection('log');
    await db.createCollection('view', { viewOn: 'log', pipeline: [] });
    await expect(db.command(command)).rejects.toMatchObject({ code });
  });
});
