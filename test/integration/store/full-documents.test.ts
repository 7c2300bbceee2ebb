import { calculateObjectSize } from 'bson';
import { FindCursor } from 'mongodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { subjectOf } from '#cache/changes.ts';
import { findViolations } from '#domain/invariants.ts';
import type { Job, LeasedJob } from '#domain/job.ts';
import { DOCUMENT_BYTES_MAX, ORDERED_BYTES_MAX } from '#domain/job-size.ts';
import { planChange } from '#domain/transition.ts';
import type { ChangedPage } from '#store/change-source.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import type { RawDocument } from '#store/collections.ts';
import type { Store } from '#store/connection.ts';
import { changesIn } from '#store/parsed-changes.ts';
import { readBooks } from '#store/read-books.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob, type NewJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let store: Store;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  store = await server.openEmptied();
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
});

/** A product inserts a job to whose document the server lets so much be added. */
async function insertFull(spec: NewJob, roomBytes = 40): Promise<void> {
  const empty = queuedJob({ ...spec, options: { theme: '' } });
  const theme = 'x'.repeat(DOCUMENT_BYTES_MAX - calculateObjectSize(empty) - roomBytes);
  await jobs().insertOne({ ...queuedJob({ ...spec, options: { theme } }) });
}

function jobs() {
  return server.client.db(server.dbName).collection<RawDocument>('jobs');
}

/** Something of a product's fills the document of a job that is under way. */
async function fill(id: string, roomBytes = 40): Promise<void> {
  const [document] = await jobs().find({ _id: id }).toArray();
  const theme = 'x'.repeat(DOCUMENT_BYTES_MAX - calculateObjectSize(document ?? {}) - roomBytes - 12);
  await jobs().updateOne({ _id: id }, { $set: { 'input.options.theme': theme } });
}

async function claim(limit = 5, leaseMs = 30_000): Promise<readonly LeasedJob[]> {
  return expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit, leaseMs }));
}

async function jobOf(id: string): Promise<Job> {
  const found = expectOk(await store.reader.readJob(id));
  if (found?.type !== 'job') throw new Error(`${id} is no job`);
  return found.job;
}

/** Ended with a clear error, nothing held, nothing charged, and the books right. */
async function expectEnded(id: string): Promise<void> {
  const job = await jobOf(id);
  expect(job).toMatchObject({ state: 'failed', failure: { class: 'input', code: 'document_too_large' } });
  expect(job.billing).toMatchObject({ status: 'not_charged', reserved: 0, captured: 0, pending: [] });
  const books = await readBooks(store.reader);
  expect(books.accounts).toMatchObject([{ _id: 'w1', available: 1000, held: 0 }]);
  expect(findViolations(books)).toEqual([]);
}

describe('a job whose document is as large as one may be', () => {
  it.each([
    ['costs nothing', 0],
    ['is to be paid', 100],
  ])('never keeps the others from being claimed, where it %s', async (_what, priceCredits) => {
    await insertFull({ id: 'a-full', priority: 5, priceCredits });
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'good', priceCredits })]));
    expect((await claim()).map(({ _id }) => _id)).toEqual(['good']);
  });

  it('never keeps the others from being told whether they can pay', async () => {
    await insertFull({ id: 'a-full', priority: 5, priceCredits: 100 });
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'good', priceCredits: 100 })]));
    await store.writer.reserveDue({ limit: 5 });
    const good = expectOk(await store.reader.readJob('good'));
    expect(good).toMatchObject({ job: { billing: { reserved: 100 } } });
  });

  it.each([
    ['costs nothing, and has room for nothing', 0, 40],
    ['is to be paid, and has room for nothing', 100, 40],
    ['costs nothing, and has room for its claim alone', 0, 700],
  ])('is ended in place of being begun, where it %s', async (_what, priceCredits, roomBytes) => {
    await insertFull({ id: 'full', priceCredits }, roomBytes);
    expect(await claim()).toEqual([]);
    await expectEnded('full');
  });

  it.each([
    ['cost nothing', 0],
    ['are to be paid', 100],
  ])(
    'is looked at after the one before, where they %s: a hundred of them are more than a runner can hold',
    async (_what, priceCredits) => {
      await insertFull({ id: 'full', priceCredits });
      await insertFull({ id: 'full-too', priceCredits });
      const toArray = vi.spyOn(FindCursor.prototype, 'toArray');
      expect(await claim()).toEqual([]);
      const held = await Promise.all(toArray.mock.results.map(({ value }) => value as Promise<readonly object[]>));
      toArray.mockRestore();
      expect(Math.max(...held.map((documents) => calculateObjectSize(documents)))).toBeLessThan(DOCUMENT_BYTES_MAX);
      for (const id of ['full', 'full-too']) expect((await jobOf(id)).state).toBe('failed');
    },
  );

  it('is ended where it was told whether it can pay before', async () => {
    await insertFull({ id: 'full', priceCredits: 100 }, 700);
    expectOk(await store.writer.reserveDue({ limit: 5 }));
    expect(await claim()).toEqual([]);
    await expectEnded('full');
  });
});

describe('a job whose document was filled while it was under way', () => {
  it.each([
    ['another attempt', { type: 'defer', delayMs: 0 } as const],
    ['its end', { type: 'fail', charge: 'release' } as const],
  ])('is ended by its rescue, which decided for %s', async (_what, event) => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'full' })]));
    await claim(1, 1);
    await fill('full');
    const failure = { class: 'temporary', code: 'lease_expired', message: 'gone' } as const;
    const rescue = () =>
      store.writer.rescueExpired({
        limit: 5,
        decide: (job) => {
          const planned = planChange(
            job,
            { ...event, failure, providerCost: null, validation: null },
            { actor: { type: 'runner', id: 'r2' }, reason: 'rescued', policyVersion: 1 },
          );
          return planned.ok ? planned.value : null;
        },
      });
    await expect.poll(async () => expectOk(await rescue()), { timeout: 20_000 }).toBe(1);
    await expectEnded('full');
  });

  it('is rescued with a few others of its size at once, and those that are no jobs keep it waiting no longer', async () => {
    const sound = ['full-1', 'full-2', 'full-3', 'full-4'];
    const broken = ['broken-1', 'broken-2', 'broken-3'];
    expectOk(await store.writer.insertJobs([...broken, ...sound].map((id) => queuedJob({ id }))));
    expect(await claim(7, 1)).toHaveLength(7);
    for (const id of [...broken, ...sound]) await fill(id);
    for (const id of broken) await jobs().updateOne({ _id: id }, { $set: { version: -1 } });
    const decided: number[] = [];
    const rescue = async () => {
      decided.push(0);
      return expectOk(
        await store.writer.rescueExpired({
          limit: 200,
          decide: (job) => {
            decided.push((decided.pop() ?? 0) + 1);
            const failure = { class: 'temporary', code: 'lease_expired', message: 'gone' } as const;
            const event = { type: 'fail', charge: 'release', failure, providerCost: null, validation: null } as const;
            const context = { actor: { type: 'runner', id: 'r2' }, reason: 'rescued', policyVersion: 1 } as const;
            return expectOk(planChange(job, event, context));
          },
        }),
      );
    };
    const rescued = async () => {
      await rescue();
      return Promise.all(sound.map(async (id) => (await jobOf(id)).state));
    };
    await expect.poll(rescued, { timeout: 20_000 }).toEqual(sound.map(() => 'failed'));
    expect(Math.max(...decided)).toBeLessThanOrEqual(3);
  });

  it('can be cancelled', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'full' })]));
    const [job] = await claim(1);
    if (job === undefined) throw new Error('nothing was claimed');
    await fill('full');
    const failure = { class: 'cancelled', code: 'cancelled', message: 'not wanted' } as const;
    const cancelled = planChange(
      job,
      { type: 'fail', failure, charge: 'release', providerCost: null, validation: null },
      { actor: { type: 'user', id: 'ann' }, reason: 'not wanted', policyVersion: 1 },
    );
    if (!cancelled.ok) throw new Error('a running job can be cancelled');
    expect(expectOk(await store.writer.applyChanges([cancelled.value]))).toEqual([{ ok: true, value: undefined }]);
    expect(await jobOf('full')).toMatchObject({ state: 'failed', failure: { class: 'cancelled' } });
  });

  it('is told to be too large where what follows does not fit', async () => {
    expectOk(await store.writer.insertJobs([queuedJob({ id: 'full' })]));
    const [job] = await claim(1);
    if (job === undefined) throw new Error('nothing was claimed');
    await fill('full');
    const context = { actor: { type: 'runner', id: 'r1' }, reason: 'generated', policyVersion: null } as const;
    const generated = planChange(job, { type: 'generated' }, context);
    if (!generated.ok) throw new Error('a running job can be validated');
    const [written] = expectOk(await store.writer.applyChanges([generated.value]));
    expect(written).toMatchObject({ ok: false, error: { code: 'document_too_large' } });
  });
});

describe('an order that is larger than one may be', () => {
  it('is refused by its size, and nothing that was ordered with it is inserted', async () => {
    const large = queuedJob({ id: 'large', options: { theme: 'x'.repeat(ORDERED_BYTES_MAX) } });
    const inserted = await store.writer.insertJobs([queuedJob({ id: 'good' }), large]);
    expect(inserted).toMatchObject({ ok: false, error: { code: 'document_too_large' } });
    expect(await jobs().countDocuments()).toBe(0);
  });
});

describe('jobs whose documents are large', () => {
  it('are told of in pages that a process can hold, each once, to who asks what has changed', async () => {
    const ids = ['full-1', 'full-2', 'full-3', 'full-4'];
    for (const id of ids) await insertFull({ id });
    const { changes } = store;
    const told: string[][] = [];
    let from: ChangedPlace | null = { atMs: 0, fromId: null };
    while (from !== null) {
      const page: ChangedPage = expectOk(await changes.changedSince('jobs', from, 500));
      told.push(page.changes.flatMap((change) => (change.type === 'job' ? [String(change.job.document['_id'])] : [])));
      from = page.next;
    }
    expect(told.flat().toSorted()).toEqual(ids);
    expect(Math.max(...told.map((page) => page.length))).toBe(3);
  });

  it('are copied in pages that a process can hold, as what they say and as the bytes that they came in', async () => {
    const ids = ['full-4', 'full-3', 'full-2', 'full-1'];
    for (const id of ids) await insertFull({ id });
    const { changes } = store;
    const { pageBytes } = changes;
    if (pageBytes === null) throw new Error('this collection is ours');
    const pages: string[][] = [];
    const parts: number[] = [];
    for (let [before, isLast] = ['g', false]; !isLast; before = pages.at(-1)?.at(-1) ?? '') {
      const page = expectOk(await changes.page('jobs', before, 250));
      pages.push(page.changes.map((change) => subjectOf(change).id));
      const bytes = expectOk(await pageBytes('jobs', before, 250, {}));
      expect([...changesIn('jobs', bytes.bytes)]).toEqual(page.changes);
      expect([bytes.isLast, bytes.lastId]).toEqual([page.isLast, pages.at(-1)?.at(-1) ?? null]);
      parts.push(bytes.bytes.length);
      isLast = page.isLast;
    }
    expect(pages.flat()).toEqual(ids);
    expect(pages[0]).toHaveLength(3);
    expect(Math.max(...parts)).toBeLessThan(3 * DOCUMENT_BYTES_MAX);
  });
});
