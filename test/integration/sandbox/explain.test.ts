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
});
