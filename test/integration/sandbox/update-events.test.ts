import type { Document, UpdateFilter } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
let names = 0;

/** The event of one update of one document. */
async function eventOf(before: Document, update: UpdateFilter<Document> | Document[]): Promise<Document> {
  names += 1;
  const documents = client.db('updates').collection(`c${names}`);
  await using session = client.startSession();
  await documents.insertOne(before, { session });
  await documents.updateOne({}, update, { session });
  await using stream = documents.watch([{ $match: { operationType: { $ne: 'insert' } } }], {
    showExpandedEvents: true,
    ...(session.operationTime === undefined ? {} : { startAtOperationTime: session.operationTime }),
  });
  return await stream.next();
}

const LONG = 'a text that is longer than what tells of it';

describe('the event of an update by operators', () => {
  it.each([
    {
      what: 'a document that $set wrote over as a whole',
      before: { a: { b: 1, c: 2 } },
      update: { $set: { a: { b: 1, c: 3 } } },
      updated: { a: { b: 1, c: 3 } },
    },
    {
      what: 'a list that $set wrote over as a whole',
      before: { a: [1, 2, 3] },
      update: { $set: { a: [1, 2, 4] } },
      updated: { a: [1, 2, 4] },
    },
    {
      what: 'the document that was made on the way',
      before: { a: {} },
      update: { $set: { 'a.b.c': 1, 'a.b.d': 2 } },
      updated: { 'a.b': { c: 1, d: 2 } },
    },
    {
      what: 'an element that was put behind the others by its place',
      before: { a: [1] },
      update: { $push: { a: 2 } },
      updated: { 'a.1': 2 },
    },
    {
      what: 'each of the elements that were put behind the others',
      before: { a: [1] },
      update: { $push: { a: { $each: [2, 3] } } },
      updated: { 'a.1': 2, 'a.2': 3 },
    },
    {
      what: 'the list where $push found it empty',
      before: { a: [] },
      update: { $push: { a: 2 } },
      updated: { a: [2] },
    },
    {
      what: 'the list where $push put elements in front, sorted or cut it',
      before: { a: [1], b: [1], c: [1] },
      update: {
        $push: {
          a: { $each: [2], $position: 0 },
          b: { $each: [2], $sort: 1 },
          c: { $each: [2], $slice: -1 },
        },
      },
      updated: { a: [2, 1], b: [1, 2], c: [2] },
    },
    {
      what: 'the list that $addToSet, $pull and $pop changed',
      before: { a: [1], b: [1, 2, 3], c: [1, 2, 3] },
      update: { $addToSet: { a: 2 }, $pull: { b: 2 }, $pop: { c: 1 } },
      updated: { a: [1, 2], b: [1, 3], c: [1, 2] },
    },
    {
      what: 'the element that lies behind a gap, and not the gap',
      before: { a: [1] },
      update: { $set: { 'a.3': 4 } },
      updated: { 'a.3': 4 },
    },
    {
      what: 'null in the place of an element that was taken out',
      before: { a: [1, 2] },
      update: { $unset: { 'a.0': '' } },
      updated: { 'a.0': null },
    },
    {
      what: 'a field of an element',
      before: { a: [{ b: 1 }, { b: 2 }] },
      update: { $set: { 'a.$[].b': 3 } },
      updated: { 'a.0.b': 3, 'a.1.b': 3 },
    },
    {
      what: 'both sides of a new name',
      before: { a: { x: 1 }, b: 2 },
      update: { $rename: { a: 'c' } },
      updated: { c: { x: 1 } },
      removed: ['a'],
    },
    {
      what: 'nothing of an operator that left its field as it was',
      before: { a: { x: 1 }, b: 1 },
      update: { $set: { a: { x: 1 } }, $inc: { b: 1 } },
      updated: { b: 2 },
    },
  ])('tells $what', async ({ before, update, updated, removed = [] }) => {
    const event = await eventOf(before, update as UpdateFilter<Document>);
    expect(event['operationType']).toBe('update');
    expect(event['updateDescription']).toEqual({
      updatedFields: updated,
      removedFields: removed,
      truncatedArrays: [],
      disambiguatedPaths: {},
    });
  });

  it('tells what was written over before what was made, and both before what lies deeper', async () => {
    const { updateDescription } = (await eventOf({ a: { b: 1 }, c: 1 }, { $set: { 'a.b': 2, b: 3, c: 4 } })) as {
      updateDescription: { updatedFields: Document };
    };
    expect(Object.keys(updateDescription.updatedFields)).toEqual(['c', 'b', 'a.b']);
  });
});

describe('the event of an update by a pipeline', () => {
  it.each([
    {
      what: 'the fields of documents that differ',
      before: { a: { b: 1, c: LONG }, d: LONG },
      update: [{ $set: { 'a.b': 2, e: 3 } }, { $unset: 'd' }],
      told: { updatedFields: { e: 3, 'a.b': 2 }, removedFields: ['d'], truncatedArrays: [] },
    },
    {
      what: 'a document as a whole where that is shorter',
      before: { a: { b: 1 }, c: LONG },
      update: [{ $set: { 'a.b': 2 } }],
      told: { updatedFields: { a: { b: 2 } }, removedFields: [], truncatedArrays: [] },
    },
    {
      what: 'the new length of a list that was cut',
      before: { a: [LONG, 1, 2], c: LONG },
      update: [{ $set: { a: [LONG, 3] } }],
      told: { updatedFields: { 'a.1': 3 }, removedFields: [], truncatedArrays: [{ field: 'a', newSize: 2 }] },
    },
    {
      what: 'elements behind the others by their places',
      before: { a: [LONG], c: LONG },
      update: [{ $set: { a: { $concatArrays: ['$a', [2]] } } }],
      told: { updatedFields: { 'a.1': 2 }, removedFields: [], truncatedArrays: [] },
    },
    {
      what: 'a field that stands elsewhere as a new one',
      before: { a: 1, b: LONG, c: LONG },
      update: [{ $replaceWith: { _id: '$_id', b: '$b', c: '$c', a: '$a' } }],
      told: { updatedFields: { a: 1 }, removedFields: [], truncatedArrays: [] },
    },
  ])('tells $what', async ({ before, update, told }) => {
    const event = await eventOf(before, update);
    expect(event['operationType']).toBe('update');
    expect(event['updateDescription']).toEqual({ ...told, disambiguatedPaths: {} });
  });

  it('is one of a replacement where the difference is no smaller than the document', async () => {
    const event = await eventOf({ _id: 1 as never, a: 1 }, [{ $set: { a: LONG } }]);
    expect(event).toMatchObject({ operationType: 'replace', fullDocument: { _id: 1, a: LONG } });
    expect(event).not.toHaveProperty('updateDescription');
  });
});
