import { MongoServerError, type Document, type Long } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
beforeEach(() => client.db('shop').dropDatabase());

const db = () => client.db('shop');

async function refusal(work: Promise<unknown>): Promise<MongoServerError | null> {
  try {
    await work;
    return null;
  } catch (cause) {
    if (cause instanceof MongoServerError) return cause;
    throw cause;
  }
}

describe('a validator', () => {
  const validator = { $jsonSchema: { required: ['n'], properties: { n: { bsonType: 'int', minimum: 0 } } } };

  it('refuses what it does not let in, with the document that failed, and may be passed by', async () => {
    const orders = await db().createCollection<{ _id: number; n?: number }>('orders', { validator });
    const failed = await refusal(orders.insertOne({ _id: 1, n: -1 }));
    const minimum = {
      operatorName: 'minimum',
      specifiedAs: { minimum: 0 },
      reason: 'comparison failed',
      consideredValue: -1,
    };
    const found = { operatorName: 'properties', propertiesNotSatisfied: [{ propertyName: 'n', details: [minimum] }] };
    expect(failed).toMatchObject({
      code: 121,
      errInfo: { failingDocumentId: 1, details: { operatorName: '$jsonSchema', schemaRulesNotSatisfied: [found] } },
    });
    await orders.insertOne({ _id: 2, n: 2 });
    expect((await refusal(orders.updateOne({ _id: 2 }, { $inc: { n: -5 } })))?.code).toBe(121);
    expect((await refusal(orders.findOneAndUpdate({ _id: 2 }, { $unset: { n: 1 } })))?.code).toBe(121);
    expect((await refusal(orders.updateOne({ _id: 3 }, { $set: { n: -3 } }, { upsert: true })))?.code).toBe(121);
    await orders.insertOne({ _id: 4, n: -4 }, { bypassDocumentValidation: true });
    expect(await orders.find().toArray()).toEqual([
      { _id: 2, n: 2 },
      { _id: 4, n: -4 },
    ]);
  });

  it('that is changed brings its level and its action, which stay when it is taken back', async () => {
    const optionsOf = async (): Promise<unknown> => {
      const [info] = await db().listCollections({ name: 'orders' }).toArray();
      return info !== undefined && 'options' in info ? info.options : null;
    };
    await db().command({ create: 'orders', validator: {} });
    expect(await optionsOf()).toEqual({});
    await db().command({ collMod: 'orders', validator: { n: 1 } });
    expect(await optionsOf()).toEqual({ validator: { n: 1 }, validationLevel: 'strict', validationAction: 'error' });
    await db().command({ collMod: 'orders', validator: {}, validationAction: 'warn' });
    expect(await optionsOf()).toEqual({ validationLevel: 'strict', validationAction: 'warn' });
  });

  it('is changed by collMod, and by its level spares what did not match before', async () => {
    const orders = await db().createCollection<{ _id: number; n?: number; x?: number }>('orders');
    await orders.insertOne({ _id: 1, n: -1 });
    await db().command({ collMod: 'orders', validator, validationLevel: 'moderate' });
    expect(await refusal(orders.updateOne({ _id: 1 }, { $set: { x: 1 } }))).toBeNull();
    expect((await refusal(orders.insertOne({ _id: 2, n: -2 })))?.code).toBe(121);
    await db().command({ collMod: 'orders', validationLevel: 'strict' });
    expect((await refusal(orders.updateOne({ _id: 1 }, { $set: { x: 2 } })))?.code).toBe(121);
    await db().command({ collMod: 'orders', validationAction: 'warn' });
    expect(await refusal(orders.updateOne({ _id: 1 }, { $set: { x: 2 } }))).toBeNull();
    const [listed] = await db().listCollections({ name: 'orders' }).toArray();
    expect(listed).toMatchObject({ options: { validator, validationLevel: 'strict', validationAction: 'warn' } });
  });
});

describe('a clustered collection', () => {
  it('is in the order of its ids, whatever the order of insertion, and keeps that index', async () => {
    const events = await db().createCollection<{ _id: number }>('events', {
      clusteredIndex: { key: { _id: 1 }, unique: true, name: 'by id' },
    });
    await events.insertMany([3, 1, 2].map((_id) => ({ _id })));
    expect(await events.find().toArray()).toEqual([{ _id: 1 }, { _id: 2 }, { _id: 3 }]);
    expect((await refusal(events.insertOne({ _id: 2 })))?.code).toBe(11_000);
    expect(await events.indexes()).toEqual([{ v: 2, key: { _id: 1 }, name: 'by id', unique: true, clustered: true }]);
    expect((await refusal(events.dropIndex('by id')))?.code).toBe(72);
  });

  it('is refused with another key', async () => {
    const wrong = db().createCollection('events', { clusteredIndex: { key: { at: 1 }, unique: true } });
    expect((await refusal(wrong))?.code).toBe(197);
  });
});

describe('a collection that is made again', () => {
  it.each<{ what: string; options: Document }>([
    { what: 'without options', options: {} },
    { what: 'capped', options: { capped: true, size: 4096, max: 2 } },
    { what: 'with a validator', options: { validator: { n: 1 }, validationLevel: 'moderate' } },
    { what: 'with its images', options: { changeStreamPreAndPostImages: { enabled: true } } },
    { what: 'that is a view', options: { viewOn: 'other', pipeline: [{ $match: { n: 1 } }] } },
  ])('just so stays as it is: $what', async ({ options }) => {
    await db().command({ create: 'again', ...options });
    const [before] = await db().listCollections({ name: 'again' }).toArray();
    const turned = Object.fromEntries(Object.entries(options).reverse());
    await expect(db().command({ create: 'again', ...turned })).resolves.toMatchObject({ ok: 1 });
    expect(await db().listCollections({ name: 'again' }).toArray()).toEqual([before]);
  });
});

describe('the images of a collection', () => {
  it('are an option while they are kept, and none of a database whose changes nobody is told', async () => {
    const optionsOf = async (): Promise<unknown> => (await db().listCollections({ name: 'c' }).toArray())[0];
    await db().command({ create: 'c', changeStreamPreAndPostImages: { enabled: false } });
    expect(await optionsOf()).toMatchObject({ options: {} });
    expect(await optionsOf()).not.toHaveProperty('options.changeStreamPreAndPostImages');
    await db().command({ collMod: 'c', changeStreamPreAndPostImages: { enabled: true } });
    expect(await optionsOf()).toMatchObject({ options: { changeStreamPreAndPostImages: { enabled: true } } });
    await db().command({ collMod: 'c', changeStreamPreAndPostImages: { enabled: false } });
    expect(await optionsOf()).not.toHaveProperty('options.changeStreamPreAndPostImages');
    const inAdmin = { create: 'images', changeStreamPreAndPostImages: { enabled: true } };
    await expect(client.db('admin').command(inAdmin)).rejects.toMatchObject({ code: 72 });
  });
});

describe('what a collection tells of itself', () => {
  it('is counted through a view as in the collection behind it', async () => {
    await db()
      .collection<{ n: number }>('orders')
      .insertMany([{ n: 1 }, { n: 2 }, { n: 2 }, { n: 3 }]);
    await db().createCollection('large', { viewOn: 'orders', pipeline: [{ $match: { n: { $gte: 2 } } }] });
    const large = db().collection('large');
    expect(await large.estimatedDocumentCount()).toBe(3);
    expect(await db().command({ count: 'large', query: { n: 2 }, limit: 1 })).toMatchObject({ n: 1 });
    expect(await large.distinct('n')).toEqual([2, 3]);
  });

  it('says how often each index was used, and how much it holds', async () => {
    const orders = db().collection<{ n: number }>('orders');
    await orders.insertMany([{ n: 1 }, { n: 2 }]);
    await orders.createIndexes([{ key: { n: 1 } }, { key: { m: 1 } }]);
    await orders.find({ n: 1 }).toArray();
    await orders.find({ n: 2 }).toArray();
    const stats = await orders.aggregate([{ $indexStats: {} }], { promoteLongs: false }).toArray();
    const uses = Object.fromEntries(
      stats.map(({ name, accesses }) => [name as string, (accesses as { ops: Long }).ops.toNumber()]),
    );
    expect(uses).toEqual({ _id_: 0, n_1: 2, m_1: 0 });
    const [size] = await orders.aggregate([{ $collStats: { count: {}, storageStats: {} } }]).toArray();
    expect(size).toMatchObject({ ns: 'shop.orders', count: 2, storageStats: { count: 2, nindexes: 3, capped: false } });
  });

  it('refuses what only Atlas has, and a tail where nothing is capped', async () => {
    const orders = db().collection('orders');
    await orders.insertOne({});
    expect(await refusal(orders.createSearchIndex({ definition: {} }))).toMatchObject({ code: 31_082 });
    expect((await refusal(orders.listSearchIndexes().toArray()))?.message).toContain('Atlas');
    expect((await refusal(orders.find({}, { tailable: true }).toArray()))?.code).toBe(2);
  });
});

describe('the list of databases', () => {
  it('names those of the server beside those of clients, as every member of a replica set does', async () => {
    await db().createCollection('orders');
    const list = (filter: Document): Promise<Document> =>
      client.db('admin').command({ listDatabases: 1, nameOnly: true, filter });
    expect((await list({}))['databases']).toEqual(['admin', 'config', 'local', 'shop'].map((name) => ({ name })));
    expect((await list({ name: /^s/ }))['databases']).toEqual([{ name: 'shop' }]);
  });
});
