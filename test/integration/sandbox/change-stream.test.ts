import {
  MongoClient,
  Timestamp,
  type ChangeStream,
  type ChangeStreamDocument,
  type Collection,
  type Document,
} from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';

interface Kept {
  readonly _id: number;
  readonly n: number;
}

let sandbox: Sandbox;
let client: MongoClient;
let names = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory', oplogBytesMax: 50_000 });
  client = await new MongoClient(sandbox.uri).connect();
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

function collection(): Collection<Kept> {
  names += 1;
  return client.db('streams').collection<Kept>(`c${names}`);
}

async function take(stream: ChangeStream<Kept>, count: number): Promise<readonly ChangeStreamDocument<Kept>[]> {
  const events: ChangeStreamDocument<Kept>[] = [];
  while (events.length < count) events.push(await stream.next());
  return events;
}

function told(events: readonly ChangeStreamDocument<Kept>[]): readonly unknown[] {
  return events.map((event) => [event.operationType, 'documentKey' in event ? event.documentKey._id : null]);
}

async function inserted(documents: Collection<Kept>, ...ids: readonly number[]): Promise<void> {
  for (const _id of ids) await documents.insertOne({ _id, n: 0 });
}

describe('change streams', () => {
  it('go on behind an event that they are given, by resumeAfter and by startAfter', async () => {
    const documents = collection();
    const stream = documents.watch();
    await stream.tryNext();
    await inserted(documents, 1, 2, 3);
    const [, second] = await take(stream, 2);
    await stream.close();
    for (const option of ['resumeAfter', 'startAfter'] as const) {
      const resumed = documents.watch([], { [option]: second?._id });
      expect(told(await take(resumed, 1))).toEqual([['insert', 3]]);
      await resumed.close();
    }
    await expect(documents.watch([], { resumeAfter: { _data: '8265' } }).next()).rejects.toMatchObject({
      code: 260,
    });
  });

  it('begin at a time of operation, with what happened at it', async () => {
    const documents = collection();
    await inserted(documents, 1);
    const session = client.startSession();
    await documents.insertOne({ _id: 2, n: 0 }, { session });
    const { operationTime } = session;
    await session.endSession();
    await inserted(documents, 3);
    expect(operationTime).toBeInstanceOf(Timestamp);
    const stream = documents.watch([], operationTime === undefined ? {} : { startAtOperationTime: operationTime });
    expect(told(await take(stream, 2))).toEqual([
      ['insert', 2],
      ['insert', 3],
    ]);
    await stream.close();
  });

  it('look a changed document up as it is now, which may be gone', async () => {
    const documents = collection();
    await inserted(documents, 1, 2);
    const stream = documents.watch([{ $match: { operationType: 'update' } }], { fullDocument: 'updateLookup' });
    await stream.tryNext();
    await documents.updateOne({ _id: 1 }, { $set: { n: 1 } });
    await documents.updateOne({ _id: 2 }, { $set: { n: 1 } });
    await documents.updateOne({ _id: 1 }, { $set: { n: 2 } });
    await documents.deleteOne({ _id: 2 });
    const events = (await take(stream, 3)) as readonly Document[];
    expect(events.map((event) => event['fullDocument'] as unknown)).toEqual([{ _id: 1, n: 2 }, null, { _id: 1, n: 2 }]);
    expect(events[0]?.['updateDescription']).toMatchObject({ updatedFields: { n: 1 }, removedFields: [] });
    await stream.close();
  });

  it('give the document before a change where the collection keeps it, and fail where it is required and was not kept', async () => {
    const documents = collection();
    await inserted(documents, 1);
    const required = documents.watch([], { fullDocumentBeforeChange: 'required' });
    await required.tryNext();
    await documents.updateOne({ _id: 1 }, { $set: { n: 1 } });
    await expect(required.next()).rejects.toMatchObject({ code: 47 });
    await client
      .db('streams')
      .command({ collMod: documents.collectionName, changeStreamPreAndPostImages: { enabled: true } });
    const stream = documents.watch([], { fullDocumentBeforeChange: 'required', fullDocument: 'required' });
    await stream.tryNext();
    await documents.updateOne({ _id: 1 }, { $set: { n: 2 } });
    await documents.updateOne({ _id: 1 }, { $set: { n: 3 } });
    await documents.deleteOne({ _id: 1 });
    const events = (await take(stream, 3)) as readonly Document[];
    expect(
      events.map((event) => [
        (event['fullDocumentBeforeChange'] as Kept).n,
        (event['fullDocument'] as Kept | undefined)?.n,
      ]),
    ).toEqual([
      [1, 2],
      [2, 3],
      [3, undefined],
    ]);
    await stream.close();
  });

  it('end with an invalidate event when their collection goes, and go on behind it only by startAfter', async () => {
    const documents = collection();
    const stream = documents.watch();
    await stream.tryNext();
    await inserted(documents, 1);
    await documents.drop();
    const events = await take(stream, 3);
    expect(told(events).map((one) => (one as readonly unknown[])[0])).toEqual(['insert', 'drop', 'invalidate']);
    expect(await stream.tryNext().catch(() => null)).toBeNull();
    const invalidate = events.at(-1)?._id;
    await expect(documents.watch([], { resumeAfter: invalidate }).next()).rejects.toMatchObject({ code: 260 });
    const again = documents.watch([], { startAfter: invalidate });
    await inserted(documents, 2);
    expect(told(await take(again, 1))).toEqual([['insert', 2]]);
    await again.close();
  });

  it('run their events through a pipeline, and refuse stages that would make events of several', async () => {
    const documents = collection();
    const pipeline = [{ $match: { 'fullDocument.n': { $gt: 1 } } }, { $project: { n: '$fullDocument.n' } }];
    const stream = documents.watch<Kept, Document>(pipeline);
    await stream.tryNext();
    await documents.insertMany([
      { _id: 1, n: 1 },
      { _id: 2, n: 2 },
    ]);
    expect(await stream.next()).toMatchObject({ n: 2 });
    await stream.close();
    await expect(documents.watch([{ $group: { _id: null } }]).next()).rejects.toMatchObject({ code: 20 });
    const withoutId = documents.watch([{ $project: { _id: 0 } }]);
    await withoutId.tryNext();
    await inserted(documents, 3);
    await expect(withoutId.next()).rejects.toMatchObject({ code: 280 });
  });

  it('whose place is no longer in the log are told so, and cannot go on', async () => {
    const documents = collection();
    const stream = documents.watch();
    await stream.tryNext();
    await inserted(documents, 1);
    const [first] = await take(stream, 1);
    await stream.close();
    const text = 'x'.repeat(1000);
    for (let round = 0; round < 4; round += 1)
      await client
        .db('streams')
        .collection('filler')
        .insertMany(Array.from({ length: 100 }, () => ({ text })));
    for (const options of [{ resumeAfter: first?._id }, { startAfter: first?._id }]) {
      await expect(documents.watch([], options).next()).rejects.toMatchObject({
        code: 286,
        codeName: 'ChangeStreamHistoryLost',
        errorLabels: ['NonResumableChangeStreamError'],
      });
    }
  });
});
