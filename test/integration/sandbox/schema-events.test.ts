import type { Db, Document } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
let db: Db;
let names = 0;

beforeEach(() => {
  names += 1;
  db = client.db(`schema${names}`);
});

const ID_INDEX = { v: 2, key: { _id: 1 }, name: '_id_' };

/** The events that a stream with expanded events gives of commands that run one after the other, and the last reply. */
async function after(...commands: readonly Document[]): Promise<{ events: readonly Document[]; reply: Document }> {
  const { cursor } = await db.command({
    aggregate: 1,
    pipeline: [{ $changeStream: { showExpandedEvents: true } }],
    cursor: {},
  });
  let reply: Document = {};
  for (const command of commands) reply = await db.command(command);
  const { id } = cursor as { id: unknown };
  const page = await db.command({ getMore: id, collection: '$cmd.aggregate', maxTimeMS: 1 });
  return { events: (page['cursor'] as { nextBatch: Document[] }).nextBatch, reply };
}

async function told(...commands: readonly Document[]): Promise<readonly unknown[]> {
  const { events } = await after(...commands);
  return events.map((event) => [event['operationType'] as unknown, event['operationDescription'] as unknown]);
}

const index = (...fields: readonly string[]): Document => ({
  createIndexes: 'c',
  indexes: fields.map((field) => ({ key: { [field]: 1 }, name: field })),
});
const made = (...fields: readonly string[]): Document => ({
  indexes: fields.map((field) => ({ v: 2, key: { [field]: 1 }, name: field })),
});

describe('a change stream with expanded events', () => {
  it('tells of a collection that its first document made', async () => {
    expect(await told({ insert: 'c', documents: [{ _id: 1 }] })).toEqual([
      ['create', { idIndex: ID_INDEX }],
      ['insert', undefined],
    ]);
  });

  it('tells of the collection that $out fills as of one for a while, which then gets its name', async () => {
    await db.command({ insert: 'c', documents: [{ _id: 1 }] });
    expect(await told({ aggregate: 'c', pipeline: [{ $out: 'o' }], cursor: {} })).toEqual([
      ['create', { temp: true, idIndex: ID_INDEX }],
      ['insert', undefined],
      ['rename', { to: { db: db.databaseName, coll: 'o' } }],
    ]);
    expect(await db.listCollections({ name: 'o' }).next()).toMatchObject({ options: {} });
  });

  it('tells of a clustered collection without an index of ids besides', async () => {
    const clusteredIndex = { v: 2, key: { _id: 1 }, name: '_id_', unique: true };
    expect(await told({ create: 'c', clusteredIndex })).toEqual([['create', { clusteredIndex }]]);
  });

  it('tells of indexes of an empty collection one by one, and of those that were built together in one', async () => {
    expect(await told(index('a', 'b'))).toEqual([
      ['create', { idIndex: ID_INDEX }],
      ['createIndexes', made('a')],
      ['createIndexes', made('b')],
    ]);
    await db.command({ insert: 'c', documents: [{ _id: 1 }] });
    expect(await told(index('d', 'e'))).toEqual([['createIndexes', made('d', 'e')]]);
  });

  it('tells of indexes that were dropped one by one', async () => {
    await db.command(index('a', 'b'));
    expect(await told({ dropIndexes: 'c', index: '*' })).toEqual([
      ['dropIndexes', made('a')],
      ['dropIndexes', made('b')],
    ]);
  });

  it('tells of a collection that moves to another database as of a copy there, which then gets its name', async () => {
    const from = client.db(`${db.databaseName}from`);
    await from.createCollection('c', { validator: { a: 1 } });
    await from.command(index('a'));
    await from
      .collection<{ _id: number }>('c')
      .insertMany([{ _id: 1 }, { _id: 2 }], { bypassDocumentValidation: true });
    await db.command(index('b'));
    const there = db.watch([], { showExpandedEvents: true });
    const here = from.collection('c').watch();
    await Promise.all([there.tryNext(), here.tryNext()]);
    await client.db('admin').command({
      renameCollection: `${from.databaseName}.c`,
      to: `${db.databaseName}.c`,
      dropTarget: true,
    });
    const seen: Document[] = [];
    while (seen.length < 5) seen.push(await there.next());
    expect(seen.map(({ operationType }) => operationType as unknown)).toEqual([
      'create',
      'createIndexes',
      'insert',
      'insert',
      'rename',
    ]);
    const [created, ...others] = seen.map((event) => event['ns'] as { coll: string });
    expect(created?.coll).toMatch(/^tmp\w{5}\.renameCollection$/u);
    expect(others.every((ns) => ns.coll === created?.coll)).toBe(true);
    expect(seen.at(-1)).toMatchObject({
      to: { db: db.databaseName, coll: 'c' },
      operationDescription: { dropTarget: expect.anything() as unknown },
    });
    expect([(await here.next()).operationType, (await here.next()).operationType]).toEqual(['drop', 'invalidate']);
    await Promise.all([there.close(), here.close()]);
    expect(await from.listCollections().toArray()).toEqual([]);
    const [moved, ...rest] = await db.listCollections().toArray();
    expect([moved?.name, moved && 'options' in moved ? moved.options : null, rest]).toEqual([
      'c',
      { validator: { a: 1 } },
      [],
    ]);
    expect((await db.collection('c').indexes()).map(({ name }) => name)).toEqual(['_id_', 'a']);
    expect(await db.collection('c').countDocuments()).toBe(2);
  });

  it('tells of a view without an index and without an id', async () => {
    const { events } = await after({ create: 'v', viewOn: 'c', pipeline: [] }, { drop: 'v' });
    expect(events.map(({ _id, clusterTime: _time, wallTime: _wall, ...event }) => event)).toEqual([
      {
        operationType: 'create',
        ns: { db: db.databaseName, coll: 'v' },
        operationDescription: { viewOn: 'c', pipeline: [] },
      },
      { operationType: 'drop', ns: { db: db.databaseName, coll: 'v' } },
    ]);
  });

  it('tells what a view shows from now on', async () => {
    await db.command({ create: 'v', viewOn: 'c', pipeline: [] });
    const pipeline = [{ $match: { a: 1 } }];
    const { events } = await after({ collMod: 'v', viewOn: 'd', pipeline });
    expect(events.map(({ _id, clusterTime: _time, wallTime: _wall, ...event }) => event)).toEqual([
      {
        operationType: 'modify',
        ns: { db: db.databaseName, coll: 'v' },
        operationDescription: { viewOn: 'd', pipeline },
      },
    ]);
  });

  it('tells of no view where its whole database goes', async () => {
    await db.createCollection('c');
    await db.command({ create: 'v', viewOn: 'c', pipeline: [] });
    const stream = db.watch([], { showExpandedEvents: true });
    await stream.tryNext();
    await db.dropDatabase();
    const types = [await stream.next(), await stream.next(), await stream.next()].map((event) => event.operationType);
    expect(types).toEqual(['drop', 'dropDatabase', 'invalidate']);
    await stream.close();
  });

  it('tells what collMod was told, and what was so before', async () => {
    await db.command({ create: 'c', validationLevel: 'moderate', validator: { a: 1 } });
    await db.command({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a', expireAfterSeconds: 5 }] });
    const { events, reply } = await after({
      collMod: 'c',
      validationLevel: 'strict',
      index: { keyPattern: { a: 1 }, expireAfterSeconds: 6, hidden: false },
    });
    expect(reply).toMatchObject({ expireAfterSeconds_old: 5, expireAfterSeconds_new: 6 });
    expect(reply).not.toHaveProperty('hidden_new');
    expect(events[0]).toMatchObject({
      operationType: 'modify',
      operationDescription: { validationLevel: 'strict', index: { name: 'a', expireAfterSeconds: 6 } },
      stateBeforeChange: {
        collectionOptions: { validationLevel: 'moderate', validator: { a: 1 } },
        indexOptions: { expireAfterSeconds: 5 },
      },
    });
    expect(await db.listCollections({ name: 'c' }).next()).toMatchObject({ options: { validationLevel: 'strict' } });
  });
});

describe('a change stream', () => {
  it('tells of no view where it has no expanded events', async () => {
    const stream = db.watch();
    await stream.tryNext();
    await db.command({ create: 'v', viewOn: 'c', pipeline: [] });
    await db.dropCollection('v');
    await db.createCollection('c');
    await db.dropCollection('c');
    expect(await stream.next()).toMatchObject({ operationType: 'drop', ns: { coll: 'c' } });
    await stream.close();
  });

  it('of a database tells nothing of what the server keeps in it', async () => {
    const stream = db.watch([], { showExpandedEvents: true });
    await stream.tryNext();
    await db.collection('system.js').insertOne({});
    await db.dropCollection('system.js');
    await db.createCollection('c');
    expect(await stream.next()).toMatchObject({ operationType: 'create', ns: { coll: 'c' } });
    await stream.close();
  });

  it('of a collection tells of no view that had its name, and goes on', async () => {
    const stream = db.collection('c').watch([], { showExpandedEvents: true });
    await stream.tryNext();
    await db.command({ create: 'c', viewOn: 'other', pipeline: [] });
    await db.dropCollection('c');
    await db.createCollection('c');
    expect(await stream.next()).toMatchObject({ operationType: 'create', operationDescription: { idIndex: ID_INDEX } });
    await stream.close();
  });
});
