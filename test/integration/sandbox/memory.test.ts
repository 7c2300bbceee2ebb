import { MongoClient, MongoServerError, type Collection, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';

interface Row extends Document {
  readonly _id: number;
  readonly key: number;
  readonly text: string;
}

const ROWS = 13_000;
/** 13,000 of these are more than the 100 MB that a stage may hold. */
const TEXT = 'x'.repeat(8_500);
const OVER_MEMORY = 292;

let sandbox: Sandbox;
let client: MongoClient;
let rows: Collection<Row>;
beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory', oplogBytesMax: 1024 * 1024 });
  client = await new MongoClient(sandbox.uri).connect();
  rows = client.db('memory').collection<Row>('rows');
  for (let from = 0; from < ROWS; from += 1000)
    await rows.insertMany(
      Array.from({ length: 1000 }, (_none, at) => {
        const _id = from + at;
        return { _id, key: (_id * 7919) % ROWS, text: TEXT };
      }),
    );
}, 120_000);
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

async function codeOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return null;
  } catch (cause) {
    return cause instanceof MongoServerError ? cause.code : cause;
  }
}

/** A stage in front keeps the sort from being answered with the read. */
const SORTED = [{ $addFields: { more: 1 } }, { $sort: { key: 1 } }, { $project: { key: 1 } }];
const GROUPED = [{ $group: { _id: '$key', texts: { $push: '$text' } } }, { $project: { _id: 1 } }];

describe('what a stage holds beyond 100 MB', () => {
  it('goes to the disk in a sort, and comes back in order', { timeout: 120_000 }, async () => {
    const keys = (await rows.aggregate(SORTED).toArray()).map((row) => row['key'] as number);
    expect(keys).toEqual(Array.from({ length: ROWS }, (_none, at) => at));
  });

  it('goes to the disk in groups, each of which is told once and whole', { timeout: 120_000 }, async () => {
    const pairs = [
      { $group: { _id: { $mod: ['$key', 6500] }, texts: { $push: '$text' }, first: { $first: '$_id' } } },
      { $project: { n: { $size: '$texts' }, first: 1 } },
    ];
    const groups = await rows.aggregate(pairs).toArray();
    expect(groups).toHaveLength(6500);
    expect(groups.every((group) => group['n'] === 2)).toBe(true);
    for (const { _id, first } of groups) expect(((Number(first) * 7919) % ROWS) % 6500).toBe(_id);
  });

  it('is refused where the disk may not be used', { timeout: 120_000 }, async () => {
    const options = { allowDiskUse: false };
    expect(await codeOf(rows.aggregate(SORTED, options).toArray())).toBe(OVER_MEMORY);
    expect(await codeOf(rows.aggregate(GROUPED, options).toArray())).toBe(OVER_MEMORY);
    expect(await codeOf(rows.find({}, options).sort({ key: 1 }).toArray())).toBe(OVER_MEMORY);
  });

  it('is no matter to a find with a sort that may use the disk', { timeout: 120_000 }, async () => {
    const keys = await rows
      .find()
      .sort({ key: -1 })
      .project<{ key: number }>({ key: 1 })
      .map((row) => row.key)
      .toArray();
    expect(keys).toEqual(Array.from({ length: ROWS }, (_none, at) => ROWS - 1 - at));
  });

  it('is joined document by document', { timeout: 120_000 }, async () => {
    await rows.createIndex({ key: 1 });
    const joined = await client
      .db('memory')
      .collection('rows')
      .aggregate([
        { $match: { _id: { $lt: 5 } } },
        { $lookup: { from: 'rows', localField: '_id', foreignField: 'key', as: 'of' } },
        { $project: { keys: '$of.key' } },
      ])
      .toArray();
    expect(joined).toEqual([0, 1, 2, 3, 4].map((_id) => ({ _id, keys: [_id] })));
  });

  it('is written to another collection as it is', { timeout: 120_000 }, async () => {
    await rows.aggregate([{ $out: 'copy' }]).toArray();
    expect(await client.db('memory').collection('copy').estimatedDocumentCount()).toBe(ROWS);
  });
});
