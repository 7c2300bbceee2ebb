import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient, type Document } from 'mongodb';
import { beforeEach, describe, expect, it } from 'vitest';
import { startSandbox } from '#sandbox/server.ts';
import { connectedSandbox } from '../../support/connected-sandbox.ts';

const { client } = await connectedSandbox({ retryWrites: false });
const db = client.db('shop');

beforeEach(async () => {
  await db.dropDatabase();
  await db.collection<{ _id: number }>('orders').insertMany([{ _id: 1 }, { _id: 2 }]);
});

const names = async (): Promise<readonly string[]> => (await db.listCollections().toArray()).map(({ name }) => name);

describe('the collection of views', () => {
  it('stands with the first view, and has each as a document until it is dropped', async () => {
    expect(await names()).toEqual(['orders']);
    await db.createCollection('late', { viewOn: 'orders', pipeline: [{ $match: { _id: { $gt: 1 } } }] });
    await db.command({ create: 'whole', viewOn: 'orders' });
    expect(await names()).toEqual(['orders', 'system.views', 'late', 'whole']);
    expect(await db.collection('system.views').find().toArray()).toEqual([
      { _id: 'shop.late', viewOn: 'orders', pipeline: [{ $match: { _id: { $gt: 1 } } }] },
      { _id: 'shop.whole', viewOn: 'orders', pipeline: [] },
    ]);
    await db.collection('late').drop();
    expect(await db.collection('system.views').distinct('_id')).toEqual(['shop.whole']);
    await db.collection('whole').drop();
    expect(await names()).toEqual(['orders', 'system.views']);
    expect(await db.collection('system.views').countDocuments()).toBe(0);
  });

  it('takes all views with it, and leaves what they show', async () => {
    await db.createCollection('late', { viewOn: 'orders', pipeline: [] });
    await db.collection('system.views').drop();
    expect(await names()).toEqual(['orders']);
    expect(await db.collection('late').find().toArray()).toEqual([]);
    await db.createCollection('late', { viewOn: 'orders', pipeline: [] });
    expect(await db.collection('late').countDocuments()).toBe(2);
  });

  it('has what a view shows from now on, the half that is not told as before', async () => {
    await db.command({ create: 'late', viewOn: 'orders', pipeline: [{ $match: { _id: 1 } }] });
    await db.command({ collMod: 'late', pipeline: [{ $match: { _id: 2 } }] });
    expect(await db.collection('late').find().toArray()).toEqual([{ _id: 2 }]);
    await db.command({ collMod: 'late', viewOn: 'others', pipeline: [] });
    expect(await db.collection('late').find().toArray()).toEqual([]);
    const shown = { viewOn: 'others', pipeline: [] };
    expect(await db.collection('system.views').find().toArray()).toEqual([{ _id: 'shop.late', ...shown }]);
    expect(await db.listCollections({ name: 'late' }).next()).toMatchObject({ options: shown });
  });

  it('is told as a collection, and a view without stages as one with none', async () => {
    await db.command({ create: 'whole', viewOn: 'orders' });
    const listed = await db.listCollections({ name: /s/ }, { nameOnly: false }).toArray();
    expect(listed).toMatchObject([
      { name: 'orders', type: 'collection' },
      { name: 'system.views', type: 'collection', options: {}, info: { readOnly: false } },
    ]);
    const [view] = await db.listCollections({ type: 'view' }, { nameOnly: false }).toArray();
    expect(view).toEqual({
      name: 'whole',
      type: 'view',
      options: { viewOn: 'orders', pipeline: [] },
      info: { readOnly: true },
    });
  });

  it.each<[string, Document, number]>([
    ['written by insertion', { insert: 'system.views', documents: [{ _id: 'shop.x' }] }, 73],
    ['changed', { update: 'system.views', updates: [{ q: {}, u: { $set: { viewOn: 'x' } } }] }, 73],
    ['emptied', { delete: 'system.views', deletes: [{ q: {}, limit: 0 }] }, 73],
    ['indexed', { createIndexes: 'system.views', indexes: [{ key: { a: 1 }, name: 'a' }] }, 73],
    ['filled by a pipeline', { aggregate: 'orders', pipeline: [{ $out: 'system.views' }], cursor: {} }, 17_385],
    ['a view itself', { create: 'system.views', viewOn: 'orders' }, 73],
  ])('is not %s', async (_what, command, code) => {
    await db.createCollection('late', { viewOn: 'orders', pipeline: [] });
    const reply = await db.command(command).catch((cause: unknown) => cause);
    const { code: whole, writeErrors } = Object(reply) as { code?: number; writeErrors?: readonly { code: number }[] };
    expect(writeErrors?.[0]?.code ?? whole).toBe(code);
  });
});

it('views are there again after the server', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'sandbox-views-'));
  for (const isFirst of [true, false]) {
    const sandbox = await startSandbox({ dataDir });
    const own = await new MongoClient(sandbox.uri).connect();
    if (isFirst) await own.db('shop').createCollection('late', { viewOn: 'orders', pipeline: [] });
    expect(await own.db('shop').collection('system.views').distinct('_id')).toEqual(['shop.late']);
    await own.close();
    await sandbox.stop();
  }
  await rm(dataDir, { recursive: true });
});
