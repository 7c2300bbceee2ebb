import fc from 'fast-check';
import type { Collection, Db, Document } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Job } from '#domain/job.ts';
import { mappedCollection } from '#domain/mapping/mapped-shape.ts';
import { toOurs, toTheirs } from '#domain/mapping/mapped-documents.ts';
import { openCollections, type RawDocument } from '#store/collections.ts';
import { attemptCall } from '#store/driver-errors.ts';
import { mappedDb } from '#store/mapping/mapped-db.ts';
import { eventToOurs } from '#store/mapping/mapped-events.ts';
import { updateToTheirs } from '#store/mapping/mapped-updates.ts';
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

function plainOnes(): Collection<RawDocument> {
  return db.collection<RawDocument>('plain');
}

const shop = mappedCollection(SHOP_MAPPING, 'jobs');
/** How deep a document may nest on a server. */
const BSON_DEPTH_MAX = 180;
const T0 = new Date('2026-11-28T09:30:00.000Z');
const T1 = new Date('2026-11-28T10:30:00.000Z');

/** A job that failed once and runs again, with two entries owed, as far as lists go. */
const LISTS = {
  _id: 'a',
  state: 'running',
  history: [
    { seq: 1, from: null, to: 'queued', at: T0, actor: { type: 'product', id: 'web' } },
    { seq: 2, from: 'queued', to: 'failed', at: T1, actor: { type: 'runner', id: 'r1' } },
  ],
  attempts: [
    { n: 1, startedAt: T0, endedAt: T1, failure: { class: 'timeout', message: 'late' }, validation: null },
    {
      n: 2,
      startedAt: T1,
      endedAt: null,
      failure: null,
      validation: { passed: false, checks: [{ name: 'parses', passed: false }] },
    },
  ],
  billing: {
    pending: [
      { key: 'g:reserve:1', credits: 250, at: T0 },
      { key: 'g:capture:1', credits: 100, at: T1 },
    ],
  },
};

const filters: readonly Document[] = [
  { 'history.to': 'failed' },
  { 'history.to': { $ne: 'failed' } },
  { 'history.to': { $in: ['running', 'retrying'] } },
  { 'history.to': { $nin: ['running'] } },
  { 'history.0.to': 'queued' },
  { 'history.0.from': null },
  { 'history.1.from': null },
  { 'history.at': { $gt: T0 } },
  { 'history.at': { $lt: T0 } },
  { 'history.actor.id': 'r1' },
  { history: { $elemMatch: { to: 'failed', at: T1 } } },
  { history: { $elemMatch: { to: 'failed', at: T0 } } },
  { history: { $not: { $elemMatch: { to: 'failed', at: T0 } } } },
  { history: { $elemMatch: { $or: [{ to: 'running' }, { seq: 2 }] } } },
  { history: { $all: [{ $elemMatch: { seq: 1 } }, { $elemMatch: { seq: 2, to: 'failed' } }] } },
  { attempts: { $size: 2 } },
  { attempts: { $size: 1 } },
  { attempts: [] },
  { attempts: { $ne: [] } },
  { 'attempts.1': { $exists: true } },
  { 'attempts.2': { $exists: true } },
  { 'attempts.failure.message': 'late' },
  { 'attempts.0.failure': null },
  { 'attempts.1.failure': null },
  { 'attempts.0.failure': { $ne: null } },
  { attempts: { $elemMatch: { n: 2, failure: null } } },
  { attempts: { $elemMatch: { n: 1, failure: null } } },
  { 'attempts.endedAt': { $gte: T1 } },
  { 'attempts.validation.checks.passed': false },
  { 'attempts.validation.checks.0.passed': true },
  { attempts: { $elemMatch: { 'validation.checks': { $elemMatch: { passed: false, name: 'parses' } } } } },
  { 'billing.pending.key': { $in: ['g:capture:1', 'other'] } },
  { 'billing.pending.credits': { $gt: 200 } },
  { 'billing.pending.credits': { $gt: 250 } },
  { 'billing.pending.at': { $lte: T0 } },
  { 'billing.pending.0': { $exists: true } },
];

/** What a pipeline does to lists: adds, changes, takes out, puts elsewhere, writes the same anew. */
const pipelines: readonly (readonly [string, Document])[] = [
  [
    'adds at the end',
    { history: { $concatArrays: [{ $ifNull: ['$history', []] }, [{ $literal: { seq: 900, to: 'failed' } }]] } },
  ],
  [
    'adds at the beginning',
    {
      attempts: {
        $concatArrays: [[{ n: 900, startedAt: '$createdAt', failure: null, validation: null }], '$attempts'],
      },
    },
  ],
  ['takes out', { history: { $filter: { input: '$history', as: 'one', cond: { $ne: ['$$one.seq', 1] } } } }],
  ['takes some', { history: { $slice: ['$history', -2] } }],
  ['turns round', { history: { $reverseArray: '$history' } }],
  [
    'changes each',
    {
      attempts: {
        $map: {
          input: '$attempts',
          as: 'one',
          in: { $mergeObjects: ['$$one', { endedAt: '$updatedAt', failure: { class: 'timeout', at: '$createdAt' } }] },
        },
      },
    },
  ],
  [
    'takes fields away',
    {
      history: { $map: { input: '$history', as: 'one', in: { $unsetField: { field: 'reason', input: '$$one' } } } },
      attempts: { $map: { input: '$attempts', as: 'one', in: { $unsetField: { field: 'runnerId', input: '$$one' } } } },
    },
  ],
  ['empties', { 'billing.pending': [] }],
  ['reads one list for another field', { attempt: { $max: '$attempts.n' }, version: { $size: '$history' } }],
];

const steps = fc.array(walkStep, { minLength: 1, maxLength: 8 });

/** Without what nobody knows; absent and null are one where an object is taken apart. */
function known(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => name !== 'nobodys' && one !== null)
      .map(([name, one]) => [name, known(one)]),
  );
}

const ordered: Document = { $push: { history: { $each: [], $sort: 1 } } };

describe('lists through a mapping', () => {
  it.each(filters.map((filter) => ({ filter, says: JSON.stringify(filter) })))(
    'meets what $says meets',
    async ({ filter }) => {
      await plainOnes().insertOne(LISTS);
      await db.collection<Document>(shop.name).insertOne(toTheirs(shop, LISTS, null));
      const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
      expect(await jobs.countDocuments(filter)).toBe(await db.collection('plain').countDocuments(filter));
    },
  );

  it('meets through any mapping the documents that are met without one', async () => {
    const asked = fc.record({
      path: fc.constantFrom('history.to', 'history.from', 'history.at', 'attempts.endedAt', 'billing.pending.credits'),
      place: fc.constantFrom('', '0.', '1.'),
      test: fc.constantFrom('$eq', '$ne', '$in', '$nin', '$gte', '$lt'),
      at: fc.nat(5),
    });
    await fc.assert(
      fc.asyncProperty(
        mappingArbitrary,
        fc.array(steps, { minLength: 1, maxLength: 4 }),
        fc.array(asked),
        async (mapping, walks, questions) => {
          const collection = mappedCollection(mapping, 'jobs');
          const [plain, theirs] = [plainOnes(), db.collection<Document>(collection.name)];
          await Promise.all([plain.deleteMany({}), theirs.deleteMany({})]);
          const all = walks.map((walked, at) => ({ ...walk(walked).job, _id: `j${at}` }));
          await plain.insertMany(all);
          await theirs.insertMany(all.map((one) => toTheirs(collection, one, null)));
          const { jobs } = openCollections(mappedDb(db, mapping));
          for (const { path, place, test, at } of questions) {
            const value = valuesAt(all, path)[at] ?? null;
            const isOrder = test === '$gte' || test === '$lt';
            if (isOrder && (path.startsWith('history.f') || path.endsWith('to') || value === null)) continue;
            const split = path.lastIndexOf('.');
            const placed = `${path.slice(0, split)}.${place}${path.slice(split + 1)}`;
            const filter = { [placed]: { [test]: test === '$in' || test === '$nin' ? [value] : value } };
            const idsOf = async (found: Promise<Document[]>): Promise<string[]> =>
              (await found).map(({ _id }) => String(_id)).sort((one, other) => one.localeCompare(other));
            expect(await idsOf(jobs.find(filter).toArray())).toEqual(await idsOf(plain.find(filter).toArray()));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are changed by a pipeline as they would be without a mapping, and elements keep what nobody knows', async () => {
    await fc.assert(
      fc.asyncProperty(mappingArbitrary, steps, fc.constantFrom(...pipelines), async (mapping, walked, [, set]) => {
        const collection = mappedCollection(mapping, 'jobs');
        const { job } = walk(walked);
        const [plain, theirs] = [plainOnes(), db.collection<Document>(collection.name)];
        await Promise.all([plain.deleteMany({}), theirs.deleteMany({})]);
        await plain.insertOne({ ...job });
        await theirs.insertOne(withUnknownElementFields(collection, toTheirs(collection, { ...job }, null)));
        const before = (await theirs.findOne({})) ?? {};
        const { jobs } = openCollections(mappedDb(db, mapping));
        await plain.updateOne({}, [{ $set: set }]);
        expect((await jobs.updateOne({}, [{ $set: set }])).matchedCount).toBe(1);
        const after = (await theirs.findOne({})) ?? {};
        const [wanted, found] = [await plain.findOne({}), toOurs(collection, after)];
        for (const field of ['history', 'attempts', 'billing', 'attempt', 'version'] as const) {
          expect(known(found[field])).toEqual(known(wanted?.[field]));
        }
        const [stood, stands] = [nobodysOf(toOurs(collection, before)), nobodysOf(found)];
        expect([...stands]).toEqual([...stands].map(([key]) => [key, stood.get(key)]));
      }),
      { numRuns: 150 },
    );
  });

  it.each<{ what: string; filter?: Document; update: Document; options?: Document }>([
    { what: 'one place by its number', update: { $set: { 'history.1.to': 'retrying' } } },
    { what: 'the place that was met', filter: { 'history.to': 'failed' }, update: { $set: { 'history.$.at': T0 } } },
    { what: 'every place', update: { $set: { 'attempts.$[].endedAt': T0, 'attempts.$[].runnerId': 'x' } } },
    {
      what: 'the places of a name',
      update: { $set: { 'attempts.$[late].endedAt': T0, 'history.$[end].to': 'queued' } },
      options: { arrayFilters: [{ 'late.startedAt': { $gte: T1 } }, { 'end.to': 'failed', 'end.seq': 2 }] },
    },
    {
      what: 'a place in a list within another',
      update: { $set: { 'attempts.1.validation.checks.$[check].passed': true } },
      options: { arrayFilters: [{ 'check.passed': false }] },
    },
    { what: 'a field of an element away', update: { $unset: { 'attempts.0.endedAt': '' } } },
    { what: 'an element to the end', update: { $push: { history: { seq: 3, from: 'failed', to: 'queued', at: T1 } } } },
    {
      what: 'elements to a place, and none beyond a number',
      update: { $push: { history: { $each: [{ seq: 0, to: 'queued', at: T0 }], $position: 0, $slice: 2 } } },
    },
    { what: 'elements out', update: { $pull: { 'billing.pending': { key: 'g:reserve:1', credits: 250 } } } },
    { what: 'a list empty', update: { $set: { 'billing.pending': [] } } },
  ])('are written as without a mapping: $what', async ({ filter = {}, update, options = {} }) => {
    await plainOnes().insertOne(LISTS);
    const theirs = withUnknownElementFields(shop, toTheirs(shop, LISTS, null));
    await db.collection<Document>(shop.name).insertOne(theirs);
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    await db.collection('plain').updateOne(filter, update, options);
    const bulk = { updateOne: { filter, update, ...options } };
    expect((await jobs.bulkWrite([bulk])).matchedCount).toBe(1);
    const [wanted, found] = [await db.collection('plain').findOne({}), await jobs.findOne({})];
    expect(known(found)).toEqual(known(wanted));
    expect(unknownElementFieldsOf(found)).toBeGreaterThan(0);
    await db.collection<Document>(shop.name).replaceOne({}, theirs);
    expect((await jobs.updateOne(filter, update, options)).matchedCount).toBe(1);
    expect(known(await jobs.findOne({}))).toEqual(known(wanted));
  });

  it.each<{ what: string; call: (ours: ReturnType<typeof openCollections>) => Promise<unknown> }>([
    { what: 'a list as a whole', call: ({ jobs }) => jobs.updateOne({}, { $set: { history: [{ seq: 1 }] } }) },
    { what: 'an element as a whole', call: ({ jobs }) => jobs.updateOne({}, { $set: { 'history.0': { seq: 1 } } }) },
    {
      what: 'elements in an order',
      call: ({ jobs }) => jobs.bulkWrite([{ updateOne: { filter: {}, update: ordered } }]),
    },
    { what: 'an unknown field of elements', call: ({ jobs }) => jobs.findOne({ 'history.colour': 'red' }) },
    { what: 'elements that are equal to one', call: ({ jobs }) => jobs.findOne({ history: { seq: 1 } }) },
    { what: 'an object in any of the elements', call: ({ jobs }) => jobs.findOne({ 'attempts.failure': null }) },
    { what: 'a range of states in a list', call: ({ jobs }) => jobs.findOne({ 'history.to': { $gt: 'a' } }) },
    {
      what: 'an order by states in a list',
      call: async ({ jobs }) => jobs.find({}).sort({ 'history.to': 1 }).toArray(),
    },
    {
      what: 'an unknown field in a filter of places',
      call: ({ jobs }) =>
        jobs.updateOne({}, { $set: { 'history.$[x].seq': 1 } }, { arrayFilters: [{ 'x.colour': 'red' }] }),
    },
  ])('are a typed error and reach no server for $what', async ({ call }) => {
    await db.collection<Document>(shop.name).insertOne(toTheirs(shop, LISTS, null));
    const asked = await attemptCall(async () => call(openCollections(mappedDb(db, SHOP_MAPPING))));
    expect(asked).toMatchObject({ ok: false, error: { code: 'not_mappable' } });
    expect(await db.collection(shop.name).findOne({})).toEqual(toTheirs(shop, LISTS, null));
  });

  it('are told of in an event by our paths and in our forms, without what nobody knows, and an object by the fields in it', () => {
    const event = {
      operationType: 'update',
      ns: { db: 'shop', coll: shop.name },
      fullDocument: toTheirs(shop, LISTS, null),
      updateDescription: {
        updatedFields: {
          status: 'aborted',
          cost: 2.5,
          run_at: T1.getTime(),
          'log.1.new_status': 'done',
          'log.1.logged_at': T1.toISOString(),
          'tries.0': { no: 4, begun_at: T0.toISOString() },
          'tries.1.tests.0.ok': true,
          money: { owed: [{ entry: 'g:reserve:1', amount: 1.5, since: T0.getTime() }] },
          error: null,
          'log.1.mood': 1,
        },
        removedFields: ['tries.1.error.text', 'tries.1.desk', 'owner'],
        truncatedArrays: [
          { field: 'log', newSize: 2 },
          { field: 'tries.1.tests', newSize: 1 },
          { field: 'tags', newSize: 3 },
        ],
      },
    };
    const ours = eventToOurs(event, new Map([[shop.name, shop]]));
    expect(ours['updateDescription']).toEqual({
      updatedFields: {
        state: 'failed',
        'billing.price': 250,
        notBefore: T1,
        'history.1.to': 'completed',
        'history.1.at': T1,
        'attempts.0': { n: 4, startedAt: T0 },
        'attempts.1.validation.checks.0.passed': true,
        'billing.pending': [{ key: 'g:reserve:1', credits: 150, at: T0 }],
      },
      removedFields: ['attempts.1.failure.message', 'workspaceId', 'userId', 'failure.class', 'failure.message'],
      truncatedArrays: [
        { field: 'history', newSize: 2 },
        { field: 'attempts.1.validation.checks', newSize: 1 },
      ],
    });
    expect(known(ours['fullDocument'])).toEqual(known(LISTS));
  });

  it('stay within what a server nests in an update, and in what it takes for one', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    const all = { history: '$history', attempts: '$attempts', 'billing.pending': '$billing.pending' };
    const update = updateToTheirs(shop, [{ $set: all }]);
    expect(depth(update)).toBeLessThan(BSON_DEPTH_MAX / 2);
    expect(JSON.stringify(update).length).toBeLessThan(64 * 1024);
  });

  it.each<{ pipeline: Document[]; isTold: boolean }>([
    { pipeline: [{ $set: { version: { $add: ['$version', 1] } } }], isTold: false },
    { pipeline: [{ $set: { 'billing.captured': '$billing.price' } }], isTold: false },
    { pipeline: [{ $set: { version: { $sum: '$billing.pending.credits' } } }], isTold: true },
    {
      pipeline: [{ $set: { version: { $size: { $getField: { field: 'pending', input: '$billing' } } } } }],
      isTold: true,
    },
    { pipeline: [{ $set: { 'billing.pending': [] } }], isTold: true },
    { pipeline: [{ $set: { billing: { $mergeObjects: ['$billing', { price: 1 }] } } }], isTold: true },
    { pipeline: [{ $set: { version: { $size: '$$ROOT.billing.pending' } } }], isTold: true },
    { pipeline: [{ $unset: 'progress' }], isTold: true },
  ])('are in an update only where it may speak of them: $isTold for $pipeline', ({ pipeline, isTold }) => {
    expect(JSON.stringify(updateToTheirs(shop, pipeline)).includes('money.owed')).toBe(isTold);
  });

  it('keep what nobody knows in checks that are written anew and say the same, because many changes write the validation again', async () => {
    const [first, second] = [
      { name: 'parses', passed: true, severity: 'error', message: '' },
      { name: 'parts', passed: false, severity: 'warning', message: '$few' },
    ] as const;
    const before = { ...LISTS, validation: { passed: false, checks: [first, second] } };
    await db.collection<Document>(shop.name).insertOne(withUnknownElementFields(shop, toTheirs(shop, before, null)));
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    const checksNow = async (): Promise<unknown> => (await db.collection(shop.name).findOne({}))?.['validation'];
    const stood = await checksNow();
    const written = async (checks: readonly unknown[]): Promise<void> => {
      await jobs.updateMany({}, [{ $set: { validation: { $literal: { passed: false, checks } } } }]);
    };
    await written([first, second]);
    expect(await checksNow()).toEqual(stood);
    await written([first, { ...second, passed: true }]);
    expect(await checksNow()).toEqual({
      passed: false,
      checks: [
        { label: 'parses', passed: true, severity: 'error', message: '', nobodys: { at: 0, text: '$price' } },
        { label: 'parts', passed: true, severity: 'warning', message: '$few' },
      ],
    });
  });

  it('refuses an update where a list stands in the place of an object of an element, and changes nothing', async () => {
    const theirs = { ...toTheirs(shop, LISTS, null), tries: [{ no: 1, error: [{ text: 'x' }] }] };
    await db.collection<Document>(shop.name).insertOne(theirs);
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    const written = await attemptCall(() => jobs.updateMany({}, [{ $set: { attempt: { $max: '$attempts.n' } } }]));
    expect(written).toMatchObject({ ok: false, error: { code: 'server_error' } });
    expect(await db.collection(shop.name).findOne({})).toEqual(theirs);
  });

  it('stand as they stood, also elements that are none and lists that are none, where something else is changed', async () => {
    const odd = [7, null, 'x', [1], { no: 'one', error: 5, begun_at: null }, {}];
    await db
      .collection<Document>(shop.name)
      .insertOne({ _id: 'a' as never, log: 'none', tries: odd, status: 'pending' });
    const { jobs } = openCollections(mappedDb(db, SHOP_MAPPING));
    const set = { attempt: 4, history: '$history', attempts: '$attempts' };
    expect((await jobs.updateMany({}, [{ $set: set }])).matchedCount).toBe(1);
    expect(await db.collection(shop.name).findOne({})).toEqual({
      _id: 'a',
      log: 'none',
      tries: odd,
      status: 'pending',
      attempt: 4,
    });
  });
});

/** What a list of a job says at a path, element by element. */
function valuesAt(jobs: readonly Job[], path: string): readonly unknown[] {
  return jobs.flatMap((one) =>
    path
      .split('.')
      .reduce<readonly unknown[]>(
        (values, name) => values.flatMap((value) => (value as Record<string, unknown> | undefined)?.[name] ?? []),
        [one],
      ),
  );
}

/** What nobody knows of each element of a job, by its list and key; undefined of an element that came without. */
function nobodysOf(job: Document): ReadonlyMap<string, unknown> {
  return new Map(
    ['history', 'attempts'].flatMap((list) =>
      (job[list] as Document[]).map((one): [string, unknown] => [
        `${list} ${String(one['seq'] ?? one['n'])}`,
        one['nobodys'],
      ]),
    ),
  );
}
