import fc from 'fast-check';
import type { Db, Document } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseJob, type Job } from '#domain/job.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { toOurs, toTheirs } from '#domain/mapping/mapped-documents.ts';
import { applyChange } from '#domain/transition.ts';
import { guardOf, pipelineOf } from '#store/change-update.ts';
import { openCollections } from '#store/collections.ts';
import { attemptCall } from '#store/driver-errors.ts';
import { mappedDb } from '#store/mapping/mapped-db.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { mappingArbitrary, unknownElementFieldsOf, withUnknownElementFields } from '../../support/mapping-arbitrary.ts';
import { walk, walkStep } from '../../support/model-walk.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let db: Db;

beforeAll(async () => {
  server = await startTestServer();
  db = server.client.db(server.dbName);
});
afterAll(() => server.stop());
beforeEach(() => db.dropDatabase());

const shop = mappedCollection(SHOP_MAPPING, 'jobs');

function job(document: unknown): Job {
  const parsed = parseJob(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** The times of one statement as one, where a server reads its clock more than once. */
function withoutTimes(value: unknown): unknown {
  if (value instanceof Date) return 'a time';
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutTimes(one)]));
}

async function inserted(theirs: Document): Promise<void> {
  await db.collection(SHOP_MAPPING.collections.jobs).insertOne(theirs);
}

function stored(): Promise<Document | null> {
  return db.collection(SHOP_MAPPING.collections.jobs).findOne({});
}

describe('an update through a mapping', () => {
  it('does on the server what the domain does, whatever the mapping, and changes no other field', async () => {
    await fc.assert(
      fc.asyncProperty(mappingArbitrary, fc.array(walkStep, { maxLength: 6 }), async (mapping, steps) => {
        const collection = mappedCollection(mapping, 'jobs');
        const theirs = db.collection<Document>(mapping.collections.jobs);
        const ours = openCollections(mappedDb(db, mapping)).jobs;
        for (const { before, change } of walk(steps).walked) {
          await theirs.deleteMany({});
          const extra = { unknown: { deep: [1, { state: 'x' }], text: '$price' } };
          const inner = toTheirs(collection, { ...before }, { ...extra, meta: { more: 1 }, _id: before._id });
          await theirs.insertOne(withUnknownElementFields(collection, inner));
          const was = await theirs.findOne({});
          if (was === null) throw new Error('it is gone');
          const standing = job(await ours.findOne({ _id: before._id }));
          const update = { updateOne: { filter: guardOf(change), update: pipelineOf(change) } };
          expect((await ours.bulkWrite([update])).matchedCount).toBe(1);
          const now = await theirs.findOne({});
          // A validation may take the place of another one; no other list loses an element here.
          const [kept, stood] = [now, was].map((one) => {
            const { history, attempts, billing } = toOurs(collection, one ?? {});
            return unknownElementFieldsOf([history, attempts, billing]);
          });
          expect(kept).toBe(stood);
          const after = job(await ours.findOne({ _id: before._id }));
          const expected = applyChange(standing, change, after.updatedAt);
          expect(withoutTimes(after)).toEqual(withoutTimes(expected));
          expect(now).toMatchObject(extra);
          // The server translates just as the domain does, and what it did not change stands as it stood.
          expect(now).toEqual(toTheirs(collection, toOurs(collection, now ?? {}), was));
          expect((await ours.bulkWrite([update])).matchedCount).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves the document just as it is where nothing is to be changed', async () => {
    const { job: done, walked } = walk([]);
    expect(walked).toEqual([]);
    await inserted({ ...toTheirs(shop, { ...done }, null), status: 'scheduled', error: null, lock: 5 });
    const was = await stored();
    const change = walk([]).job;
    const result = await openCollections(mappedDb(db, SHOP_MAPPING)).jobs.updateMany({ _id: change._id }, [
      { $set: { state: '$state', 'lease.token': '$lease.token' } },
    ]);
    expect(result.matchedCount).toBe(1);
    expect(await stored()).toEqual(was);
  });

  it('finds a job by every name of its state, and by its date and amount in their forms', async () => {
    const one = queuedJob({ id: 'a', priceCredits: 250 });
    await inserted({ ...toTheirs(shop, { ...one }, null), status: 'scheduled' });
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    const found = async (filter: Document): Promise<boolean> => (await jobs.findOne(filter)) !== null;
    expect(await found({ state: 'queued' })).toBe(true);
    expect(await found({ state: { $ne: 'queued' } })).toBe(false);
    expect(await found({ state: { $in: ['failed', 'retrying'] } })).toBe(false);
    expect(await found({ 'billing.price': 250 })).toBe(true);
    expect(await found({ 'billing.price': { $gt: 250 } })).toBe(false);
    expect(await found({ createdAt: { $gte: one.createdAt } })).toBe(true);
    expect(await found({ createdAt: { $gt: one.createdAt } })).toBe(false);
    expect(await found({ failure: null })).toBe(true);
    expect(await found({ failure: { $ne: null } })).toBe(false);
    expect(await found({ 'billing.pending': { $size: 0 } })).toBe(true);
  });

  it('is refused by the server where a value is not written as the mapping says, and changes nothing', async () => {
    await inserted({ ...toTheirs(shop, { ...queuedJob({ id: 'a' }) }, null), cost: 1.005 });
    const was = await stored();
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    const written = await attemptCall(() => jobs.updateMany({}, [{ $set: { attempt: '$billing.price' } }]));
    expect(written).toMatchObject({ ok: false, error: { code: 'server_error' } });
    expect(await stored()).toEqual(was);
  });

  it('is refused by the server where a list stands in the place of an object, and changes nothing', async () => {
    const sound = toTheirs(shop, { ...queuedJob({ id: 'a' }) }, null);
    await inserted({ ...sound, error: [{ class: 'x' }] });
    const was = await stored();
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    const written = await attemptCall(() => jobs.updateMany({}, [{ $set: { attempt: 4 } }]));
    expect(written).toMatchObject({ ok: false, error: { code: 'server_error' } });
    expect(await stored()).toEqual(was);
  });

  it.each<{ what: string; call: (ours: Db) => Promise<unknown> }>([
    { what: 'an unknown field', call: (ours) => openCollections(ours).jobs.findOne({ colour: 'red' }) },
    { what: 'a range of states', call: (ours) => openCollections(ours).jobs.findOne({ state: { $gt: 'a' } }) },
    { what: 'a text in the place of a date', call: (ours) => openCollections(ours).jobs.findOne({ createdAt: 'now' }) },
    {
      what: 'an operator that has no other form',
      call: (ours) => openCollections(ours).jobs.updateOne({}, { $rename: { kind: 'sort' } }),
    },
    {
      what: 'an unknown field that a pipeline writes',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $set: { colour: 'red' } }]),
    },
    {
      what: 'an unknown field that a pipeline reads, which stands there',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $set: { kind: { $ifNull: ['$colour', 'x'] } } }]),
    },
    {
      what: 'an unknown field that a pipeline reads of the whole document',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $set: { kind: '$$ROOT.colour' } }]),
    },
    {
      what: 'an unknown field that a pipeline takes away',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $unset: ['progress', 'colour'] }]),
    },
    {
      what: 'an unknown piece of an object that a pipeline writes',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $set: { failure: { class: 'input', colour: 1 } } }]),
    },
    {
      what: 'an unknown piece of an object that a pipeline puts together',
      call: (ours) =>
        openCollections(ours).jobs.updateOne({}, [
          { $set: { lease: { $mergeObjects: [{ $literal: { colour: 1 } }, { token: 1 }] } } },
        ]),
    },
    {
      what: 'another id by a pipeline',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $set: { _id: 'b' } }]),
    },
    {
      what: 'a pipeline that makes another document',
      call: (ours) => openCollections(ours).jobs.updateOne({}, [{ $replaceWith: { kind: 'x' } }]),
    },
    { what: 'a replacement', call: (ours) => openCollections(ours).jobs.replaceOne({}, { kind: 'x' }) },
    { what: 'a deletion', call: (ours) => openCollections(ours).jobs.deleteMany({}) },
    {
      what: 'a stage that makes other documents',
      call: (ours) =>
        openCollections(ours)
          .jobs.aggregate([{ $group: { _id: 1 } }])
          .toArray(),
    },
    { what: 'their collection by its own name', call: async (ours) => ours.collection('render_tasks').findOne({}) },
    { what: 'a command about a collection', call: (ours) => ours.command({ drop: 'jobs' }) },
    { what: 'dropping the database', call: (ours) => ours.dropDatabase() },
  ])('is a typed error and reaches no server for $what', async ({ call }) => {
    await inserted({ ...toTheirs(shop, { ...queuedJob({ id: 'a' }) }, null), colour: 'green' });
    const was = await stored();
    const asked = await attemptCall(async () => call(mappedDb(db, SHOP_MAPPING)));
    expect(asked).toMatchObject({ ok: false, error: { code: 'not_mappable' } });
    expect(await stored()).toEqual(was);
  });
});
