import { ObjectId, type Document } from 'mongodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
const db = client.db('indexes');

const DOCUMENTS = 500;

beforeAll(async () => {
  const documents = db.collection<Document>('documents');
  await documents.insertMany(
    Array.from({ length: DOCUMENTS }, (_value, n) => ({
      _id: n as never,
      a: n % 10,
      b: n,
      tags: [`t${n % 5}`, 'all'],
      ...(n % 50 === 0 ? { rare: n } : {}),
      state: n % 4 === 0 ? 'open' : 'done',
    })),
  );
  await documents.createIndexes([
    { key: { a: 1, b: -1 } },
    { key: { tags: 1 } },
    { key: { rare: 1 }, sparse: true },
    { key: { b: 1 }, name: 'open', partialFilterExpression: { state: 'open' } },
  ]);
});

/** The stages of a plan from the outermost in, and what running it looked at. */
async function explained(find: Document): Promise<{ readonly stages: readonly string[]; readonly stats: Document }> {
  const told = await db.command({ explain: { find: 'documents', ...find }, verbosity: 'executionStats' });
  const stats = told['executionStats'] as Document;
  const stages: string[] = [];
  let stage = (told['queryPlanner'] as Document)['winningPlan'] as Document | undefined;
  for (; stage !== undefined; stage = stage['inputStage'] as Document | undefined)
    stages.push(String(stage['indexName'] ?? stage['stage']));
  return { stages, stats };
}

describe('indexes', () => {
  const cases: readonly (readonly [string, Document, readonly string[], number, number])[] = [
    ['an equality', { filter: { a: 3 } }, ['FETCH', 'a_1_b_-1'], 50, 50],
    ['a range behind an equality', { filter: { a: 3, b: { $lt: 100 } } }, ['FETCH', 'a_1_b_-1'], 10, 10],
    [
      'a sort behind an equality',
      { filter: { a: 3 }, sort: { b: -1 }, limit: 5 },
      ['LIMIT', 'FETCH', 'a_1_b_-1'],
      5,
      5,
    ],
    ['a sort alone', { sort: { a: 1, b: -1 }, limit: 7 }, ['LIMIT', 'FETCH', 'a_1_b_-1'], 7, 7],
    ['the same sort backwards', { sort: { a: -1, b: 1 }, limit: 7 }, ['LIMIT', 'FETCH', 'a_1_b_-1'], 7, 7],
    ['an element of a list', { filter: { tags: 't2' } }, ['FETCH', 'tags_1'], 100, 100],
    ['what a sparse index is sure to hold', { filter: { rare: { $gte: 100 } } }, ['FETCH', 'rare_1'], 8, 8],
    ['what a partial index is sure to hold', { filter: { state: 'open', b: 8 } }, ['FETCH', 'open'], 1, 1],
    ['an _id', { filter: { _id: 7 } }, ['FETCH', '_id_'], 1, 1],
    ['what a partial index may lack', { filter: { b: 8 } }, ['COLLSCAN'], 0, DOCUMENTS],
    ['a hint', { filter: { b: 8 }, hint: 'a_1_b_-1' }, ['FETCH', 'a_1_b_-1'], DOCUMENTS, DOCUMENTS],
    ['a hinted sparse index', { hint: 'rare_1' }, ['FETCH', 'rare_1'], 10, 10],
    ['a hinted partial index', { filter: { b: 8 }, hint: 'open' }, ['FETCH', 'open'], 1, 1],
    ['no index', { filter: { missing: 1 } }, ['COLLSCAN'], 0, DOCUMENTS],
    ['a sort without one', { filter: { a: 3 }, sort: { state: 1 } }, ['SORT', 'FETCH', 'a_1_b_-1'], 50, 50],
  ];
  it.each(cases)('%s is answered as explain says', async (_name, find, stages, keys, docs) => {
    const told = await explained(find);
    expect({
      stages: told.stages,
      keys: Number(told.stats['totalKeysExamined']),
      docs: Number(told.stats['totalDocsExamined']),
    }).toEqual({
      stages,
      keys,
      docs,
    });
  });

  it('tells what running it gave, in MongoDB’s shape, and runs no write', async () => {
    const told = await db.command({ explain: { delete: 'documents', deletes: [{ q: { a: 1 }, limit: 0 }] } });
    expect(told).toMatchObject({
      queryPlanner: {
        namespace: 'indexes.documents',
        winningPlan: { stage: 'DELETE', inputStage: { inputStage: { keyPattern: { a: 1, b: -1 } } } },
      },
      executionStats: {
        executionSuccess: true,
        nReturned: 0,
        executionStages: { nWouldDelete: 50, inputStage: { stage: 'FETCH' } },
      },
    });
    expect(await db.collection('documents').countDocuments({ a: 1 })).toBe(50);
    const planned = await db.command({ explain: { count: 'documents', query: { a: 1 } }, verbosity: 'queryPlanner' });
    expect(planned).not.toHaveProperty('executionStats');
    await expect(db.command({ explain: { find: 'documents' }, verbosity: 'all' })).rejects.toMatchObject({ code: 9 });
  });

  it('serve the leading stages of a pipeline, and a sort beyond memory is a sort still', async () => {
    const documents = db.collection<Document>('many');
    const size = 25_000;
    for (let from = 0; from < size; from += 5000)
      await documents.insertMany(
        Array.from({ length: 5000 }, (_value, at) => ({ _id: (from + at) as never, n: ((from + at) * 7919) % size })),
      );
    const sorted = documents.aggregate<Document>([{ $sort: { n: -1 } }, { $project: { n: 1 } }]);
    let next = size - 1;
    for await (const one of sorted) {
      expect(one['n']).toBe(next);
      next -= 1;
    }
    expect(next).toBe(-1);
    const first = await documents.find().sort({ n: 1 }).skip(21_000).limit(3).toArray();
    expect(first.map((one) => Number(one['n']))).toEqual([21_000, 21_001, 21_002]);
    const few = await documents.aggregate<Document>([{ $sort: { n: 1 } }, { $limit: 2 }, { $skip: 1 }]).toArray();
    expect(few.map((one) => Number(one['n']))).toEqual([1]);
  });

  it('that are hidden are not used until they are shown again', async () => {
    const change = (hidden: boolean): Promise<Document> =>
      db.command({ collMod: 'documents', index: { name: 'tags_1', hidden } });
    expect(await change(true)).toMatchObject({ hidden_old: false, hidden_new: true });
    expect((await explained({ filter: { tags: 't2' } })).stages).toEqual(['COLLSCAN']);
    await change(false);
    expect((await explained({ filter: { tags: 't2' } })).stages).toEqual(['FETCH', 'tags_1']);
  });

  it('become unique once they refuse new documents under a key, and no two are left under one', async () => {
    const turning = db.collection<{ _id: number; a: number }>('turning');
    await turning.insertMany([1, 2, 3].map((_id) => ({ _id, a: _id < 3 ? 100 : 101 })));
    await turning.createIndex({ a: 1 });
    const change = (of: Document, more: Document = {}): Promise<Document> =>
      db.command({ collMod: 'turning', index: { keyPattern: { a: 1 }, ...of }, ...more });
    expect(await change({ prepareUnique: true })).toMatchObject({ prepareUnique_old: false, prepareUnique_new: true });
    expect(await turning.indexes()).toContainEqual({ v: 2, key: { a: 1 }, name: 'a_1', prepareUnique: true });
    await expect(turning.insertOne({ _id: 4, a: 101 })).rejects.toMatchObject({ code: 11_000 });
    await expect(turning.updateOne({ _id: 3 }, { $set: { a: 100 } })).rejects.toMatchObject({ code: 11_000 });
    const refused = { code: 359, errorResponse: { violations: [{ ids: [1, 2] }] } };
    await expect(change({ unique: true })).rejects.toMatchObject(refused);
    await expect(change({ unique: true }, { dryRun: true })).rejects.toMatchObject(refused);
    await turning.deleteOne({ _id: 2 });
    expect(await change({ unique: true }, { dryRun: true })).not.toHaveProperty('unique_new');
    expect(await change({ unique: true })).toMatchObject({ unique_new: true });
    expect(await turning.indexes()).toContainEqual({ v: 2, key: { a: 1 }, name: 'a_1', unique: true });
    expect(await change({ unique: true })).not.toHaveProperty('unique_new');
    await expect(turning.insertOne({ _id: 4, a: 100 })).rejects.toMatchObject({ code: 11_000 });
  });

  it('that are unique refuse a second document, also by an element of a list, and leave nothing half done', async () => {
    const unique = db.collection<Document>('unique');
    await unique.createIndexes([{ key: { tags: 1 }, unique: true }, { key: { n: 1 } }]);
    await unique.insertMany([
      { tags: ['a', 'b'], n: 1 },
      { tags: ['c'], n: 2 },
    ]);
    await expect(unique.insertOne({ tags: ['d', 'a'], n: 3 })).rejects.toMatchObject({ code: 11_000 });
    await expect(unique.updateOne({ n: 2 }, { $set: { tags: ['b'], n: 4 } })).rejects.toMatchObject({ code: 11_000 });
    expect(
      await unique
        .find({ n: { $gte: 2 } })
        .project({ _id: 0 })
        .toArray(),
    ).toEqual([{ tags: ['c'], n: 2 }]);
    expect(await unique.countDocuments({ tags: 'd' })).toBe(0);
  });
});

describe('the description of an index', () => {
  it('has its version, its key and its name first, and no flag that is off', async () => {
    const described = client.db('descriptions');
    await described.command({
      createIndexes: 'c',
      indexes: [
        { name: 'a', unique: false, hidden: false, background: true, ns: 'descriptions.c', key: { a: 1 } },
        { unique: 1, name: 'b', key: { b: 1 }, sparse: true },
      ],
    });
    const made: readonly Document[] = await described.collection('c').listIndexes().toArray();
    expect(made.slice(1).map((one) => Object.entries(one))).toEqual([
      Object.entries({ v: 2, key: { a: 1 }, name: 'a', background: true }),
      Object.entries({ v: 2, key: { b: 1 }, name: 'b', unique: true, sparse: true }),
    ]);
    for (const hidden of [true, false]) await described.command({ collMod: 'c', index: { name: 'a', hidden } });
    expect((await described.collection('c').listIndexes().toArray())[1]).not.toHaveProperty('hidden');
  });
});

describe('the reply to a command of indexes', () => {
  it('says how many members had to be ready, and what was there already', async () => {
    const db = client.db('replies');
    const create = (...fields: readonly string[]): Promise<Document> =>
      db.command({ createIndexes: 'c', indexes: fields.map((field) => ({ key: { [field]: 1 }, name: field })) });
    expect(await create('a')).toMatchObject({
      numIndexesBefore: 1,
      numIndexesAfter: 2,
      createdCollectionAutomatically: true,
      commitQuorum: 'votingMembers',
    });
    expect(await create('a', 'b')).toMatchObject({ numIndexesAfter: 3, note: 'index already exists' });
    const again = await create('a', 'b');
    expect(again).toMatchObject({ numIndexesAfter: 3, note: 'all indexes already exist' });
    expect(again).not.toHaveProperty('createdCollectionAutomatically');
    expect(await db.command({ dropIndexes: 'c', index: ['a'] })).not.toHaveProperty('msg');
    const dropped = { nIndexesWas: 2, msg: 'non-_id indexes dropped for collection' };
    expect(await db.command({ dropIndexes: 'c', index: '*' })).toMatchObject(dropped);
  });
});

describe('a count', () => {
  it('looks through the index that it is told, and refuses one that there is not', async () => {
    expect((await db.command({ count: 'documents', hint: 'rare_1' }))['n']).toBe(10);
    expect((await db.command({ count: 'documents', hint: { $natural: 1 } }))['n']).toBe(DOCUMENTS);
    await expect(db.command({ count: 'documents', hint: 'none' })).rejects.toMatchObject({ code: 2 });
  });
});

describe('documents that expire', () => {
  it('are deleted once their time has come, and the change stream tells it; others stay', async () => {
    const expiring = db.collection<Document>('expiring');
    await expiring.createIndex({ at: 1 }, { expireAfterSeconds: 3600 });
    const [past, future] = [new Date(Date.now() - 3_700_000), new Date(Date.now() + 60_000)];
    const stream = expiring.watch([{ $match: { operationType: 'delete' } }]);
    await stream.tryNext();
    await expiring.insertMany([
      { name: 'past', at: past },
      { name: 'one of a list is past', at: [future, past] },
      { name: 'not yet', at: new Date(Date.now() - 3_000_000) },
      { name: 'no date', at: 5 },
      { name: 'no time', n: 1 },
    ]);
    await client.db('admin').command({ setParameter: 1, ttlMonitorSleepSecs: 1 });
    await stream.next();
    await stream.next();
    const left = await expiring.find().sort({ _id: 1 }).toArray();
    expect(left.map((one) => String(one['name']))).toEqual(['not yet', 'no date', 'no time']);
    // A shorter time counts for what is there already.
    await db.command({ collMod: 'expiring', index: { keyPattern: { at: 1 }, expireAfterSeconds: 60 } });
    await stream.next();
    expect(await expiring.countDocuments()).toBe(2);
    await stream.close();
  });

  it('expire documents by a hidden index too, and keep nothing else from expiring', async () => {
    const names = ['hidden', 'shown'];
    for (const name of names)
      await db.collection(name).createIndex({ at: 1 }, { expireAfterSeconds: 1, hidden: name === 'hidden' });
    await using stream = db.watch([{ $match: { operationType: 'delete', 'ns.coll': { $in: names } } }]);
    await stream.tryNext();
    for (const name of names) await db.collection(name).insertOne({ at: new Date(0) });
    await client.db('admin').command({ setParameter: 1, ttlMonitorSleepSecs: 1 });
    const deleted = [await stream.next(), await stream.next()] as Document[];
    expect(deleted.map((event) => (event['ns'] as Document)['coll'] as string).toSorted()).toEqual(names);
  });
});

describe('a key that is taken', () => {
  const refused = async (
    name: string,
    key: Document,
    documents: readonly Document[],
  ): Promise<Document | undefined> => {
    await db.collection(name).createIndex(key as Record<string, 1>, { unique: true });
    const reply = await db.command({ insert: name, documents });
    return (reply['writeErrors'] as Document[] | undefined)?.[0];
  };

  it('is told as the element of the list that another document has', async () => {
    const error = await refused('listed', { tags: 1 }, [
      { _id: 1, tags: ['y', 'z'] },
      { _id: 2, tags: ['x', 'y'] },
    ]);
    expect(error).toMatchObject({ index: 1, code: 11_000, keyPattern: { tags: 1 }, keyValue: { tags: 'y' } });
    expect(error?.['errmsg']).toContain('dup key: { tags: "y" }');
  });

  it('is told as the shell writes its values', async () => {
    const _id = new ObjectId();
    const error = await refused('written', { n: 1 }, [{ _id }, { _id }]);
    expect(error?.['errmsg']).toContain(`index: _id_ dup key: { _id: ObjectId('${_id.toHexString()}') }`);
  });

  it('is told with the fields beside the list, and what is missing as null', async () => {
    const error = await refused('beside', { n: -1, tags: 1, none: 1 }, [
      { _id: 1, n: 1, tags: ['y'] },
      { _id: 2, n: 1, tags: ['x', 'y'] },
    ]);
    expect(error?.['keyValue']).toEqual({ n: 1, tags: 'y', none: null });
  });
});

describe('an index of several fields of one list', () => {
  const items = db.collection<Document>('items');
  const item = (sku: string, size: string): Document => ({ sku, size });

  beforeAll(async () => {
    await items.createIndex({ 'items.sku': 1, 'items.size': 1 }, { unique: true });
    await items.insertOne({ _id: 1 as never, items: [item('a', 's'), item('b', 'm')] });
  });

  it('refuses what an element of another document has, and nothing that two of them have together', async () => {
    await items.insertOne({ _id: 2 as never, items: [item('a', 'm')] });
    await expect(items.insertOne({ _id: 3 as never, items: [item('c', 's'), item('b', 'm')] })).rejects.toMatchObject({
      code: 11_000,
      keyValue: { 'items.sku': 'b', 'items.size': 'm' },
    });
  });

  it('finds what is met by two elements, and by one', async () => {
    const ids = async (filter: Document): Promise<unknown[]> =>
      (await items.find(filter).hint({ 'items.sku': 1, 'items.size': 1 }).toArray()).map((one) => one._id);
    expect(await ids({ 'items.sku': 'a', 'items.size': 'm' })).toEqual([2, 1]);
    expect(await ids({ 'items.sku': 'a', 'items.size': { $gt: 'l', $lt: 'n' } })).toEqual([2, 1]);
    expect(await ids({ items: { $elemMatch: { sku: 'a', size: 'm' } } })).toEqual([2]);
  });

  it('leaves out of a sparse index an element that has none of the fields', async () => {
    const sparse = db.collection<Document>('sparse');
    await sparse.createIndex({ 'l.x': 1 }, { unique: true, sparse: true });
    await sparse.insertMany([
      { _id: 1 as never, l: [{ x: 1 }, {}] },
      { _id: 2 as never, l: [{ x: 2 }, {}] },
      { _id: 3 as never, l: [] },
      { _id: 4 as never, l: [] },
    ]);
    expect(await sparse.countDocuments({}, { hint: 'l.x_1' })).toBe(2);
  });

  it('refuses two lists within one element', async () => {
    const within = db.collection('within');
    await within.createIndex({ 'l.x': 1, 'l.y': 1 });
    await expect(within.insertOne({ l: [{ x: [1, 2], y: [3, 4] }] })).rejects.toMatchObject({ code: 171 });
  });
});
