import { Binary, Long, MongoClient, MongoServerError, UUID, type Document } from 'mongodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';
import { sendRaw } from '../../support/wire-client.ts';

const { sandbox, client } = await connectedSandbox({ retryWrites: false });

/** The code that a command is refused with; null where it is not. */
async function codeOf(command: Document): Promise<number | null> {
  try {
    await client.db('fields').command(command);
    return null;
  } catch (cause) {
    if (cause instanceof MongoServerError && typeof cause.code === 'number') return cause.code;
    throw cause;
  }
}

const STRICTLY = { apiVersion: '1', apiStrict: true };

describe('the fields of a command', () => {
  it.each<[string, Document, number | null]>([
    ['a field that find does not have', { find: 'c', filtre: {} }, 40_415],
    ['a field that insert does not have', { insert: 'c', documents: [{}], sort: {} }, 40_415],
    ['a field that aggregate does not have', { aggregate: 'c', pipeline: [], cursor: {}, batchSize: 1 }, 40_415],
    [
      'what every command may carry',
      { find: 'c', comment: 'why', maxTimeMS: 1000, readConcern: { level: 'local' } },
      null,
    ],
    ['a version of the API that is none', { find: 'c', apiVersion: '2' }, 322],
    ['strictness without a version', { find: 'c', apiStrict: true }, 4_886_600],
    ['a command outside of the stable API', { distinct: 'c', key: 'a', apiVersion: '1', apiStrict: true }, 323],
    ['a version of the API that is no text', { find: 'c', apiVersion: 1 }, 14],
    ['strictness that is no flag', { find: 'c', apiVersion: '1', apiStrict: 'x' }, 14],
    ['a field outside of it', { find: 'c', ...STRICTLY, tailable: true }, 323],
    ['an option of collections outside of it', { create: 'capped', ...STRICTLY, capped: true, size: 4096 }, 323],
    [
      'an option of indexes outside of it',
      { createIndexes: 'c', ...STRICTLY, indexes: [{ key: { a: 1 }, name: 'a', sparse: true }] },
      323,
    ],
    [
      'a count of a collection',
      { aggregate: 'none', ...STRICTLY, pipeline: [{ $collStats: { count: {} } }], cursor: {} },
      26,
    ],
    [
      'other numbers of a collection',
      { aggregate: 'c', ...STRICTLY, pipeline: [{ $collStats: { storageStats: {} } }], cursor: {} },
      323,
    ],
    ['a command of the stable API', { find: 'c', apiVersion: '1', apiStrict: true }, null],
  ])('%s', async (_name, command, code) => {
    expect(await codeOf(command)).toBe(code);
  });
});

describe('a retryable write', () => {
  const lsid = { id: new Binary(Buffer.alloc(16, 7), Binary.SUBTYPE_UUID) };
  const insert = (documents: Document[], more: Document): Promise<Document> =>
    client.db('fields').command({ insert: 'retried', documents, lsid, ...more });

  it('loses its answer by a fail point once it is committed, or is refused before, and is done once by the next try', async () => {
    const retrying = await new MongoClient(sandbox.uri).connect();
    const failPoint = (data: Document) =>
      retrying.db('admin').command({ configureFailPoint: 'onPrimaryTransactionalWrite', mode: { times: 1 }, data });
    const counters = retrying.db('fields').collection<{ _id: string; n: number }>('counters');
    try {
      await counters.insertOne({ _id: 'a', n: 0 });
      await failPoint({});
      await counters.updateOne({ _id: 'a' }, { $inc: { n: 1 } });
      expect(await counters.findOne()).toMatchObject({ n: 1 });
      await failPoint({ failBeforeCommitExceptionCode: 1 });
      await counters.updateOne({ _id: 'a' }, { $inc: { n: 1 } });
      expect(await counters.findOne()).toMatchObject({ n: 2 });
      await failPoint({ failBeforeCommitExceptionCode: 2, closeConnection: false });
      await expect(counters.updateOne({ _id: 'a' }, { $inc: { n: 1 } })).rejects.toMatchObject({ code: 2 });
      expect(await counters.findOne()).toMatchObject({ n: 2 });
    } finally {
      await retrying.close();
    }
  });

  it('runs each of its statements once, whoever asks how often', async () => {
    const txnNumber = Long.fromNumber(1);
    await insert([{ _id: 1 }], { txnNumber });
    const again = await insert([{ _id: 1 }, { _id: 2 }], { txnNumber });
    expect(again).toMatchObject({ n: 2, retriedStmtIds: [0] });
    const named = await insert([{ _id: 3 }], { txnNumber, stmtIds: [7] });
    expect(named).toMatchObject({ n: 1 });
    expect(named['retriedStmtIds']).toBeUndefined();
    expect(await client.db('fields').collection('retried').countDocuments({})).toBe(3);
  });

  it('runs a statement again that was refused', async () => {
    const txnNumber = Long.fromNumber(2);
    const refused = await insert([{ _id: 1 }], { txnNumber });
    expect(refused).toMatchObject({ n: 0, writeErrors: [{ code: 11_000 }] });
    await client.db('fields').command({ delete: 'retried', deletes: [{ q: { _id: 1 }, limit: 1 }] });
    expect(await insert([{ _id: 1 }], { txnNumber })).toMatchObject({ n: 1 });
  });

  it('runs a statement again that changed nothing', async () => {
    const txnNumber = Long.fromNumber(3);
    const update = { update: 'retried', updates: [{ q: { _id: 50 }, u: { $set: { a: 1 } } }], lsid, txnNumber };
    const db = client.db('fields');
    expect(await db.command(update)).toMatchObject({ n: 0, nModified: 0 });
    await db.collection<{ _id: number }>('retried').insertOne({ _id: 50 });
    const again = await db.command(update);
    expect(again).toMatchObject({ n: 1, nModified: 1 });
    expect(again['retriedStmtIds']).toBeUndefined();
    expect(await db.command(update)).toMatchObject({ n: 1, nModified: 1, retriedStmtIds: [0] });
  });
});

describe('the next try of a write that is another command', () => {
  const documents = client.db('fields').collection<{ _id: number }>('tried');
  const query = { _id: 1 };
  const change = { $set: { a: 2 } };
  const insert = { insert: 'tried', documents: [{ _id: 1, a: 1 }] };
  const update = { update: 'tried', updates: [{ q: query, u: change }] };
  const upsert = { update: 'tried', updates: [{ q: query, u: change, upsert: true }] };
  const remove = { delete: 'tried', deletes: [{ q: query, limit: 1 }] };
  const modify = { findAndModify: 'tried', query, update: change };
  const modifyNew = { ...modify, new: true };
  const modifyUpsert = { ...modify, upsert: true };
  const modifyRemove = { findAndModify: 'tried', query, remove: true };

  /** What the other command is answered as the next try of the first one, which changes nothing. */
  async function triedAs(first: Document, next: Document): Promise<Document> {
    await documents.deleteMany({});
    const isInsert = 'insert' in first || first === upsert || first === modifyUpsert;
    if (!isInsert) await client.db('fields').command(insert);
    const id = new UUID();
    // Past the driver, which would send a session of its own.
    const write = { $db: 'fields', lsid: { id }, txnNumber: Long.ONE };
    await sendRaw(sandbox.port, { ...first, ...write });
    const before = await documents.find().toArray();
    const reply = await sendRaw(sandbox.port, { ...next, ...write });
    expect(await documents.find().toArray()).toEqual(before);
    return reply;
  }

  it.each<[string, Document, Document, number | Document]>([
    ['an insert as an update', insert, update, 238],
    ['an insert as a delete', insert, remove, { n: 1, retriedStmtIds: [0] }],
    ['an insert as a findAndModify', insert, modify, 40_608],
    ['an insert as a findAndModify that upserts', insert, modifyUpsert, 238],
    ['an insert as a findAndModify that removes', insert, modifyRemove, 40_608],
    ['an update as an insert', update, insert, { n: 1, retriedStmtIds: [0] }],
    ['an update as a findAndModify', update, modify, 40_612],
    ['an update as a findAndModify that shows the new document', update, modifyNew, 40_611],
    ['an upsert as a findAndModify', upsert, modify, 40_608],
    [
      'an upsert as a findAndModify that upserts',
      upsert,
      modifyUpsert,
      { lastErrorObject: { n: 1, updatedExisting: false, upserted: 1 }, value: null, retriedStmtId: 0 },
    ],
    ['a delete as an update', remove, update, 40_638],
    ['a delete as a findAndModify', remove, modify, 40_606],
    ['a delete as a findAndModify that removes', remove, modifyRemove, 40_607],
    ['a findAndModify as an update', modify, update, { n: 1, nModified: 1, retriedStmtIds: [0] }],
    [
      'a findAndModify that upserts as an update',
      modifyUpsert,
      update,
      { n: 1, nModified: 0, upserted: [{ index: 0, _id: 1 }] },
    ],
    ['a findAndModify that upserts as one that does not', modifyUpsert, modify, 40_608],
    [
      'a findAndModify that upserts as one that shows the document',
      modifyUpsert,
      { ...modifyUpsert, new: true },
      { lastErrorObject: { n: 1, updatedExisting: false, upserted: 1 }, value: { _id: 1, a: 2 } },
    ],
    ['a findAndModify that removes as an update', modifyRemove, update, 40_638],
    ['a findAndModify that removes as one that does not', modifyRemove, modify, 40_606],
    [
      'a findAndModify as one that shows the other document',
      modify,
      modifyNew,
      { lastErrorObject: { n: 1, updatedExisting: true }, value: { _id: 1, a: 1 } },
    ],
    [
      'a findAndModify of some fields, which are all then',
      { ...modifyNew, fields: { _id: 1 } },
      { ...modifyNew, fields: { _id: 1 } },
      { lastErrorObject: { n: 1, updatedExisting: true }, value: { _id: 1, a: 2 } },
    ],
  ])('%s', async (_name, first, next, answer) => {
    expect(await triedAs(first, next)).toMatchObject(typeof answer === 'number' ? { ok: 0, code: answer } : answer);
  });
});

describe('a write concern that cannot be kept', () => {
  it('is told with what it was', async () => {
    const ask = (writeConcern: Document): Promise<unknown> =>
      client.db('fields').command({ insert: 'concerned', documents: [{}], writeConcern });
    await expect(ask({ w: 2, wtimeout: 5 })).rejects.toMatchObject({
      code: 100,
      errInfo: { writeConcern: { w: 2, wtimeout: 5, provenance: 'clientSupplied' } },
    });
    await expect(ask({ w: 'mine', j: true })).rejects.toMatchObject({
      code: 79,
      errInfo: { writeConcern: { w: 'mine', j: true, wtimeout: 0, provenance: 'clientSupplied' } },
    });
  });
});

describe('sizes', () => {
  it('are told of a collection with its indexes', async () => {
    const db = client.db('sizes');
    await db.collection('c').insertMany([{ a: 'x'.repeat(100) }, { a: 'y'.repeat(100) }]);
    await db.collection('c').createIndex({ a: 1 });
    const stats = await db.command({ collStats: 'c' });
    expect(stats).toMatchObject({ count: 2, nindexes: 2, scaleFactor: 1 });
    expect(stats['size']).toBeGreaterThan(200);
    expect(stats['avgObjSize']).toBe(Math.trunc(Number(stats['size']) / 2));
    expect(stats['totalIndexSize']).toBeGreaterThan(0);
    expect(await db.command({ dbStats: 1 })).toMatchObject({ collections: 1, views: 0, objects: 2, indexes: 2 });
  });
});

describe('a range without an end', () => {
  it.each([1, -1] as const)('reaches the last value of its type, in an index of direction %i', async (direction) => {
    const collection = client.db('ranges').collection(`c${direction}`);
    await collection.createIndex({ a: direction });
    await collection.insertMany([{ a: Number.POSITIVE_INFINITY }, { a: 1e308 }, { a: '' }, { a: 'a' }]);
    expect(await collection.find({ a: { $gt: 5 } }).toArray()).toHaveLength(2);
    expect(await collection.find({ a: { $lte: '' } }).toArray()).toHaveLength(1);
    expect(await collection.find({ a: { $gte: '' } }).toArray()).toHaveLength(2);
  });
});

describe('what a command is told', () => {
  const run = (command: Document): Promise<Document> => client.db('told').command(command);
  const ids = async (command: Document): Promise<readonly unknown[]> => {
    const { firstBatch } = (await run(command))['cursor'] as { firstBatch: Document[] };
    return firstBatch.map((document) => document['_id'] as unknown);
  };
  beforeAll(async () => {
    await run({ insert: 'c', documents: [{ _id: 1 }, { _id: 2 }, { _id: 3 }] });
    await run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a' }] });
  });

  it('may be a flag by a number where MongoDB takes one', async () => {
    const changed = { findAndModify: 'c', query: { _id: 1 }, update: { $set: { n: 1 } }, new: 1 };
    expect(await run(changed)).toMatchObject({ value: { _id: 1, n: 1 } });
    const made = { findAndModify: 'c', query: { _id: 9 }, update: { $set: { n: 1 } }, upsert: 1 };
    expect(await run(made)).toMatchObject({ lastErrorObject: { upserted: 9 } });
    expect(await run({ findAndModify: 'c', query: { _id: 9 }, remove: 1 })).toMatchObject({ value: { _id: 9 } });
  });

  it('loses the fraction of its counts', async () => {
    expect(await ids({ find: 'c', limit: 1.5 })).toEqual([1]);
    expect(await ids({ find: 'c', skip: 1.9 })).toEqual([2, 3]);
    expect(await ids({ find: 'c', batchSize: 2.7 })).toEqual([1, 2]);
    expect(await run({ count: 'c', limit: -2.5 })).toMatchObject({ n: 2 });
  });

  it('is a natural order also as a hint, and an empty hint is none', async () => {
    expect(await ids({ find: 'c', hint: { $natural: -1 } })).toEqual([3, 2, 1]);
    expect(await ids({ find: 'c', hint: { $natural: -1 }, sort: { $natural: 1 } })).toEqual([1, 2, 3]);
    expect(await ids({ find: 'c', hint: { $natural: -1 }, sort: { _id: 1 }, limit: 1 })).toEqual([1]);
    expect(await ids({ find: 'c', hint: {} })).toEqual([1, 2, 3]);
  });

  it('drops no index where one of those that it names is not there', async () => {
    await expect(run({ dropIndexes: 'c', index: ['a', 'b'] })).rejects.toMatchObject({ code: 27 });
    expect(await client.db('told').collection('c').indexExists('a')).toBe(true);
  });
});

describe('the variables of a command', () => {
  it('may use those in front of them, and are reckoned once', async () => {
    const letters = client.db('variables').collection<{ _id: number }>('c');
    await letters.insertMany([{ _id: 1 }, { _id: 2 }]);
    const given = { a: 2, b: { $add: ['$$a', 3] }, c: { $multiply: ['$$a', '$$b'] }, r: { $rand: {} } };
    const found = await letters.find({}, { let: given, projection: { _id: 0, c: '$$c', r: '$$r' } }).toArray();
    const [first, second] = found as readonly Document[];
    expect(first?.['c']).toBe(10);
    expect(first).toEqual(second);
  });
});
