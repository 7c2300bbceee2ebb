import { Int32, serialize } from 'bson';
import type { Document } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { answerTo, messageFrame } from '../../support/wire-client.ts';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { sandbox, client } = await connectedSandbox({ retryWrites: false });
const db = client.db('names');

/** Fields in an order that JavaScript's objects cannot have. */
type Fields = Map<string, unknown>;

beforeEach(async () => {
  await db.dropDatabase();
});

function fields(...entries: readonly (readonly [string, unknown])[]): Fields {
  return new Map(entries.map(([name, value]) => [name, typeof value === 'number' ? new Int32(value) : value]));
}

/** A command whose documents may be {@link Fields}, which the driver writes in their order and its types do not know. */
async function run(command: Record<string, unknown>): Promise<Document> {
  return db.command(command);
}

const BEFORE = fields(
  ['_id', 1],
  ['b', 1],
  ['2024', fields(['x', 1], ['7', 2], ['3', 3])],
  ['a', 2],
  ['5', [fields(['z', 1], ['0', 2]), 4]],
  ['3', 5],
);

async function insert(...documents: readonly Fields[]): Promise<void> {
  await run({ insert: 'c', documents });
}

/** The documents of a collection, or what a pipeline makes of it, as bytes: reading them as objects would lose the order. */
async function found(pipeline: readonly unknown[] = [], name = 'c'): Promise<Buffer[]> {
  const cursor = db.collection(name).aggregate(pipeline as Document[], { raw: true });
  return (await cursor.toArray()).map((bytes) => Buffer.from(bytes as unknown as Uint8Array));
}

function bytes(...documents: readonly Fields[]): Buffer[] {
  return documents.map((document) => Buffer.from(serialize(document)));
}

const UPDATES: readonly (readonly [name: string, update: unknown, after: Fields])[] = [
  ['$set of another field', { $set: { a: new Int32(9) } }, new Map([...BEFORE, ['a', new Int32(9)]])],
  [
    '$set of new fields, numeric ones by their numbers',
    { $set: fields(['z', 0], ['100', 0], ['11', 0], ['c', 0]) },
    new Map([...BEFORE, ...fields(['11', 0], ['100', 0], ['c', 0], ['z', 0])]),
  ],
  [
    '$set within one',
    { $set: { '2024.1': new Int32(8) } },
    new Map([...BEFORE, ['2024', fields(['x', 1], ['7', 2], ['3', 3], ['1', 8])]]),
  ],
  [
    '$inc of a place in a list, which is no field',
    { $inc: { '5.1': new Int32(1) } },
    new Map([...BEFORE, ['5', [fields(['z', 1], ['0', 2]), new Int32(5)]]]),
  ],
  [
    '$rename',
    { $rename: fields(['3', '77']) },
    new Map([...[...BEFORE].filter(([name]) => name !== '3'), ['77', new Int32(5)]]),
  ],
  ['$unset', { $unset: { '2024': '', '5': '' } }, fields(['_id', 1], ['b', 1], ['a', 2], ['3', 5])],
  ['a replacement', fields(['q', 1], ['1', 2], ['p', 3]), fields(['_id', 1], ['q', 1], ['1', 2], ['p', 3])],
  [
    'a pipeline',
    [{ $set: { '1': '$2024.3', a: new Int32(0) } }, { $unset: ['3', '5'] }],
    new Map([...[...BEFORE].filter(([name]) => name !== '3' && name !== '5'), ...fields(['a', 0], ['1', 3])]),
  ],
];

const PIPELINES: readonly (readonly [name: string, pipeline: readonly unknown[], results: readonly Fields[]])[] = [
  [
    '$project',
    [{ $project: { '3': 1, b: 1, '2024.3': 1, '2024.x': 1, _id: 0 } }],
    [fields(['b', 1], ['2024', fields(['x', 1], ['3', 3])], ['3', 5])],
  ],
  [
    '$project without',
    [{ $project: { '5': 0, b: 0, '2024.x': 0 } }],
    [fields(['_id', 1], ['2024', fields(['7', 2], ['3', 3])], ['a', 2], ['3', 5])],
  ],
  [
    'computed fields',
    [{ $project: fields(['_id', 0], ['k', '$2024.7'], ['1', '$5.0']) }],
    [fields(['k', 2], ['1', [new Int32(2)]])],
  ],
  [
    '$group',
    [{ $group: fields(['_id', '$3'], ['k', { $sum: '$b' }], ['1', { $first: '$2024' }]) }],
    [fields(['_id', 5], ['k', 1], ['1', BEFORE.get('2024')])],
  ],
  ['$replaceWith', [{ $replaceWith: fields(['k', '$3'], ['1', '$a']) }], [fields(['k', 5], ['1', 2])]],
  [
    '$mergeObjects',
    [{ $replaceWith: { $mergeObjects: [fields(['k', 1], ['1', 2]), '$2024'] } }],
    [fields(['k', 1], ['1', 2], ['x', 1], ['7', 2], ['3', 3])],
  ],
  [
    '$objectToArray',
    [{ $replaceWith: { k: { $objectToArray: '$2024' } } }],
    [fields(['k', [fields(['k', 'x'], ['v', 1]), fields(['k', '7'], ['v', 2]), fields(['k', '3'], ['v', 3])]])],
  ],
  [
    '$setField and $getField',
    [{ $replaceWith: { $setField: { field: '9', input: '$2024', value: { $getField: '3' } } } }],
    [fields(['x', 1], ['7', 2], ['3', 3], ['9', 5])],
  ],
  [
    '$unwind',
    [{ $unwind: { path: '$5', includeArrayIndex: '1' } }, { $project: { '5': 1, '1': { $toInt: '$1' } } }],
    [fields(['_id', 1], ['5', fields(['z', 1], ['0', 2])], ['1', 0]), fields(['_id', 1], ['5', 4], ['1', 1])],
  ],
  [
    '$lookup',
    [{ $lookup: { from: 'c', localField: '3', foreignField: '2024.0', as: '8' } }, { $project: { '8': 1, b: 1 } }],
    [fields(['_id', 1], ['b', 1], ['8', []])],
  ],
  ['$count', [{ $count: '4' }], [fields(['4', 1])]],
  [
    '$facet',
    [
      {
        $facet: fields(['k', [{ $project: { '3': 1 } }]], ['1', [{ $limit: new Int32(1) }, { $project: { _id: 1 } }]]),
      },
    ],
    [fields(['k', [fields(['_id', 1], ['3', 5])]], ['1', [fields(['_id', 1])]])],
  ],
  [
    '$setWindowFields',
    [{ $setWindowFields: { sortBy: { '3': 1 }, output: { '1': { $sum: '$3' } } } }, { $project: { '1': 1, '3': 1 } }],
    [fields(['_id', 1], ['3', 5], ['1', 5])],
  ],
];

/** Conditions by name and by place; both are meant where a list holds documents. */
const FILTERS: readonly (readonly [filter: Document, count: number])[] = [
  [{ '3': 5 }, 1],
  [{ '2024.7': 2 }, 1],
  [{ '5.0': 2 }, 1],
  [{ '5.0.z': 1 }, 1],
  [{ '5.1': 4 }, 1],
  [{ '5.0.0': 2 }, 1],
  [{ '5': { $elemMatch: { '0': 2 } } }, 1],
  [{ '2024': { $exists: true }, '4': { $exists: false } }, 1],
  [{ $expr: { $eq: ['$2024.3', 3] } }, 1],
  [{ $jsonSchema: { required: ['5'], properties: { '3': { bsonType: 'int' } } } }, 1],
  [{ $jsonSchema: { required: ['6'] } }, 0],
];

describe('fields whose names are whole numbers', () => {
  it.each(UPDATES)('keep MongoDB’s order after %s', async (_name, update, after) => {
    await insert(BEFORE);
    await run({ update: 'c', updates: [{ q: {}, u: update }] });
    expect(await found()).toEqual(bytes(after));
  });

  it.each(PIPELINES)('keep MongoDB’s order through %s', async (_name, pipeline, results) => {
    await insert(BEFORE);
    expect(await found(pipeline)).toEqual(bytes(...results));
  });

  it.each(FILTERS)('are found by %j', async (filter, count) => {
    await insert(BEFORE);
    expect(await db.collection('c').countDocuments(filter)).toBe(count);
    await db.collection('c').createIndex({ '5.1': 1, '3': -1 });
    await db.collection('c').createIndex({ '2024.7': 1 });
    await db.collection('c').createIndex({ '3': 1 }, { partialFilterExpression: { '5': { $exists: true } } });
    expect(await db.collection('c').countDocuments(filter)).toBe(count);
  });

  it('are found as places of lists with an index as without one', async () => {
    const lists = [[], [null], [{ x: 1 }], 5, [[]], ['a'], { x: 1 }, null];
    const c = db.collection<{ _id: number; b?: unknown }>('c');
    await c.insertMany([...lists.map((b, _id) => ({ _id, b })), { _id: lists.length }]);
    const ids = async (): Promise<number[]> =>
      (await c.find({ 'b.0': null }).sort({ _id: 1 }).toArray()).map((document) => document._id);
    const scanned = await ids();
    await c.createIndex({ 'b.0': 1 });
    expect(scanned).toEqual([1, 2, 3, 6, 7, 8]);
    expect(await ids()).toEqual(scanned);
  });

  it('are refused where an index would not know them from places of a list', async () => {
    await insert(BEFORE);
    await expect(db.collection('c').createIndex({ '5.0': 1 })).rejects.toMatchObject({ code: 16_746 });
  });

  it('are found by an index of their own', async () => {
    await insert(BEFORE);
    await db.collection('c').createIndex({ '3': 1 });
    const { queryPlanner } = await db.collection('c').find({ '3': 5 }).explain('queryPlanner');
    expect(JSON.stringify(queryPlanner)).toContain('"keyPattern":{"3":1}');
    expect(
      await db
        .collection('c')
        .find({ '3': 5 }, { projection: { '5': 1 } })
        .toArray(),
    ).toHaveLength(1);
  });

  it('are written by $out and $merge in their order', async () => {
    await insert(BEFORE);
    await found([{ $set: { a: new Int32(3) } }, { $out: 'out' }]);
    await found([{ $set: { '1': new Int32(3) } }, { $merge: { into: 'out' } }]);
    expect(await found([], 'out')).toEqual(bytes(new Map([...BEFORE, ...fields(['a', 2], ['1', 3])])));
  });

  it('are told by change events by their names', async () => {
    await insert(BEFORE);
    await using stream = db.collection('c').watch([], { showExpandedEvents: true });
    const next = stream.next();
    await run({ update: 'c', updates: [{ q: {}, u: { $set: { '2024.7': 0, '4': 1 }, $unset: { '3': '' } } }] });
    const event = await next;
    expect(event).toMatchObject({
      updateDescription: {
        updatedFields: { '2024.7': 0, '4': 1 },
        removedFields: ['3'],
        disambiguatedPaths: { '2024.7': ['2024', '7'] },
      },
    });
  });

  it('are named as they are in refusals', async () => {
    await insert(BEFORE);
    await db.collection('c').createIndex({ '3': 1 }, { unique: true });
    await expect(insert(fields(['_id', 2], ['3', 5]))).resolves.toBeUndefined();
    const reply = await run({ insert: 'c', documents: [fields(['_id', 2], ['3', 5])] });
    const [refused] = reply['writeErrors'] as { errmsg: string; keyValue: unknown }[];
    expect(refused).toMatchObject({ keyValue: { '3': 5 } });
    expect(refused?.errmsg).toContain('dup key: { 3: 5 }');
  });

  it('come back from findAndModify in their order', async () => {
    await insert(BEFORE);
    const command = { findAndModify: 'c', query: { '3': 5 }, update: { $set: { '10': 1, a: 1 } }, new: true };
    const after = Buffer.from(serialize(new Map([...BEFORE, ...fields(['a', 1], ['10', 1])])));
    const reply = await answerTo(sandbox.port, messageFrame({ ...command, $db: 'names' }));
    expect(reply.includes(after)).toBe(true);
  });
});
