import { Long, MongoClient, Timestamp, type ChangeStreamOptions, type Document } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { startSandbox } from '#sandbox/server.ts';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
let names = 0;
let coll = '';

beforeEach(() => {
  names += 1;
  coll = `c${names}`;
});

const run = (command: Document, name = 'streams'): Promise<Document> => client.db(name).command(command);

interface Page {
  readonly id: Long;
  readonly events: readonly Document[];
  readonly token: Document;
}

/** Opens a stream on the collection, or on what is named. */
async function open(
  stage: Document,
  {
    behind = [],
    others = {},
    target = coll,
    db = 'streams',
  }: Partial<{
    behind: Document[];
    others: Document;
    target: string | number;
    db: string;
  }> = {},
): Promise<Page> {
  const reply = await run(
    { aggregate: target, pipeline: [{ $changeStream: stage }, ...behind], cursor: {}, ...others },
    db,
  );
  const cursor = reply['cursor'] as Document;
  const events = cursor['firstBatch'] as Document[];
  return { id: Long.fromValue(cursor['id'] as Long), events, token: cursor['postBatchResumeToken'] as Document };
}

async function more({ id }: Page, options: Document = {}): Promise<Page> {
  const reply = await run({ getMore: id, collection: coll, maxTimeMS: 1, ...options });
  const cursor = reply['cursor'] as Document;
  const events = cursor['nextBatch'] as Document[];
  return { id: Long.fromValue(cursor['id'] as Long), events, token: cursor['postBatchResumeToken'] as Document };
}

const types = ({ events }: Page): readonly unknown[] => events.map((event) => event['operationType'] as unknown);

async function insert(...ids: readonly number[]): Promise<void> {
  for (const _id of ids) await run({ insert: coll, documents: [{ _id }] });
}

describe('a change stream is refused', () => {
  it.each<{ what: string; stage: unknown; options?: Parameters<typeof open>[1]; code: number }>([
    { what: 'what is no document', stage: 'all', code: 50808 },
    { what: 'an unknown option', stage: { fullDocuments: 'updateLookup' }, code: 40415 },
    { what: 'an unknown kind of full document', stage: { fullDocument: 'lookup' }, code: 2 },
    { what: 'an unknown kind of document before', stage: { fullDocumentBeforeChange: 'on' }, code: 2 },
    { what: 'a flag that is none', stage: { showExpandedEvents: 1 }, code: 14 },
    { what: 'a time that is no timestamp', stage: { startAtOperationTime: new Date(0) }, code: 14 },
    { what: 'a token that is no document', stage: { resumeAfter: '82' }, code: 14 },
    { what: 'a token without a text', stage: { resumeAfter: { _data: 1 } }, code: 40647 },
    { what: 'a token that is not hexadecimal', stage: { resumeAfter: { _data: 'nothing' } }, code: 9 },
    { what: 'a token of nothing', stage: { resumeAfter: { _data: '' } }, code: 40649 },
    { what: 'a token that ends where it begins', stage: { startAfter: { _data: '04' } }, code: 40649 },
    { what: 'a token of a time alone', stage: { resumeAfter: { _data: `82${'0'.repeat(16)}` } }, code: 50796 },
    {
      what: 'a token with types that are no bytes',
      stage: { resumeAfter: { _data: `82${'0'.repeat(18)}`, _typeBits: 1 } },
      code: 40648,
    },
    { what: 'a token of another server', stage: { resumeAfter: { _data: '8265' } }, code: 260 },
    {
      what: 'two tokens',
      stage: { resumeAfter: { _data: `82${'0'.repeat(18)}` }, startAfter: { _data: `82${'0'.repeat(18)}` } },
      code: 50865,
    },
    {
      what: 'a token and a time',
      stage: { resumeAfter: { _data: `82${'0'.repeat(18)}` }, startAtOperationTime: new Timestamp({ t: 1, i: 1 }) },
      code: 40674,
    },
    { what: 'everything on a collection', stage: { allChangesForCluster: true }, code: 72 },
    { what: 'the database admin alone', stage: {}, options: { target: 1, db: 'admin' }, code: 73 },
    { what: 'the database config', stage: {}, options: { target: 1, db: 'config' }, code: 73 },
    { what: 'the database local', stage: {}, options: { target: 'c', db: 'local' }, code: 73 },
    { what: 'a collection of the server', stage: {}, options: { target: 'system.js' }, code: 73 },
    { what: 'events of the server', stage: { showSystemEvents: true }, code: 238 },
    { what: 'the form of the oplog', stage: { showRawUpdateDescription: true }, code: 238 },
    {
      what: 'the splitting of events that is told how',
      stage: {},
      options: { behind: [{ $changeStreamSplitLargeEvent: { n: 1 } }] },
      code: 7182800,
    },
    {
      what: 'the splitting of events before its end',
      stage: {},
      options: { behind: [{ $changeStreamSplitLargeEvent: {} }, { $match: {} }] },
      code: 7182802,
    },
    {
      what: 'a stage that compares texts by a collation',
      stage: {},
      options: { behind: [{ $project: { a: 1 } }], others: { collation: { locale: 'en', strength: 2 } } },
      code: 238,
    },
  ])('$what ($code)', async ({ stage, options, code }) => {
    await expect(open(stage as Document, options)).rejects.toMatchObject({ code });
  });

  it('on a view (166)', async () => {
    await run({ create: coll, viewOn: 'others', pipeline: [] });
    await expect(open({})).rejects.toMatchObject({ code: 166 });
  });
});

describe('a change stream', () => {
  it('takes options that are null for options that are not there', async () => {
    await expect(open({ resumeAfter: null, fullDocument: null })).resolves.toMatchObject({ events: [] });
  });

  it('compares texts by the collation of its command', async () => {
    const others = { collation: { locale: 'en', strength: 2 } };
    const stream = await open({}, { behind: [{ $match: { 'documentKey._id': 'A' } }], others });
    await run({ insert: coll, documents: [{ _id: 'a' }, { _id: 'b' }] });
    const { events } = await more(stream);
    expect(events.map((event) => event['documentKey'] as unknown)).toEqual([{ _id: 'a' }]);
  });

  it('knows the variables of its command', async () => {
    const behind = [{ $match: { $expr: { $eq: ['$documentKey._id', '$$wanted'] } } }, { $set: { wanted: '$$wanted' } }];
    const stream = await open({}, { behind, others: { let: { wanted: 2 } } });
    await insert(1, 2);
    expect((await more(stream)).events).toMatchObject([{ documentKey: { _id: 2 }, wanted: 2 }]);
  });

  it('has the fields of its events in their order', async () => {
    await run({ create: coll });
    const stream = await open({ showExpandedEvents: true });
    await insert(1);
    await run({ update: coll, updates: [{ q: {}, u: { $set: { a: 1 } } }] });
    const { events } = await more(stream);
    expect(events.map((event) => Object.keys(event))).toEqual([
      ['_id', 'operationType', 'clusterTime', 'collectionUUID', 'wallTime', 'fullDocument', 'ns', 'documentKey'],
      ['_id', 'operationType', 'clusterTime', 'collectionUUID', 'wallTime', 'ns', 'documentKey', 'updateDescription'],
    ]);
  });

  it('gives no more events at once than were asked for, also where one of them ends it', async () => {
    const stream = await open({});
    await insert(1);
    await run({ drop: coll });
    const pages: Page[] = [];
    for (let page = stream; pages.length < 3;)
      pages.push((page = await more({ ...stream, ...page }, { batchSize: 1 })));
    expect(pages.map(types)).toEqual([['insert'], ['drop'], ['invalidate']]);
    expect(pages.map(({ id }) => id.isZero())).toEqual([false, false, true]);
  });

  it('gives all that there is where getMore asks for 0', async () => {
    const stream = await open({});
    await insert(1, 2);
    expect(types(await more(stream, { batchSize: 0 }))).toEqual(['insert', 'insert']);
  });

  it('gives pages that fit into a message', async () => {
    const stream = await open({});
    const text = 'x'.repeat(9 * 1024 * 1024);
    for (const _id of [1, 2, 3]) await run({ insert: coll, documents: [{ _id, text }] });
    const first = await more(stream);
    const second = await more(stream);
    expect([types(first), types(second)]).toEqual([['insert'], ['insert']]);
    const resumed = await open({ resumeAfter: first.token });
    expect(resumed.events.map((event) => event['documentKey'] as unknown)).toEqual([{ _id: 2 }]);
  });

  it('fails with an event that is larger than a document may be, unless it is to be split', async () => {
    await run({ create: coll, changeStreamPreAndPostImages: { enabled: true } });
    const text = 'x'.repeat(9 * 1024 * 1024);
    await run({ insert: coll, documents: [{ _id: 1, text }] });
    const stream = await open({ fullDocument: 'updateLookup', fullDocumentBeforeChange: 'required' });
    const split = await open(
      { fullDocument: 'updateLookup', fullDocumentBeforeChange: 'required' },
      { behind: [{ $changeStreamSplitLargeEvent: {} }] },
    );
    await run({ update: coll, updates: [{ q: {}, u: { $set: { a: 1 } } }] });
    await expect(more(stream)).rejects.toMatchObject({ code: 10334 });
    expect((await more(split)).events.map((event) => event['splitEvent'] as unknown)).toEqual([{ fragment: 1, of: 2 }]);
  });

  it('fails where a stage changed the token of an event', async () => {
    const stream = await open({}, { behind: [{ $set: { _id: { _data: '82' } } }] });
    await insert(1);
    await expect(more(stream)).rejects.toMatchObject({ code: 280, errorLabels: ['NonResumableChangeStreamError'] });
  });

  it('asks for images only of events that a $match on other fields lets through', async () => {
    const stream = await open(
      { fullDocument: 'required', fullDocumentBeforeChange: 'required' },
      { behind: [{ $match: { 'documentKey._id': 1 } }] },
    );
    await insert(1, 2);
    await run({ update: coll, updates: [{ q: { _id: 2 }, u: { $set: { a: 1 } } }] });
    expect(types(await more(stream))).toEqual(['insert']);
    await run({ update: coll, updates: [{ q: { _id: 1 }, u: { $set: { a: 1 } } }] });
    await expect(more(stream)).rejects.toMatchObject({ code: 47 });
  });

  it('looks a document up in the collection that it was changed in, and in no other one of that name', async () => {
    const stream = await open({ fullDocument: 'updateLookup' });
    await insert(1);
    await run({ update: coll, updates: [{ q: {}, u: { $set: { a: 1 } } }] });
    await run({ drop: coll });
    await insert(1);
    const { events } = await more(stream);
    expect(events[1]).toMatchObject({ operationType: 'update', fullDocument: null });
  });
});

describe('a change stream that goes on behind', () => {
  async function insertedEvents(...ids: readonly number[]): Promise<Page> {
    const stream = await open({});
    await insert(...ids);
    return more(stream);
  }

  async function drop(): Promise<readonly Document[]> {
    const stream = await open({});
    await insert(1);
    await run({ drop: coll });
    return (await more(stream)).events.map((event) => event['_id'] as Document);
  }

  it.each(['resumeAfter', 'startAfter'])(
    'the drop of its collection by %s gives the invalidation only',
    async (option) => {
      const [, dropped] = await drop();
      await insert(2);
      const resumed = await open({ [option]: dropped });
      expect([types(resumed), resumed.id.isZero()]).toEqual([['invalidate'], true]);
    },
  );

  it('an event that it does not watch fails at the next event', async () => {
    const other = coll;
    const [inserted] = await drop();
    coll = `${other}other`;
    const resumed = await open({ resumeAfter: inserted });
    expect(resumed.events).toEqual([]);
    await insert(1);
    await expect(more(resumed)).rejects.toMatchObject({ code: 280 });
  });

  it('an event that its own pipeline holds back fails at the next event that it lets through', async () => {
    const [first] = (await insertedEvents(1)).events;
    const behind = [{ $match: { 'fullDocument._id': { $gt: 1 } } }];
    const resumed = await open({ resumeAfter: first?.['_id'] as Document }, { behind });
    await insert(0);
    expect((await more(resumed)).events).toEqual([]);
    await insert(2);
    await expect(more(resumed)).rejects.toMatchObject({ code: 280, errorLabels: ['NonResumableChangeStreamError'] });
  });

  it('an event that its own pipeline lets through gives what is behind it', async () => {
    const [first] = (await insertedEvents(1, 2)).events;
    const behind = [{ $match: { 'fullDocument._id': { $gt: 0 } } }];
    const resumed = await open({ resumeAfter: first?.['_id'] as Document }, { behind });
    expect(resumed.events.map((event) => event['documentKey'] as unknown)).toEqual([{ _id: 2 }]);
  });

  it('a change without the image that it now asks for fails', async () => {
    const stream = await open({});
    await insert(1);
    await run({ update: coll, updates: [{ q: {}, u: { $set: { a: 1 } } }] });
    const updated = (await more(stream)).events[1]?.['_id'] as Document;
    await expect(open({ resumeAfter: updated, fullDocumentBeforeChange: 'required' })).rejects.toMatchObject({
      code: 47,
    });
    const later = await open(
      { resumeAfter: updated, fullDocument: 'required' },
      { others: { cursor: { batchSize: 0 } } },
    );
    await expect(more(later)).rejects.toMatchObject({ code: 47 });
  });

  it('the invalidation of a collection fails where the stream is one of the database', async () => {
    const [, , invalidated] = await drop();
    await insert(2);
    await expect(open({ startAfter: invalidated }, { target: 1 })).rejects.toMatchObject({ code: 280 });
  });

  it('what it had read, and gives what it did not watch before', async () => {
    const stream = await open({}, { behind: [{ $match: { operationType: 'delete' } }] });
    await insert(1);
    const { events, token } = await more(stream);
    expect(events).toEqual([]);
    await insert(2);
    const resumed = await open({ resumeAfter: token });
    expect(types(resumed)).toEqual(['insert']);
  });
});

describe('a change stream that begins at a time', () => {
  const watch = (options: ChangeStreamOptions): Promise<Page> => open(options as Document);

  it('to come tells nothing of before', async () => {
    await insert(1);
    const now = (await run({ ping: 1 }))['operationTime'] as Timestamp;
    const stream = await watch({ startAtOperationTime: new Timestamp({ t: now.t + 1000, i: 1 }) });
    await insert(2);
    expect((await more(stream)).events).toEqual([]);
  });

  it('that the log no longer has is told so', async () => {
    const small = await startSandbox({ dataDir: 'memory', oplogBytesMax: 50_000 });
    const other = await new MongoClient(small.uri).connect();
    try {
      const documents = other.db('streams').collection('filler');
      const text = 'x'.repeat(1000);
      for (let round = 0; round < 4; round += 1)
        await documents.insertMany(Array.from({ length: 100 }, () => ({ text })));
      const stream = documents.watch([], { startAtOperationTime: new Timestamp({ t: 1, i: 1 }) });
      await expect(stream.next()).rejects.toMatchObject({ code: 286 });
    } finally {
      await other.close();
      await small.stop();
    }
  });
});
