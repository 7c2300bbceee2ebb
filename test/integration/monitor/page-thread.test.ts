import { BSONRegExp, Long, ObjectId } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import { beginPageThread } from '#monitor/threads/page-thread-host.ts';
import type { Store } from '#store/connection.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob } from '../../support/job-builder.ts';
import { PAGE_ENTRIES, QUICK_LIMITS, setupCopy, waitFor, type MonitoredCopy } from '../../support/monitored-copy.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { expectConsistent, untilSame, WAIT } from './copy-check.ts';

let server: TestServer;
let store: Store;
let copy: MonitoredCopy;
let monitor: Monitor | null;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  store = await server.openEmptied();
  expectOk(await store.writer.createIndexes());
  copy = setupCopy();
  monitor = null;
});
afterEach(async () => {
  await monitor?.stop();
  await copy.end();
  await store.close();
});

async function insertJobs(count: number, first = 0): Promise<void> {
  const news = Array.from({ length: count }, (_, n) => queuedJob({ id: `job-${String(first + n).padStart(4, '0')}` }));
  expectOk(await store.writer.insertJobs(news));
}

/** Starts a monitor whose snapshots a thread writes, however small. */
function start(onWrite: () => void = () => undefined): { readonly threads: number } {
  const begun = { threads: 0 };
  monitor = startMonitor({
    changes: store.changes,
    writer: copy.cache.writer,
    clock: { monotonicMs: () => performance.now() },
    wait: waitFor,
    random: Math.random,
    onChange: (ids) => ids.forEach((id) => copy.changed.add(id)),
    onStatus: (status) => copy.statuses.push(status),
    limits: { ...QUICK_LIMITS, threadRows: 0 },
    beginPageThread: () => {
      begun.threads += 1;
      const thread = beginPageThread(PAGE_ENTRIES, copy.file);
      return {
        write: (pages, serverMs) => {
          onWrite();
          return thread.write(pages, serverMs);
        },
        close: () => thread.close(),
      };
    },
  });
  return begun;
}

describe('a snapshot that a thread writes', () => {
  // Where changes come by polls, pages are read and written between them, one at a time.
  beforeEach(({ skip }) => skip(!store.changes.topology.hasChangeStreams));

  it('brings every document of the server to the last byte, also those that are none of ours', async () => {
    expectOk(await store.writer.postEntry(grant('w1', 100_000)));
    await insertJobs(150);
    const jobs = server.client.db(server.dbName).collection<{ _id: unknown }>('jobs');
    await jobs.insertMany([
      { _id: 'odd', pattern: new BSONRegExp('(?<open', 'x'), large: Long.MAX_VALUE, list: [undefined, null] },
      { _id: new ObjectId(), state: 'queued' },
    ] as never[]);
    const begun = start();
    await untilSame(copy.cache, store.changes);
    await vi.waitFor(() => expect(copy.statuses.at(-1)?.mode).toBe('stream'), WAIT);
    expect(begun.threads).toBe(1);
    expect(copy.changed).toContain('job-0000');
    expectConsistent(copy.file);
  });

  it('loses nothing that happens while it writes', async () => {
    await insertJobs(120);
    let next = 1000;
    const happening: Promise<unknown>[] = [];
    const jobs = server.client.db(server.dbName).collection<{ _id: string }>('jobs');
    start(() => {
      happening.push(insertJobs(1, next), jobs.deleteOne({ _id: `job-${String(next - 1000).padStart(4, '0')}` }));
      next += 1;
    });
    await vi.waitFor(() => expect(copy.statuses.at(-1)?.mode).toBe('stream'), WAIT);
    await Promise.all(happening);
    expect(happening.length).toBeGreaterThan(2);
    await untilSame(copy.cache, store.changes);
    expectConsistent(copy.file);
  });

  it('goes on where it was stopped', async () => {
    await insertJobs(150);
    const stopped = Promise.withResolvers<void>();
    start(() => stopped.resolve());
    await stopped.promise;
    await monitor?.stop();
    expect(expectOk(copy.cache.writer.standing()).isSnapshotOpen).toBe(true);
    start();
    await untilSame(copy.cache, store.changes);
    expectConsistent(copy.file);
  });
});

describe('a thread that writes pages', () => {
  it('says why it cannot write', async () => {
    const thread = beginPageThread(PAGE_ENTRIES, `${copy.file}.none`);
    expect(await thread.write([], 0)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    await thread.close();
  });

  it('answers with an error once it has ended', async () => {
    const thread = beginPageThread(PAGE_ENTRIES, copy.file);
    await thread.close();
    expect(await thread.write([], 0)).toMatchObject({ ok: false, error: { code: 'internal' } });
  });
});
