import type { Document } from 'mongodb';
import { beforeAll, describe, expect, it } from 'vitest';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox();
const db = client.db('explained');

beforeAll(async () => {
  await db.collection('c').insertMany([1, 2, 3].map((a) => ({ a, b: -a })));
  await db.collection('c').createIndex({ a: 1 });
  await db.createCollection('view', { viewOn: 'c', pipeline: [{ $match: { a: { $gte: 2 } } }] });
});

const explain = (command: Document): Promise<Document> => db.command({ explain: command });
const aggregate = (...pipeline: readonly Document[]): Document => ({ aggregate: 'c', pipeline, cursor: {} });

describe('explain', () => {
  it.each<[string, Document, number]>([
    ['a command that nobody has', { nothing: 1 }, 59],
    ['a command that finds nothing', { insert: 'c', documents: [{}] }, 20],
    ['a field that the command does not have', { find: 'c', filtre: {} }, 40_415],
    ['a stage that nobody has', aggregate({ $nothing: {} }), 40_324],
    ['several statements', { delete: 'c', deletes: [1, 2].map((a) => ({ q: { a }, limit: 1 })) }, 16],
    ['a write to a view', { update: 'view', updates: [{ q: {}, u: { $set: { a: 1 } } }] }, 166],
    ['a change stream', aggregate({ $changeStream: {} }), 238],
    ['documents of a database', { aggregate: 1, pipeline: [{ $match: {} }], cursor: {} }, 73],
  ])('refuses %s', async (_what, command, code) => {
    await expect(explain(command)).rejects.toMatchObject({ code });
  });

  it.each<[string, Document]>([
    ['find', { find: 'view', filter: { b: { $lt: 0 } } }],
    ['count', { count: 'view' }],
    ['aggregate', { aggregate: 'view', pipeline: [{ $match: { b: { $lt: 0 } } }], cursor: {} }],
  ])('tells of %s on a view how its collection is read', async (_name, command) => {
    expect(await explain(command)).toMatchObject({
      queryPlanner: { namespace: 'explained.c', winningPlan: { inputStage: { indexName: 'a_1' } } },
      executionStats: { nReturned: 2, totalDocsExamined: 2 },
    });
  });

  it('tells the index that the sort behind a $match is read by', async () => {
    expect(await explain(aggregate({ $match: {} }, { $sort: { a: -1 } }, { $limit: 2 }))).toMatchObject({
      queryPlanner: { winningPlan: { stage: 'LIMIT', inputStage: { inputStage: { direction: 'backward' } } } },
      executionStats: { nReturned: 2, totalDocsExamined: 2 },
    });
  });

  it('tells the stage of a command above those that find its documents', async () => {
    const scan = { stage: 'COLLSCAN', filter: { b: { $lt: 0 } } };
    const found = (plan: Document): Document => ({ queryPlanner: { winningPlan: plan } });
    const filter = { b: { $lt: 0 } };
    expect(await explain({ find: 'c', filter, projection: { a: 1, _id: 0 }, skip: 1, limit: 2 })).toMatchObject(
      found({
        stage: 'LIMIT',
        inputStage: {
          stage: 'PROJECTION_SIMPLE',
          transformBy: { a: 1, _id: 0 },
          inputStage: { stage: 'SKIP', inputStage: scan },
        },
      }),
    );
    expect(await explain({ find: 'c', filter, projection: { 'a.b': 1 } })).toMatchObject(
      found({ stage: 'PROJECTION_DEFAULT', inputStage: scan }),
    );
    expect(await explain({ count: 'c', query: filter, skip: 1 })).toMatchObject({
      ...found({ stage: 'COUNT', inputStage: scan }),
      executionStats: { nReturned: 0, totalDocsExamined: 3, executionStages: { nCounted: 2, nSkipped: 1 } },
    });
    expect(await explain({ count: 'c', limit: 2 })).toMatchObject({
      ...found({ stage: 'RECORD_STORE_FAST_COUNT' }),
      executionStats: { nReturned: 0, totalDocsExamined: 0, executionStages: { nCounted: 2 } },
    });
  });

  it('tells what a write would do, and does nothing', async () => {
    const updates = (multi: boolean, q: Document, upsert = false): Document => ({
      update: 'c',
      updates: [{ q, u: { $max: { b: -2 } }, multi, upsert }],
    });
    const executed = (stages: Document): Document => ({ executionStats: { executionStages: stages } });
    const update = { stage: 'UPDATE', nReturned: 0, nWouldUpsert: 0, inputStage: { stage: 'COLLSCAN' } };
    expect(await explain(updates(true, {}))).toMatchObject(executed({ ...update, nMatched: 3, nWouldModify: 1 }));
    expect(await explain(updates(false, {}))).toMatchObject(executed({ ...update, nMatched: 1, nWouldModify: 0 }));
    expect(await explain(updates(false, { a: 9 }, true))).toMatchObject(executed({ nMatched: 0, nWouldUpsert: 1 }));
    expect(await explain({ delete: 'c', deletes: [{ q: { a: { $gt: 1 } }, limit: 0 }] })).toMatchObject(
      executed({ stage: 'DELETE', nWouldDelete: 2, inputStage: { stage: 'FETCH', inputStage: { indexName: 'a_1' } } }),
    );
    expect(await explain({ findAndModify: 'c', query: { a: 1 }, remove: true })).toMatchObject(
      executed({ stage: 'DELETE', nWouldDelete: 1 }),
    );
    expect(await db.collection('c').countDocuments({ b: { $lt: -2 } })).toBe(1);
  });
});
