import { Binary, Long, UUID, type Document } from 'bson';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { queryFrame, sendFrame, sendRaw } from '../../support/wire-client.ts';

let sandbox: Sandbox;
let client: MongoClient;
let nowMs = Date.UTC(2026, 0, 1);

beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory', now: () => nowMs });
  client = await new MongoClient(sandbox.uri).connect();
  await client
    .db('d')
    .collection<{ _id: number }>('documents')
    .insertMany(Array.from({ length: 10 }, (_value, _id) => ({ _id })));
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

const MINUTE_MS = 60_000;

/** Commands without a session: the driver would add its own. */
function send(command: Document): Promise<Document> {
  return sendRaw(sandbox.port, { ...command, $db: 'd' });
}

async function open(command: Document = {}): Promise<Long> {
  const { cursor } = await send({ find: 'documents', batchSize: 2, ...command });
  const { id } = cursor as { readonly id: number | Long };
  return Long.fromValue(id);
}

function more(id: Long, others: Document = {}): Promise<Document> {
  return send({ getMore: id, collection: 'documents', batchSize: 2, ...others });
}

function session(): Document {
  return { id: new Binary(new UUID().buffer, Binary.SUBTYPE_UUID) };
}

describe('a session', () => {
  it.each<{ what: string; lsid: unknown; code: number }>([
    { what: 'is a document', lsid: 5, code: 14 },
    { what: 'has an id', lsid: {}, code: 40_414 },
    { what: 'has a UUID for its id', lsid: { id: new Binary(Buffer.alloc(16), 0) }, code: 14 },
    { what: 'has no other fields than those of sessions', lsid: { ...session(), foo: 1 }, code: 40_415 },
  ])('$what, or is refused ($code)', async ({ lsid, code }) => {
    expect(await send({ find: 'documents', lsid })).toMatchObject({ ok: 0, code });
  });
});

describe('cursors', () => {
  it('give every document once, page by page, and are gone with the last', async () => {
    const id = await open();
    const pages: Document[] = [];
    for (let page = 0; page < 5; page += 1) {
      const { nextBatch } = (await more(id))['cursor'] as { readonly nextBatch: readonly Document[] };
      pages.push(...nextBatch);
    }
    expect(pages.map((one) => Number(one['_id']))).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await more(id)).toMatchObject({ ok: 0, code: 43, codeName: 'CursorNotFound' });
  });

  it.each<{ what: string; command: Document; isOpen: boolean }>([
    { what: 'behind a full page', command: { find: 'documents', batchSize: 10 }, isOpen: true },
    { what: 'behind a page that is not full', command: { find: 'documents', batchSize: 11 }, isOpen: false },
    { what: 'behind no page', command: { find: 'documents', filter: { none: 1 }, batchSize: 0 }, isOpen: true },
    { what: 'of no collection', command: { find: 'none', batchSize: 0 }, isOpen: false },
    { what: 'at its limit', command: { find: 'documents', limit: 2, batchSize: 2 }, isOpen: false },
    {
      what: 'at the limit of an order that an index gives',
      command: { find: 'documents', sort: { _id: -1 }, limit: 2, batchSize: 2 },
      isOpen: false,
    },
    {
      what: 'at the limit of an order that is made',
      command: { find: 'documents', sort: { a: 1 }, limit: 2, batchSize: 2 },
      isOpen: true,
    },
    { what: 'of one id', command: { find: 'documents', filter: { _id: 3 }, batchSize: 1 }, isOpen: false },
    {
      what: 'of one id among several',
      command: { find: 'documents', filter: { _id: { $in: [3] } }, batchSize: 1 },
      isOpen: true,
    },
    {
      what: 'of an aggregation behind a full page',
      command: { aggregate: 'documents', pipeline: [{ $limit: 2 }], cursor: { batchSize: 2 } },
      isOpen: true,
    },
    {
      what: 'of an aggregation behind no page',
      command: { aggregate: 'none', pipeline: [], cursor: { batchSize: 0 } },
      isOpen: true,
    },
  ])('$what: is open still ($isOpen)', async ({ command, isOpen }) => {
    const { cursor } = await send(command);
    const { id } = cursor as { readonly id: number | Long };
    expect(Long.fromValue(id).isZero()).toBe(!isOpen);
    if (!isOpen) return;
    const collection = String(command['find'] ?? command['aggregate']);
    const { cursor: rest } = await more(Long.fromValue(id), { collection });
    expect(rest).toMatchObject({ nextBatch: [], id: 0 });
  });

  it('are closed by killCursors, which tells the ones it did not know', async () => {
    const id = await open();
    const unknown = Long.fromNumber(12);
    const reply = await send({ killCursors: 'documents', cursors: [id, unknown] });
    const told = (field: string): readonly string[] =>
      (reply[field] as Long[]).map((one) => Long.fromValue(one).toString());
    expect([told('cursorsKilled'), told('cursorsNotFound')]).toEqual([[id.toString()], ['12']]);
    expect(await more(id)).toMatchObject({ code: 43 });
  });

  it('that belong to another collection are refused', async () => {
    const id = await open();
    expect(await send({ getMore: id, collection: 'others' })).toMatchObject({ code: 13, codeName: 'Unauthorized' });
  });

  it('are gone on with by their own session alone', async () => {
    const [one, other] = [session(), session()];
    const [without, within] = [await open(), await open({ lsid: one })];
    expect(await more(without, { lsid: one })).toMatchObject({ code: 50_736 });
    expect(await more(within)).toMatchObject({ code: 50_737 });
    expect(await more(within, { lsid: other })).toMatchObject({ code: 50_738 });
    expect(await more(within, { lsid: one })).toMatchObject({ ok: 1 });
  });

  it.each<{ what: string; command: Document; code: number }>([
    { what: 'a getMore of no long', command: { getMore: 5, collection: 'documents' }, code: 14 },
    { what: 'a getMore of what is no collection', command: { getMore: Long.ONE, collection: 1 }, code: 14 },
    { what: 'a getMore of no collection', command: { getMore: Long.ONE, collection: '' }, code: 73 },
    { what: 'a killCursors of no list', command: { killCursors: 'documents', cursors: Long.ONE }, code: 14 },
    { what: 'a killCursors of no long', command: { killCursors: 'documents', cursors: ['5'] }, code: 14 },
    { what: 'a killCursors of what is no collection', command: { killCursors: 1, cursors: [Long.ONE] }, code: 73 },
  ])('refuse $what ($code)', async ({ command, code }) => {
    expect(await send(command)).toMatchObject({ ok: 0, code });
  });

  it('that are idle for more than ten minutes are closed, unless they may not be', async () => {
    const [idle, used, lasting] = [await open(), await open(), await open({ noCursorTimeout: true })];
    nowMs += 9 * MINUTE_MS;
    expect(await more(used)).toMatchObject({ ok: 1 });
    nowMs += 2 * MINUTE_MS;
    expect(await more(idle)).toMatchObject({ code: 43 });
    expect(await more(used)).toMatchObject({ ok: 1 });
    nowMs += 60 * MINUTE_MS;
    expect(await more(used)).toMatchObject({ code: 43 });
    expect(await more(lasting)).toMatchObject({ ok: 1 });
  });

  it('of a session end with the session and not before', async () => {
    const lsid = session();
    const [ended, killed] = [await open({ lsid }), await open({ lsid: session() })];
    nowMs += 20 * MINUTE_MS;
    expect(await more(ended, { lsid })).toMatchObject({ ok: 1 });
    await send({ endSessions: [lsid] });
    expect(await more(ended, { lsid })).toMatchObject({ code: 43 });
    nowMs += 31 * MINUTE_MS;
    await send({ ping: 1, lsid: session() });
    expect(await more(killed)).toMatchObject({ code: 43 });
  });

  it('whose time is over fail with MongoDB’s error and are gone', async () => {
    const many = Array.from({ length: 3000 }, (_value, n) => ({ n, text: 'x'.repeat(200) }));
    await client.db('d').collection('many').insertMany(many);
    const slow = {
      find: 'many',
      filter: { $expr: { $gt: [{ $size: { $range: [0, 20_000] } }, 30_000] } },
      maxTimeMS: 5,
    };
    expect(await send(slow)).toMatchObject({ ok: 0, code: 50, codeName: 'MaxTimeMSExpired' });
    expect(await send({ ...slow, maxTimeMS: -1 })).toMatchObject({ code: 2 });
    expect(await more(await open(), { maxTimeMS: 5 })).toMatchObject({
      code: 2,
      errmsg: 'cannot set maxTimeMS on getMore command for a non-awaitData cursor',
    });
    await client.db('admin').command({ configureFailPoint: 'maxTimeAlwaysTimeOut', mode: { times: 1 } });
    expect(await send({ count: 'many', maxTimeMS: 60_000 })).toMatchObject({ code: 50 });
    expect(await send({ count: 'many', maxTimeMS: 60_000 })).toMatchObject({ n: 3000 });
  });

  it('an update whose time is over has changed nothing', async () => {
    const many = client.db('d').collection('many');
    const slow = { $expr: { $gte: [{ $size: { $range: [0, 20_000] } }, 1] } };
    await expect(many.updateMany(slow, { $set: { touched: true } }, { maxTimeMS: 5 })).rejects.toMatchObject({
      code: 50,
    });
    expect(await many.countDocuments({ touched: true })).toBe(0);
  });

  it('a stream that waits for changes is answered with the next one, and at once when it is killed', async () => {
    const opened = await send({ aggregate: 'documents', pipeline: [{ $changeStream: {} }], cursor: {} });
    const id = Long.fromValue((opened['cursor'] as Document)['id'] as Long);
    const waiting = more(id, { maxTimeMS: 3_000_000_000 });
    await client.db('d').collection<{ _id: number }>('documents').insertOne({ _id: 100 });
    expect(((await waiting)['cursor'] as Document)['nextBatch']).toMatchObject([{ documentKey: { _id: 100 } }]);
    const killed = more(id, { maxTimeMS: 3_000_000_000 });
    await send({ killCursors: 'documents', cursors: [id] });
    expect(await killed).toMatchObject({ ok: 0 });
  });
});

describe('the handshake', () => {
  it('of old clients comes as OP_QUERY and is answered in their form, and nothing else is', async () => {
    const reply = await sendFrame(sandbox.port, queryFrame({ isMaster: 1, helloOk: true }));
    expect(reply).toMatchObject({ ok: 1, ismaster: true, helloOk: true, maxWireVersion: 21 });
    await expect(sendFrame(sandbox.port, queryFrame({ find: 'documents' }))).rejects.toThrow('without an answer');
  });

  it('is told again and again to who watches the server, and nobody’s connections are given up for it', async () => {
    const watching = new MongoClient(sandbox.uri, { heartbeatFrequencyMS: 500, minHeartbeatFrequencyMS: 500 });
    const failures: unknown[] = [];
    watching.on('serverHeartbeatFailed', (event) => failures.push(event.failure));
    watching.on('connectionPoolCleared', (event) => failures.push(event.address));
    let streamed = 0;
    const twice = new Promise<void>((resolve) => {
      watching.on('serverHeartbeatSucceeded', (event) => {
        streamed += event.awaited ? 1 : 0;
        if (streamed === 4) resolve();
      });
    });
    await watching.connect();
    await twice;
    expect(failures).toEqual([]);
    await watching.close();
  });

  it('says that this is the primary of a replica set of one', async () => {
    const hello = await client.db('admin').command({ hello: 1 });
    const address = `127.0.0.1:${sandbox.port}`;
    expect(hello).toMatchObject({
      isWritablePrimary: true,
      secondary: false,
      hosts: [address],
      me: address,
      primary: address,
      setName: expect.any(String) as string,
      logicalSessionTimeoutMinutes: 30,
      maxBsonObjectSize: 16 * 1024 * 1024,
      maxMessageSizeBytes: 48_000_000,
    });
  });
});

describe('lists of collections and indexes', () => {
  /** A database of their own: what other tests make is in none of them. */
  const ask = (command: Document): Promise<Document> => sendRaw(sandbox.port, { ...command, $db: 'lists' });

  async function pages(command: Document, collection: string): Promise<readonly (readonly string[])[]> {
    const first = await ask({ ...command, cursor: { batchSize: 2 } });
    const { firstBatch, id } = first['cursor'] as { readonly firstBatch: readonly Document[]; readonly id: Long };
    const all = [firstBatch.map(({ name }) => String(name))];
    for (let at = Long.fromValue(id); !at.isZero();) {
      const { cursor } = await ask({ getMore: at, collection, batchSize: 2 });
      const { nextBatch, id: next } = cursor as { readonly nextBatch: readonly Document[]; readonly id: Long };
      all.push(nextBatch.map(({ name }) => String(name)));
      at = Long.fromValue(next);
    }
    return all;
  }

  it('come in pages of the size that is asked for', async () => {
    const db = client.db('lists');
    for (const name of ['one', 'two', 'three', 'four']) await db.createCollection(name);
    for (const name of ['a', 'b', 'c', 'd']) await db.collection('one').createIndex({ [name]: 1 });
    const collections = await pages({ listCollections: 1 }, '$cmd.listCollections');
    const indexes = await pages({ listIndexes: 'one' }, 'one');
    expect(collections.map((page) => page.length)).toEqual([2, 2]);
    expect(collections.flat().toSorted()).toEqual(['four', 'one', 'three', 'two']);
    expect(indexes).toEqual([['_id_', 'a_1'], ['b_1', 'c_1'], ['d_1']]);
  });

  it('come whole where no size is asked for, and the driver reads on by itself', async () => {
    expect(await ask({ listIndexes: 'one' })).toMatchObject({ cursor: { id: 0 } });
    const listed = await client.db('lists').listCollections({}, { batchSize: 1 }).toArray();
    expect(listed).toHaveLength(4);
  });

  it('refuse a negative size', async () => {
    expect(await ask({ listCollections: 1, cursor: { batchSize: -1 } })).toMatchObject({ ok: 0, code: 51_024 });
  });
});

describe('cursors of a collection', () => {
  const GONE = { ok: 0, code: 175, codeName: 'QueryPlanKilled' };
  const opened = async (command: Document): Promise<Long> => {
    await send({ drop: 'going' });
    await send({ insert: 'going', documents: [1, 2, 3].map((a) => ({ a })) });
    await send({ createIndexes: 'going', indexes: [{ key: { a: 1 }, name: 'a' }] });
    return open({ find: 'going', batchSize: 1, ...command });
  };
  const next = (id: Long): Promise<Document> => send({ getMore: id, collection: 'going' });

  it.each<[string, Document]>([
    ['dropped', { drop: 'going' }],
    ['dropped with its database', { dropDatabase: 1 }],
  ])('end with an error when it is %s, and not with what was left', async (_what, command) => {
    const id = await opened({});
    const sorted = await open({ find: 'going', batchSize: 1, sort: { b: 1 } });
    await send(command);
    expect(await next(id)).toMatchObject(GONE);
    expect(await next(sorted)).toMatchObject(GONE);
    expect(await next(id)).toMatchObject({ code: 43 });
  });

  it('end with an error when it has another name or stands anew', async () => {
    const id = await opened({});
    await client.db('d').renameCollection('going', 'gone', { dropTarget: true });
    expect(await next(id)).toMatchObject(GONE);
    const other = await opened({});
    await send({ drop: 'going' });
    await send({ insert: 'going', documents: [{ a: 4 }] });
    expect(await next(other)).toMatchObject(GONE);
  });

  it('end with an error when their index is dropped, and go on when another one is', async () => {
    const id = await opened({ filter: { a: { $gte: 1 } } });
    const scanning = await open({ find: 'going', batchSize: 1 });
    await send({ dropIndexes: 'going', index: 'a' });
    expect(await next(id)).toMatchObject(GONE);
    expect(await next(scanning)).toMatchObject({ ok: 1, cursor: { id: 0 } });
  });
});
