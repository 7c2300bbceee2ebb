import type { ChangeStreamOptions, Document, ResumeToken } from 'mongodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
const documents = client.db('split').collection<{ _id: number; text: string }>('documents');
const SPLIT = [{ $changeStreamSplitLargeEvent: {} }];
const IMAGES: ChangeStreamOptions = { fullDocument: 'required', fullDocumentBeforeChange: 'required' };
const [BEFORE, AFTER] = ['a'.repeat(9_000_000), 'b'.repeat(9_000_100)];

/** The next events behind a token, or from now on. */
async function events(count: number, pipeline: Document[], resumeAfter?: ResumeToken): Promise<readonly Document[]> {
  const stream = documents.watch(pipeline, { ...IMAGES, ...(resumeAfter === undefined ? {} : { resumeAfter }) });
  try {
    const seen: Document[] = [];
    while (seen.length < count) seen.push(await stream.next());
    return seen;
  } finally {
    await stream.close();
  }
}

/** What an event says, a long text by its first letter. */
function told({ _id, clusterTime, wallTime, ...event }: Document): Document {
  expect([_id, clusterTime, wallTime]).toHaveLength(3);
  const shorten = (_name: string, value: unknown): unknown =>
    typeof value === 'string' && value.length > 1000 ? value.slice(0, 1) : value;
  return JSON.parse(JSON.stringify(event, shorten)) as Document;
}

let start: ResumeToken;

beforeAll(async () => {
  await client.db('split').createCollection('documents', { changeStreamPreAndPostImages: { enabled: true } });
  const stream = documents.watch();
  await stream.tryNext();
  await documents.insertOne({ _id: 0, text: '' });
  start = (await stream.next())._id;
  await stream.close();
  await documents.insertOne({ _id: 1, text: BEFORE });
  await documents.replaceOne({ _id: 1 }, { text: AFTER });
  await documents.insertOne({ _id: 2, text: '' });
});

describe('an event above what a page holds', () => {
  it('is given in parts where the stream asks for them, the small fields first, and others whole', async () => {
    const [inserted, first, second, last] = await events(4, SPLIT, start);
    expect(told(inserted ?? {})).toMatchObject({ operationType: 'insert', fullDocument: { _id: 1, text: 'a' } });
    expect(inserted).not.toHaveProperty('splitEvent');
    expect(told(first ?? {})).toEqual({
      splitEvent: { fragment: 1, of: 2 },
      operationType: 'replace',
      ns: { db: 'split', coll: 'documents' },
      documentKey: { _id: 1 },
      fullDocumentBeforeChange: { _id: 1, text: 'a' },
    });
    expect(told(second ?? {})).toEqual({ splitEvent: { fragment: 2, of: 2 }, fullDocument: { _id: 1, text: 'b' } });
    expect(told(last ?? {})).toMatchObject({ operationType: 'insert', documentKey: { _id: 2 } });
    expect(Object.keys(first ?? {}).slice(0, 2)).toEqual(['_id', 'splitEvent']);
  });

  it('is gone on with behind the part whose token is given', async () => {
    const [, first, second, last] = await events(4, SPLIT, start);
    expect((await events(2, SPLIT, first?.['_id'])).map(told)).toEqual([told(second ?? {}), told(last ?? {})]);
    expect((await events(1, SPLIT, second?.['_id'])).map(told)).toEqual([told(last ?? {})]);
    await expect(events(1, [], first?.['_id'])).rejects.toMatchObject({ code: 280 });
  });

  it('ends a stream that does not ask for parts', async () => {
    await expect(events(2, [], start)).rejects.toMatchObject({ code: 10_334 });
  });
});
