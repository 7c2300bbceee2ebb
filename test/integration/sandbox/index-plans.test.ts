import fc from 'fast-check';
import type { Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
const db = client.db('plans');

const scalar = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom('a', 'b', 'ab', ''),
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: 0, max: 3 }).map((day) => new Date(Date.UTC(2026, 0, 1 + day))),
);
const value = fc.oneof({ weight: 4, arbitrary: scalar }, { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) });
const document = fc.record(
  { a: value, b: scalar, c: fc.record({ d: value }, { requiredKeys: [] }) },
  { requiredKeys: [] },
);
const comparison = fc.oneof(
  scalar,
  fc.record({ $gt: scalar }),
  fc.record({ $gte: scalar, $lt: scalar }),
  fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $ne: scalar }),
  fc.record({ $exists: fc.boolean() }),
);
const filter = fc.oneof(
  fc.record({ a: comparison, b: comparison, 'c.d': comparison }, { requiredKeys: [] }),
  fc.record(
    { $or: fc.array(fc.record({ a: comparison }), { minLength: 1, maxLength: 2 }), b: comparison },
    { requiredKeys: ['$or'] },
  ),
  fc.record({ $and: fc.tuple(fc.record({ a: comparison }), fc.record({ a: comparison })) }),
);
const direction = fc.constantFrom(1 as const, -1 as const);
const pattern = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c.d'), { minLength: 1, maxLength: 3 })
  .chain((fields) => fc.tuple(...fields.map((field) => fc.tuple(fc.constant(field), direction))))
  .map((fields) => Object.fromEntries(fields))
  // Two lists cannot stand in one index, in MongoDB as here.
  .filter((key) => !('a' in key && 'c.d' in key));

/** Without a sort only which documents there are is promised, and under a limit only how many. */
function shown(found: readonly Document[], isSorted: boolean, limit: number): unknown {
  const ids = found.map((one) => Number(one['_id']));
  if (isSorted) return ids;
  return limit === 0 ? ids.toSorted((left, right) => left - right) : ids.length;
}

describe('reading by index', () => {
  it('an index changes how documents are found, never which nor in what order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 25 }),
        fc.array(pattern, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(filter, fc.option(pattern), fc.integer({ min: 0, max: 4 })), { minLength: 1, maxLength: 6 }),
        async (documents, patterns, reads) => {
          const collection = db.collection<Document>('documents');
          await collection.drop();
          if (documents.length > 0)
            await collection.insertMany(documents.map((one, index) => ({ _id: index as never, ...one })));
          for (const [at, key] of patterns.entries()) {
            const isNew = patterns.findIndex((other) => JSON.stringify(other) === JSON.stringify(key)) === at;
            if (isNew) await collection.createIndex(key, { name: `i${at}` });
          }
          for (const [query, sort, limit] of reads) {
            const order = sort === null ? {} : { ...sort, _id: 1 as const };
            const byPlan = await collection.find(query).sort(order).limit(limit).toArray();
            const byScan = await collection.find(query).sort(order).limit(limit).hint({ $natural: 1 }).toArray();
            expect(shown(byPlan, sort !== null, limit)).toEqual(shown(byScan, sort !== null, limit));
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it('a claim by state, due time and priority reads an index and sorts nothing', async () => {
    const jobs = db.collection('jobs');
    await jobs.insertOne({ state: 'queued', priority: 0, notBefore: new Date(0) });
    await jobs.createIndex({ state: 1, priority: -1, notBefore: 1, _id: 1 }, { name: 'claim' });
    const explained = await db.command({
      explain: {
        find: 'jobs',
        filter: { state: { $in: ['queued', 'retrying'] } },
        sort: { priority: -1, notBefore: 1, _id: 1 },
      },
    });
    expect(explained['queryPlanner']).toMatchObject({
      winningPlan: { stage: 'FETCH', inputStage: { stage: 'IXSCAN', indexName: 'claim' } },
    });
  });
});

describe('a bound that a text must lie beyond', () => {
  it.each([1, -1] as const)('passes over all that have that very text, in an index of direction %i', async (way) => {
    const collection = db.collection<Document>('crowds');
    await collection.drop();
    await collection.createIndex({ owner: way, n: 1 });
    const owners = [...Array.from({ length: 50 }, () => 'b'), 'a', 'c'];
    await collection.insertMany(owners.map((owner, n) => ({ owner, n })));
    for (const [filter, left] of [
      [{ owner: { $gt: 'b' } }, 1],
      [{ owner: { $lt: 'b' } }, 1],
      [{ owner: { $gte: 'b' } }, 51],
    ] as const) {
      const { executionStats } = await collection.find(filter).explain('executionStats');
      expect(executionStats).toMatchObject({ nReturned: left, totalKeysExamined: left });
    }
  });
});
