import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BSONRegExp, Double, Long, ObjectId, type Collection } from 'mongodb';
import { subjectOf } from '#cache/changes.ts';
import { planChange } from '#domain/transition.ts';
import type { ChangedPage } from '#store/change-source.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { expectConsistent, untilSame, WAIT } from './copy-check.ts';
import { setupCopy, type MonitoredCopy } from '../../support/monitored-copy.ts';

let server: TestServer;
let store: Store;
let copy: MonitoredCopy;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  store = await server.openEmptied();
  expectOk(await store.writer.createIndexes());
  copy = setupCopy();
});
afterEach(async () => {
  await copy.end();
  await store.close();
});

function jobs(): Collection<{ _id: string | ObjectId; [field: string]: unknown }> {
  return server.client.db(server.dbName).collection('jobs');
}

async function insertJobs(count: number, first = 0): Promise<void> {
  const news = Array.from({ length: count }, (_, n) =>
    queuedJob({ id: `job-${String(first + n).padStart(4, '0')}`, createdAt: new Date() }),
  );
  expectOk(await store.writer.insertJobs(news));
}

/** Claims some jobs and fails half of them, as a runner would. */
async function runSome(limit: number): Promise<void> {
  expectOk(await store.writer.reserveDue({ limit }));
  const claimed = expectOk(await store.writer.claimBatch({ runnerId: 'r1', limit, leaseMs: 60_000 }));
  const changes = claimed
    .filter((_, n) => n % 2 === 0)
    .map((job) =>
      expectOk(
        planChange(
          job,
          {
            type: 'fail',
            failure: { class: 'input', code: 'invalid_input', message: 'no' },
            charge: 'release',
            providerCost: null,
            validation: null,
          },
          { actor: { type: 'runner', id: 'r1' }, reason: 'test', policyVersion: 1 },
        ),
      ),
    );
  expectOk(await store.writer.applyChanges(changes));
  expectOk(await store.writer.settle(changes.map(({ jobId }) => jobId)));
}

async function untilFollowing(): Promise<void> {
  await vi.waitFor(() => expect(['stream', 'polling']).toContain(copy.statuses.at(-1)?.mode), WAIT);
}

describe('a copy of a server', () => {
  it('holds to the last byte what the server holds, after a snapshot and while jobs run', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 100_000)));
    await insertJobs(150);
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await untilFollowing();
    expect(copy.statuses.at(-1)?.mode).toBe(store.changes.topology.hasChangeStreams ? 'stream' : 'polling');
    await runSome(40);
    await insertJobs(10, 500);
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts())).toMatchObject({ total: 160, byState: { failed: 20, running: 20 } });
    await vi.waitFor(() => expect(copy.statuses.at(-1)?.asOfMs).not.toBeNull(), WAIT);
    expectConsistent(copy.file);
  });

  it('misses nothing that happens while it is being copied', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 100_000)));
    await insertJobs(200);
    copy.start(store.changes);
    await runSome(60);
    await jobs().deleteMany({ _id: { $in: ['job-0010', 'job-0150', 'job-0199'] } });
    await insertJobs(30, 300);
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts()).total).toBe(227);
    expectConsistent(copy.file);
  });

  it('loses what the server deletes, and follows a document that is deleted and inserted again', async () => {
    await insertJobs(30);
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await jobs().deleteMany({ _id: { $lt: 'job-0020' } });
    await untilSame(copy.cache, store.changes);
    await insertJobs(5);
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts()).total).toBe(15);
    expectConsistent(copy.file);
  });

  it('goes on where it was after a restart, whatever happened meanwhile', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 100_000)));
    await insertJobs(60);
    const monitor = copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await untilFollowing();
    await monitor.stop();
    await runSome(10);
    await jobs().deleteOne({ _id: 'job-0059' });
    copy.changed.clear();
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    // Only what changed is written again: ten jobs that ran and one that is gone.
    expect(copy.changed.size).toBeLessThanOrEqual(11);
    expectConsistent(copy.file);
  });

  it('takes in documents that are no jobs, whatever they hold, and lists them', async () => {
    await insertJobs(3);
    await jobs().insertMany([
      { _id: 'odd-empty' },
      {
        _id: 'odd-types',
        version: new Double(1.5),
        big: Long.MAX_VALUE,
        nan: Number.NaN,
        nested: [[[{ $where: 'x' }]]],
      },
      // A pattern as MongoDB knows it, and JavaScript does not.
      { _id: 'odd-pattern', pattern: new BSONRegExp('(?i)a++', 'x') },
      { _id: 'odd-proto', ['__proto__']: { polluted: true }, text: 'x'.repeat(100_000) },
      { _id: new ObjectId(), state: 'queued' },
    ]);
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await vi.waitFor(
      () => expect(expectOk(copy.cache.reader.counts())).toMatchObject({ total: 3, malformed: 5 }),
      WAIT,
    );
    const page = expectOk(copy.cache.reader.malformedPage(null, 10));
    expect(page.rows.every(({ problems }) => problems.length > 0)).toBe(true);
    expect(Object.hasOwn({}, 'polluted')).toBe(false);
    await jobs().deleteMany({ _id: { $in: ['odd-empty', 'odd-types'] } });
    await untilSame(copy.cache, store.changes);
  });

  it('keeps the jobs whose ids are made text, and loses the documents that they were made of', async () => {
    const ids = Array.from({ length: 12 }, () => new ObjectId());
    await jobs().insertMany(ids.map((_id) => ({ _id, state: 'queued' })));
    await jobs().insertOne({ _id: { toString: 1, valueOf: 2 }, state: 'queued' } as never);
    await jobs().insertOne({ _id: `long-${'x'.repeat(300)}`, state: 'queued' });
    copy.start(store.changes);
    await vi.waitFor(() => expect(expectOk(copy.cache.reader.counts()).malformed).toBe(14), WAIT);
    expectOk(await store.writer.insertJobs(ids.map((id) => queuedJob({ id: id.toHexString() }))));
    await jobs().deleteMany({ state: 'queued', kind: { $exists: false } });
    await untilSame(copy.cache, store.changes);
    await vi.waitFor(
      () => expect(expectOk(copy.cache.reader.counts())).toMatchObject({ total: 12, malformed: 0 }),
      WAIT,
    );
  });

  it('lists documents whose id is no text wherever they stand in the order of ids, and of every collection', async () => {
    // More than a page of ids that are text between numbers, which come before all text, and what comes behind it.
    await insertJobs(60);
    await jobs().insertMany(
      [77, null, new ObjectId(), { part: 1 }].map((_id) => ({ _id: _id as never, state: 'queued' })),
    );
    const db = server.client.db(server.dbName);
    await db.collection<{ _id: number | ObjectId }>('credit_ledger').insertMany([{ _id: 5 }, { _id: new ObjectId() }]);
    await db.collection<{ _id: number }>('credit_accounts').insertOne({ _id: 6 });
    copy.start(store.changes);
    await vi.waitFor(
      () => expect(expectOk(copy.cache.reader.counts())).toMatchObject({ total: 60, malformed: 7 }),
      WAIT,
    );
  });

  it('is mended where a collection is dropped', async () => {
    await insertJobs(20);
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await jobs().drop();
    await insertJobs(4, 700);
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts()).total).toBe(4);
  });

  it('follows what comes after the whole database was dropped, which had none of the collections', async () => {
    const db = server.client.db(server.dbName);
    await db.dropDatabase();
    await db.collection<{ _id: string }>('others').insertOne({ _id: 'one' });
    copy.start(store.changes);
    await untilFollowing();
    await db.dropDatabase();
    await insertJobs(3);
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts()).total).toBe(3);
  });

  it('is mended where another collection takes the name of one', async () => {
    await insertJobs(20);
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await untilFollowing();
    await jobs()
      .aggregate([{ $match: { _id: { $gte: 'job-0015' } } }, { $out: 'restored' }])
      .toArray();
    await server.client.db(server.dbName).renameCollection('restored', 'jobs', { dropTarget: true });
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts()).total).toBe(5);
  });
});

interface Read {
  readonly ids: readonly string[];
  readonly next: ChangedPlace | null;
}

describe('what is read by the time of its change', () => {
  it('comes once each and in the order of time and id, also where pages end within one instant', async () => {
    const at = new Date('2026-11-01T12:00:00.000Z');
    const idOf = (n: number): string => `job-${String(n).padStart(4, '0')}`;
    // Later ones have lower ids, so that no order of ids alone would do.
    const made = Array.from({ length: 120 }, (_, n) =>
      queuedJob({ id: idOf(n), createdAt: new Date(at.getTime() + (n < 30 ? 1000 : 0)) }),
    );
    expectOk(await store.writer.insertJobs(made));
    const ids: string[] = [];
    for (let from: ChangedPlace | null = { atMs: at.getTime(), fromId: null }; from !== null;) {
      const page: ChangedPage = expectOk(await store.changes.changedSince('jobs', from, 25));
      expect(page.changes.length).toBeLessThanOrEqual(25);
      ids.push(...page.changes.map((change) => subjectOf(change).id));
      from = page.next;
    }
    expect(ids).toEqual(Array.from({ length: 120 }, (_, n) => idOf((n + 30) % 120)));
  });

  it.each<[string, (from: ChangedPlace, limit: number) => Promise<Read>]>([
    [
      'polls of jobs',
      async (from, limit) => {
        const { changes, next } = expectOk(await store.changes.changedSince('jobs', from, limit));
        return { ids: changes.map((change) => subjectOf(change).id), next };
      },
    ],
    [
      'events for products',
      async (from, limit) => {
        const { jobs: found, next } = expectOk(await store.changes.statesSince(from, { workspaceId: null, limit }));
        return { ids: found.map(({ _id }) => _id), next };
      },
    ],
  ])('is every id that is text for %s, also where a page ends at one that is none', async (_, read) => {
    const at = new Date('2026-11-01T12:00:00.000Z');
    // In the order of MongoDB numbers come before all text, objects and ObjectIds behind it.
    const odd = [1, 7, 77, { part: 1 }, new ObjectId(), new ObjectId()];
    await jobs().insertMany(odd.map((_id) => ({ _id: _id as never, state: 'queued', updatedAt: at })));
    const texts = ['0', '5', '7x', 'A', 'job-1', 'job-2', 'zz'];
    expectOk(await store.writer.insertJobs(texts.map((id) => queuedJob({ id, createdAt: at }))));
    const later = queuedJob({ id: '3', createdAt: new Date(at.getTime() + 1) });
    expectOk(await store.writer.insertJobs([later]));
    for (let limit = 1; limit <= odd.length + texts.length + 2; limit += 1) {
      const ids = new Set<string>();
      for (let from: ChangedPlace | null = { atMs: at.getTime(), fromId: null }; from !== null;) {
        const page: Read = await read(from, limit);
        for (const id of page.ids) ids.add(id);
        from = page.next;
      }
      expect([...ids], `${limit} in a page`).toEqual(expect.arrayContaining([...texts, '3']));
    }
  });
});
