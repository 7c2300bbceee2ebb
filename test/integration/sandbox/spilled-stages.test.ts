import { MongoClient, MongoServerError, type Collection, type Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';

interface Row extends Document {
  readonly _id: number;
  readonly place: number;
  readonly part: number;
  readonly text: string;
}

const ROWS = 1500;
const PARTS = 3;
/** What a stage may hold here; the documents of each part alone take more. */
const STAGE_BYTES_MAX = 32 * 1024;
const TEXT = 'x'.repeat(100);
const OVER_MEMORY = 292;
const OVER_MEMORY_OF_WINDOW = 5_414_201;
const OVER_MEMORY_OF_GROUP = 146;

let sandbox: Sandbox;
let client: MongoClient;
let rows: Collection<Row>;
beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory', stageBytesMax: STAGE_BYTES_MAX });
  client = await new MongoClient(sandbox.uri).connect();
  rows = client.db('spilled').collection<Row>('rows');
  await rows.insertMany(
    Array.from({ length: ROWS }, (_none, _id) => {
      const place = (_id * 7) % ROWS;
      return { _id, place, part: place % PARTS, text: TEXT };
    }),
  );
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

async function codeOf(stage: Document, allowDiskUse: boolean): Promise<unknown> {
  try {
    await rows.aggregate([stage], { allowDiskUse }).toArray();
    return null;
  } catch (cause) {
    return cause instanceof MongoServerError ? cause.code : cause;
  }
}

async function all<Result extends Document>(...stages: readonly Document[]): Promise<readonly Result[]> {
  return rows.aggregate<Result>([...stages]).toArray();
}

const places = Array.from({ length: ROWS }, (_none, at) => at);

describe('a stage that holds more than fits in memory', () => {
  it('finishes each window over the whole, from the beginning and around a document', async () => {
    const found = await all<{ place: number; count: number; sum: number; near: number; next: number | null }>({
      $setWindowFields: {
        sortBy: { place: 1 },
        output: {
          count: { $count: {} },
          sum: { $sum: '$place', window: { documents: ['unbounded', 'current'] } },
          near: { $sum: '$place', window: { range: [-1, 1] } },
          next: { $shift: { output: '$place', by: 400 } },
        },
      },
    });
    expect(found.map(({ place, count, sum, near, next }) => ({ place, count, sum, near, next }))).toEqual(
      places.map((place) => ({
        place,
        count: ROWS,
        sum: (place * (place + 1)) / 2,
        near: place === ROWS - 1 ? 2 * place - 1 : place * 3 + Number(place === 0),
        next: place + 400 < ROWS ? place + 400 : null,
      })),
    );
  });

  it('keeps partitions apart, each in its order', async () => {
    const found = await all<Row & { rank: number }>({
      $setWindowFields: { partitionBy: '$part', sortBy: { place: -1 }, output: { rank: { $rank: {} } } },
    });
    expect(found.map(({ part, place, rank }) => ({ part, place, rank }))).toEqual(
      [0, 1, 2].flatMap((part) =>
        places
          .filter((place) => place % PARTS === part)
          .toReversed()
          .map((place, at) => ({ part, place, rank: at + 1 })),
      ),
    );
    expect(found.every(({ text }) => text === TEXT)).toBe(true);
  });

  it('fills gaps that are wider than the memory', async () => {
    const ends = { $cond: [{ $in: ['$place', [0, ROWS - 1]] }, { $multiply: ['$place', 2] }, null] };
    const found = await all<{ place: number; line: number; last: number }>(
      { $set: { line: ends, last: ends } },
      { $fill: { sortBy: { place: 1 }, output: { line: { method: 'linear' }, last: { method: 'locf' } } } },
    );
    expect(found.map(({ line }) => line)).toEqual(places.map((place) => place * 2));
    expect(found.map(({ last }) => last)).toEqual(places.map((place) => (place === ROWS - 1 ? 2 * place : 0)));
  });

  it('makes the documents that are missing', async () => {
    const found = await all<{ place: number; text?: string }>({
      $densify: { field: 'place', range: { step: 0.5, bounds: 'full' } },
    });
    expect(found.map(({ place }) => place)).toEqual(Array.from({ length: 2 * ROWS - 1 }, (_none, at) => at / 2));
    expect(found.filter(({ text }) => text === TEXT)).toHaveLength(ROWS);
  });

  it('puts all of them into buckets', async () => {
    const found = await all({ $bucketAuto: { groupBy: '$place', buckets: 5, output: { sum: { $sum: '$place' } } } });
    const size = ROWS / 5;
    expect(found).toEqual(
      [0, 1, 2, 3, 4].map((at) => ({
        _id: { min: at * size, max: at === 4 ? ROWS - 1 : (at + 1) * size },
        sum: size * size * at + (size * (size - 1)) / 2,
      })),
    );
  });

  it.each<[name: string, stage: Document]>([
    ['$setWindowFields', { $setWindowFields: { sortBy: { place: 1 }, output: { n: { $sum: 1 } } } }],
    ['$fill', { $fill: { sortBy: { place: 1 }, output: { more: { method: 'locf' } } } }],
    ['$densify', { $densify: { field: 'place', range: { step: 1, bounds: 'full' } } }],
    ['$bucketAuto', { $bucketAuto: { groupBy: '$place', buckets: 2 } }],
    ['$sort', { $sort: { text: 1, place: 1 } }],
  ])('refuses %s where the disk may not be used', async (_name, stage) => {
    expect(await codeOf({ $facet: { one: [stage] } }, false)).toBe(OVER_MEMORY);
  });

  it('refuses a window, or a bucket, that is larger than the memory by itself', async () => {
    const pushed = { $push: '$text', window: { documents: [-1000, 0] } };
    const window = { $setWindowFields: { sortBy: { place: 1 }, output: { texts: pushed } } };
    expect(await codeOf(window, true)).toBe(OVER_MEMORY_OF_WINDOW);
    const whole = { $setWindowFields: { output: { texts: { $push: '$text' } } } };
    expect(await codeOf(whole, true)).toBe(OVER_MEMORY_OF_WINDOW);
    const bucket = { $bucketAuto: { groupBy: '$place', buckets: 1, output: { texts: { $push: '$text' } } } };
    expect(await codeOf(bucket, true)).toBe(OVER_MEMORY_OF_GROUP);
  });
});
