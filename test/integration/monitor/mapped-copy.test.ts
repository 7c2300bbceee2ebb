import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { subjectOf } from '#cache/changes.ts';
import { parseJob, type Job } from '#domain/job.ts';
import { verifyCopy } from '#monitor/verify-copy.ts';
import type { ChangedPage, ChangeSource } from '#store/change-source.ts';
import type { ChangedPlace } from '#store/changed-pages.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { failedJob } from '../../support/failed-job.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { setupCopy, waitFor, type MonitoredCopy } from '../../support/monitored-copy.ts';
import { SHOP_MAPPING } from '../../support/shop-mapping.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { untilSame, WAIT } from './copy-check.ts';

let server: TestServer;
let store: Store;
let copy: MonitoredCopy;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.client.db(server.dbName).dropDatabase();
  store = await server.openStore({ mapping: SHOP_MAPPING });
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 100_000)));
  const failed = failedJob({
    id: 'failed',
    workspaceId: 'w1',
    failureClass: 'provider',
    priceCredits: 250,
    at: new Date(Date.now() - 60_000),
  });
  expectOk(await store.writer.insertJobs([failed, ...['a', 'b', 'c'].map((id) => queuedJob({ id }))]));
  await tasks().updateMany({}, { $set: { 'log.0.mood': 'well' } });
  await tasks().updateMany({ 'money.owed.0': { $exists: true } }, { $set: { 'money.owed.0.desk': 4 } });
  copy = setupCopy();
});
afterEach(() => copy.end());

function tasks() {
  return server.client.db(server.dbName).collection<{ _id: string }>(SHOP_MAPPING.collections.jobs);
}

/** A deployment that gives no change stream. */
function withoutStreams(changes: ChangeSource): ChangeSource {
  return new Proxy(changes, {
    get: (target, key) => {
      if (key === 'topology') return { ...target.topology, hasChangeStreams: false };
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (...args: unknown[]): unknown => Reflect.apply(value, target, args) : value;
    },
  });
}

describe('a copy through a mapping whose lists have other names inside', () => {
  it.each([{ mode: 'stream' }, { mode: 'polling' }])(
    'is kept up by $mode, and every range is the same',
    async ({ mode }) => {
      const changes = mode === 'stream' ? store.changes : withoutStreams(store.changes);
      const monitor = copy.start(changes);
      await untilSame(copy.cache, store.changes);
      await vi.waitFor(() => expect(copy.statuses.at(-1)?.mode).toBe(mode), WAIT);
      expectOk(await store.writer.settle(['a', 'b', 'c']));
      // Somebody else's program writes into an element, by its own names.
      await tasks().updateOne({ _id: 'failed' }, [
        {
          $set: {
            log: { $concatArrays: ['$log', [{ $mergeObjects: [{ $last: '$log' }, { seq: 4, old_status: 'error' }] }]] },
            rev: { $add: ['$rev', 1] },
            updated_at: { $dateToString: { date: '$$NOW', format: '%Y-%m-%dT%H:%M:%S.%LZ' } },
          },
        },
      ]);
      await untilSame(copy.cache, store.changes);
      await vi.waitFor(() => expect(historyOf('failed')).toHaveLength(4), WAIT);
      expect(historyOf('failed').map(({ to }) => to)).toEqual(['queued', 'running', 'failed', 'failed']);
      const { signal } = new AbortController();
      const { reader } = copy.cache;
      const report = expectOk(
        await verifyCopy({
          wait: waitFor,
          changes: store.changes,
          reader,
          signal,
          rangeRows: 2,
        }),
      );
      expect(report).toMatchObject({ differencesTotal: 0, differences: [] });
      await monitor.stop();
    },
  );

  it('is mended where another collection takes the name of one', async () => {
    copy.start(store.changes);
    await untilSame(copy.cache, store.changes);
    await vi.waitFor(() => expect(copy.statuses.at(-1)?.mode).toBe('stream'), WAIT);
    await tasks()
      .aggregate([{ $match: { _id: { $in: ['a', 'b'] } } }, { $out: 'restored' }])
      .toArray();
    const { jobs } = SHOP_MAPPING.collections;
    await server.client.db(server.dbName).renameCollection('restored', jobs, { dropTarget: true });
    await untilSame(copy.cache, store.changes);
    expect(expectOk(copy.cache.reader.counts()).total).toBe(2);
  });
});

function historyOf(id: string): Job['history'] {
  const parsed = parseJob(expectOk(copy.cache.reader.job(id))?.document);
  return parsed.ok ? parsed.value.history : [];
}

describe('a poll through a mapping', () => {
  it('comes to its end where more than a page of documents tell their time in another form', async () => {
    const atMs = Date.parse('2026-11-28T12:00:00.000Z');
    const textOf = (second: number, fraction: string): string =>
      new Date(atMs + second * 1000).toISOString().replace('.000Z', fraction);
    await tasks().deleteMany({});
    const inOrder = Array.from({ length: 20 }, (_, n) => ({
      _id: `t${n}`,
      updated_at: textOf(n, n < 3 || n > 15 ? '.000Z' : '.000000Z'),
    }));
    await tasks().insertMany(inOrder);
    const read = new Set<string>();
    let pages = 0;
    for (let from: ChangedPlace | null = { atMs, fromId: null }; from !== null && pages < 40; pages += 1) {
      const page: ChangedPage = expectOk(await store.changes.changedSince('jobs', from, 4));
      for (const change of page.changes) read.add(subjectOf(change).id);
      from = page.next;
    }
    expect(pages).toBeLessThan(10);
    expect([...read]).toEqual(expect.arrayContaining(['t0', 't1', 't2', 't16', 't17', 't18', 't19']));
  });
});
