import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import Database from 'better-sqlite3';
import { digestOf } from '#cache/digest.ts';
import type { Cache } from '#cache/open-cache.ts';
import { keepWindow } from '#monitor/keep-window.ts';
import { DEFAULT_LIMITS, type Retention } from '#monitor/ports.ts';
import { SnapshotGate } from '#monitor/snapshot-gate.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import { StatusBoard } from '#monitor/status-board.ts';
import { MonitorWork } from '#monitor/work.ts';
import { ok } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { accountOf, jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';
import { FakeServer, passing } from './fake-server.ts';

const WAIT = { timeout: 60_000, interval: 5 };
const HOUR_MS = 3_600_000;
const JOBS = 500;
/** Of the newest of these, this many ended within the last day, which no limit of the size touches. */
const OF_LAST_DAY = 24;

let world: CacheWorld;
let cache: Cache;
let monitors: Monitor[];
beforeEach(() => {
  world = setupCache();
  cache = world.open();
  monitors = [];
});
afterEach(async () => {
  await Promise.all(monitors.map((monitor) => monitor.stop()));
  world.end();
});

/** Prompts of 4 KB that no packing makes smaller: what a size is about. */
function longPrompt(n: number): string {
  return Array.from({ length: 500 }, (_, word) => ((n + 1) * (word + 7) * 7919).toString(36)).join(' ');
}

/** One job an hour, each at its end since then, and one that is not. */
function fill(server: FakeServer): void {
  for (let n = 0; n < JOBS; n += 1) {
    const atMs = NOW_MS - n * HOUR_MS;
    const id = `j${String(JOBS - n).padStart(4, '0')}`;
    server.put(
      jobChange(jobIn({ id, state: 'completed', createdAtMs: atMs, updatedAtMs: atMs, prompt: longPrompt(n) })),
    );
  }
  const oldMs = NOW_MS - 2 * JOBS * HOUR_MS;
  server.put(jobChange(jobIn({ id: 'open', state: 'queued', createdAtMs: oldMs, updatedAtMs: oldMs })));
  server.put({ type: 'account', account: accountOf('w1') });
}

function keep(server: FakeServer, bytesMax: number | null, ageMsMax: number | null = null): void {
  let elapsedMs = 0;
  monitors.push(
    startMonitor({
      changes: server,
      writer: cache.writer,
      clock: { monotonicMs: () => (elapsedMs += 300) },
      wait: passing((ms) => {
        elapsedMs += ms;
      }),
      random: () => 0.5,
      onChange: () => undefined,
      onStatus: () => undefined,
      limits: { pageRows: 100, windowMs: 2000 },
      retention: { ageMsMax, bytesMax },
    }),
  );
}

/** What a part of the monitor works with, outside of any monitor. */
function workOf(server: FakeServer, monotonicMs: () => number, retention: Retention): MonitorWork {
  return new MonitorWork(
    {
      changes: server,
      writer: cache.writer,
      clock: { monotonicMs },
      wait: passing(() => undefined),
      random: () => 0,
      onChange: () => undefined,
      onStatus: () => undefined,
      retention,
    },
    {
      limits: DEFAULT_LIMITS,
      signal: new AbortController().signal,
      board: new StatusBoard(() => undefined, monotonicMs),
      by: 'stream',
      gate: new SnapshotGate(false),
      isPositionDoubted: false,
    },
  );
}

const usedBytes = (): number => expectOk(cache.writer.size()).usedBytes;
const jobsKept = (): number => expectOk(cache.reader.counts()).total;
const keptSinceMs = (): number | null => expectOk(cache.reader.standing()).scope.keptSinceMs;

async function untilWhole(): Promise<void> {
  await vi.waitFor(
    () => expect(expectOk(cache.reader.standing())).toMatchObject({ isComplete: true, isSnapshotOpen: false }),
    WAIT,
  );
}

function expectWindowOf(server: FakeServer): void {
  const { scope } = expectOk(cache.reader.standing());
  const digest = expectOk(cache.reader.digest({ part: 'jobs', afterId: null, throughId: null }));
  expect(digest).toEqual(digestOf(server.documentsOf('jobs'), scope));
  expect(digest.documents).toBe(jobsKept());
}

describe.each([{ hasStreams: true }, { hasStreams: false }])(
  'a limit of the size on disk, with change streams: $hasStreams',
  ({ hasStreams }) => {
    it('drops the jobs that ended first until the file is below it, and gives the room back to the disk', async () => {
      const server = new FakeServer(hasStreams);
      fill(server);
      keep(server, null);
      await untilWhole();
      await monitors.shift()?.stop();
      const wholeBytes = usedBytes();
      const limit = Math.floor(wholeBytes / 2);

      keep(server, limit);
      await vi.waitFor(() => expect(usedBytes()).toBeLessThanOrEqual(limit), WAIT);
      await monitors[0]?.stop();
      expect(jobsKept()).toBeGreaterThan(OF_LAST_DAY);
      expect(jobsKept()).toBeLessThan(JOBS);
      expectWindowOf(server);
      expect(expectOk(cache.reader.job('open'))).not.toBeNull();
      cache.close();
      // What the log held is in the file now: this is what the disk has of it.
      expect(statSync(world.file).size).toBeLessThan(wholeBytes * 0.75);
      const plain = new Database(world.file, { readonly: true });
      expect(plain.pragma('integrity_check', { simple: true })).toBe('ok');
      plain.close();
    });

    it('keeps the copy below it as new jobs come', async () => {
      const server = new FakeServer(hasStreams);
      fill(server);
      keep(server, null);
      await untilWhole();
      await monitors.shift()?.stop();
      const limit = Math.floor(usedBytes() / 2);
      keep(server, limit);
      await vi.waitFor(() => expect(usedBytes()).toBeLessThanOrEqual(limit), WAIT);
      const before = keptSinceMs();
      for (let n = 0; n < 150; n += 1) {
        const id = `k${String(n).padStart(4, '0')}`;
        server.put(jobChange(jobIn({ id, state: 'completed', createdAtMs: NOW_MS + n, prompt: longPrompt(JOBS + n) })));
      }
      await vi.waitFor(() => expect(expectOk(cache.reader.job('k0149'))).not.toBeNull(), WAIT);
      await vi.waitFor(() => {
        expect(usedBytes()).toBeLessThanOrEqual(limit);
        expect(keptSinceMs()).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
      }, WAIT);
      await monitors[0]?.stop();
      expectWindowOf(server);
    });

    it('takes in again what a clock of the server left out that was years ahead, once it is right', async () => {
      const server = new FakeServer(hasStreams);
      fill(server);
      server.nowMs = NOW_MS + 40_000 * HOUR_MS;
      keep(server, null, 200 * HOUR_MS);
      await untilWhole();
      expect(jobsKept()).toBe(1);
      await monitors.shift()?.stop();
      server.nowMs = NOW_MS;
      keep(server, null, 200 * HOUR_MS);
      await vi.waitFor(() => expect(keptSinceMs()).toBe(NOW_MS - 200 * HOUR_MS), WAIT);
      await untilWhole();
      await monitors[0]?.stop();
      // One an hour with both ends of the time, and the one that is not at its end.
      expect(jobsKept()).toBe(200 + 2);
      expectWindowOf(server);
    });

    it('never reaches into the last day, however small it is', async () => {
      const server = new FakeServer(hasStreams);
      fill(server);
      keep(server, 1);
      await untilWhole();
      await vi.waitFor(() => expect(keptSinceMs()).toBe(NOW_MS - 24 * HOUR_MS), WAIT);
      await monitors[0]?.stop();
      // One an hour with both ends of the day, and the one that is not at its end.
      expect(jobsKept()).toBe(OF_LAST_DAY + 2);
      expectWindowOf(server);
    });
  },
);

it("is moved on by the server's clock, and never back by a lane that gave way to another one", async () => {
  const server = new FakeServer(true);
  fill(server);
  keep(server, null);
  await untilWhole();
  await monitors.shift()?.stop();
  let elapsedMs = 0;
  const work = workOf(server, () => elapsedMs, { ageMsMax: 200 * HOUR_MS, bytesMax: null });
  const first = keepWindow(work);
  // The first drops a part and lets others have their turn.
  while (keptSinceMs() === null) await setImmediate();
  elapsedMs += 2 * HOUR_MS;
  server.nowMs += 2 * HOUR_MS;
  expect(await Promise.all([first, keepWindow(work)])).toEqual([null, null]);
  expect(keptSinceMs()).toBe(server.nowMs - 200 * HOUR_MS);
  expectWindowOf(server);
  expect(expectOk(cache.reader.standing()).isComplete).toBe(true);
});

it('gives back all the room that a large part of the copy has left, also long after it was dropped', async () => {
  const PAGE_BYTES = 8192;
  const server = new FakeServer(true);
  let freePages = 200_000;
  let elapsedMs = 0;
  vi.spyOn(cache.writer, 'size').mockImplementation(() =>
    ok({ usedBytes: 10 * PAGE_BYTES, fileBytes: (10 + freePages) * PAGE_BYTES }),
  );
  vi.spyOn(cache.writer, 'giveBack').mockImplementation((pages) => {
    freePages -= pages;
    return ok(undefined);
  });
  const work = workOf(server, () => elapsedMs, { ageMsMax: null, bytesMax: 100 * PAGE_BYTES });
  expect(await keepWindow(work)).toBeNull();
  expect(freePages).toBe(100_000);
  elapsedMs += DEFAULT_LIMITS.windowMs;
  expect(await keepWindow(work)).toBeNull();
  expect(freePages).toBe(2000);
});
