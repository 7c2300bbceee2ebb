import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CACHED_PARTS, subjectOf } from '#cache/changes.ts';
import { digestOf } from '#cache/digest.ts';
import type { Cache } from '#cache/open-cache.ts';
import type { MonitorStatus } from '#contract/status.ts';
import { monitorStatusSchema } from '#contract/status.ts';
import { withholdPrompts } from '#cache/withhold-prompts.ts';
import { appError } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import type { CopyWriter, MonitorOptions } from '#monitor/ports.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import { expectOk } from '../../support/expect-ok.ts';
import {
  accountOf,
  entryOf,
  jobChange,
  jobIn,
  malformedChange,
  NOW_MS,
  setupCache,
  type CacheWorld,
} from '../../support/cache-world.ts';
import { FakeServer, networkError, passing, serverError } from './fake-server.ts';

/** How long a condition is looked at; only a failing test waits that long. */
const WAIT = { timeout: 20_000, interval: 2 };

let world: CacheWorld;
let cache: Cache;
let running: Running[];

beforeEach(() => {
  world = setupCache();
  cache = world.open();
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map(({ monitor }) => monitor.stop()));
  world.end();
});

interface Running {
  readonly monitor: Monitor;
  readonly statuses: MonitorStatus[];
  readonly changed: Set<string>;
  readonly waits: number[];
  readonly lines: string[];
}

/** A writer that writes changes of the stream in another way. */
function withApply(inner: CopyWriter, apply: CopyWriter['apply']): CopyWriter {
  return {
    standing: () => inner.standing(),
    tellTime: (serverMs) => inner.tellTime(serverMs),
    apply,
    applyRead: (changes, position, asOfMs) => inner.applyRead(changes, position, asOfMs),
    openSnapshot: (position) => inner.openSnapshot(position),
    applyPages: (pages) => inner.applyPages(pages),
    applySweep: (range) => inner.applySweep(range),
    applyOddOnes: (part, found) => inner.applyOddOnes(part, found),
    lacking: (part, ids) => inner.lacking(part, ids),
    setAsOf: (asOfMs) => inner.setAsOf(asOfMs),
    declareVoid: () => inner.declareVoid(),
    keepSince: (sinceMs, limit) => inner.keepSince(sinceMs, limit),
    size: () => inner.size(),
    giveBack: (pages) => inner.giveBack(pages),
  };
}

/** Starts a monitor whose waits pass at once and move the clock instead. */
function start(
  server: FakeServer,
  more: Partial<Pick<MonitorOptions, 'writer' | 'limits' | 'onUnusable' | 'onStatus' | 'beginPageThread'>> = {},
): Running {
  let elapsedMs = 0;
  const statuses: MonitorStatus[] = [];
  const changed = new Set<string>();
  const waits: number[] = [];
  const lines: string[] = [];
  const monitor = startMonitor({
    changes: server,
    writer: more.writer ?? cache.writer,
    clock: { monotonicMs: () => (elapsedMs += 300) },
    wait: passing((ms) => {
      waits.push(ms);
      elapsedMs += ms;
      server.nowMs += ms;
    }),
    random: () => 0.5,
    onChange: (ids) => ids.forEach((id) => changed.add(id)),
    onStatus: (status) => {
      statuses.push(monitorStatusSchema.parse(status));
      more.onStatus?.(status);
    },
    log: (line) => lines.push(line),
    limits: { pageRows: 2, ...more.limits },
    ...(more.onUnusable === undefined ? {} : { onUnusable: more.onUnusable }),
    ...(more.beginPageThread === undefined ? {} : { beginPageThread: more.beginPageThread }),
  });
  const one = { monitor, statuses, changed, waits, lines };
  running.push(one);
  return one;
}

function expectSame(server: FakeServer): void {
  for (const part of CACHED_PARTS) {
    const ofText = server
      .documentsOf(part)
      .filter((change) => change.type !== 'job' || typeof change.job.document['_id'] === 'string');
    expect(expectOk(cache.reader.digest({ part, afterId: null, throughId: null }))).toEqual(digestOf(ofText));
  }
  const counts = expectOk(cache.reader.documentCounts());
  expect(counts.ledger).toBe(server.documentsOf('ledger').length);
}

async function untilSame(server: FakeServer): Promise<void> {
  await vi.waitFor(() => expectSame(server), WAIT);
}

async function untilMode(one: Running, mode: MonitorStatus['mode']): Promise<void> {
  await vi.waitFor(() => expect(one.statuses.at(-1)?.mode).toBe(mode), WAIT);
}

function fill(server: FakeServer, jobs = 7): void {
  for (let n = 0; n < jobs; n += 1) {
    server.put(jobChange(jobIn({ id: `j${n}`, updatedAtMs: NOW_MS - 1000 + n })));
    server.put({ type: 'entry', entry: entryOf(`e${n}`, { at: new Date(NOW_MS - 1000 + n) }) });
  }
  server.put({ type: 'account', account: accountOf('w1') });
  server.put(malformedChange({ _id: 'bad', state: 'lost' }));
  server.put(malformedChange({ _id: 77, state: 'lost' }));
}

/** A server, and a monitor that has copied all that it has and follows it. */
async function copied(hasChangeStreams: boolean): Promise<{ readonly server: FakeServer; readonly one: Running }> {
  const server = new FakeServer(hasChangeStreams);
  fill(server);
  const one = start(server);
  await untilMode(one, hasChangeStreams ? 'stream' : 'polling');
  await untilSame(server);
  return { server, one };
}

describe('where there are change streams', () => {
  it('copies everything, then follows', async () => {
    const server = new FakeServer(true);
    fill(server);
    const one = start(server);
    await untilSame(server);
    await untilMode(one, 'stream');
    expect(expectOk(cache.reader.counts()).malformed).toBe(2);
    server.put(jobChange(jobIn({ id: 'new' })));
    server.delete('jobs', 'j3');
    server.delete('ledger', 'e3');
    await untilSame(server);
    expect([...one.changed]).toEqual(expect.arrayContaining(['new', 'j3', 'bad', '77']));
    expect(one.statuses.map(({ mode }) => mode)).toEqual(expect.arrayContaining(['snapshot', 'stream']));
  });

  it('lists documents whose id is no text also where it keeps no prompts', async () => {
    expectOk(withholdPrompts(world.file));
    const server = new FakeServer(true);
    fill(server);
    const one = start(server);
    await untilMode(one, 'stream');
    expect(expectOk(cache.reader.counts()).malformed).toBe(2);
    server.put(malformedChange({ _id: 78, state: 'lost' }));
    await vi.waitFor(() => expect(expectOk(cache.reader.counts()).malformed).toBe(3), WAIT);
    expect(expectOk(cache.reader.digest({ part: 'jobs', afterId: null, throughId: null })).documents).toBe(8);
  });

  it('opens the stream before it reads the first page', async () => {
    const server = new FakeServer(true);
    fill(server);
    start(server);
    await untilSame(server);
    expect(server.calls.indexOf('follow now')).toBeLessThan(server.calls.findIndex((call) => call.startsWith('page')));
  });

  it('loses nothing that happens while it copies', async () => {
    const server = new FakeServer(true);
    fill(server, 20);
    start(server);
    for (let n = 0; n < 20; n += 1) {
      server.put(jobChange(jobIn({ id: `j${n}`, version: 2, state: 'running', updatedAtMs: NOW_MS + n })));
      if (n % 3 === 0) server.delete('jobs', `j${19 - n}`);
      await setImmediate();
    }
    await untilSame(server);
    expect(expectOk(cache.reader.counts()).total).toBe(server.documentsOf('jobs').length - 2);
  });

  it('goes on from its position after a restart and copies nothing again', async () => {
    const { server, one: first } = await copied(true);
    await first.monitor.stop();
    const pages = server.countCalls('page');
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: NOW_MS })));
    server.delete('jobs', 'j1');
    const second = start(server);
    await untilSame(server);
    await untilMode(second, 'stream');
    expect(server.countCalls('page')).toBe(pages);
    expect(second.statuses[0]?.mode).toBe('starting');
  });

  it('goes on with an interrupted snapshot where it stopped', async () => {
    const server = new FakeServer(true);
    fill(server, 10);
    server.hangingCall = 'page jobs j4';
    const first = start(server);
    await vi.waitFor(() => expect(server.hung).toBe(1), WAIT);
    await vi.waitFor(() => expect(expectOk(cache.reader.counts()).total).toBeGreaterThan(5), WAIT);
    await first.monitor.stop();
    server.hangingCall = null;
    server.delete('jobs', 'j9');
    server.calls.length = 0;
    const second = start(server);
    await untilSame(server);
    await untilMode(second, 'stream');
    expect(server.calls).not.toContain('page jobs j8');
    expect(server.calls).not.toContain('follow now');
  });

  it('tells how far the snapshot is, and no time of the copy before it is whole', async () => {
    const server = new FakeServer(true);
    fill(server, 10);
    const one = start(server);
    await untilMode(one, 'stream');
    const told = one.statuses.filter(({ mode }) => mode === 'snapshot');
    expect(told.length).toBeGreaterThan(2);
    expect(told.every(({ asOfMs }) => asOfMs === null)).toBe(true);
    expect(told.some(({ snapshot }) => snapshot !== null && snapshot.rowsDone > 0 && snapshot.rowsPerSecond > 0)).toBe(
      true,
    );
    await vi.waitFor(() => expect(one.statuses.at(-1)?.asOfMs).toBe(NOW_MS), WAIT);
  });
});

it.each([true, false])(
  'copies all there is where documents are so large that pages come short, with change streams: %s',
  async (hasChangeStreams) => {
    const server = new FakeServer(hasChangeStreams);
    server.pageRowsMax = 1;
    fill(server);
    const one = start(server, { limits: { pageRows: 8 } });
    await untilMode(one, hasChangeStreams ? 'stream' : 'polling');
    expectSame(server);
    expect(expectOk(cache.reader.counts()).total).toBe(7);
  },
);

describe('where a thread writes the pages of a snapshot', () => {
  it('writes no change of the stream until the thread has written', async () => {
    const server = new FakeServer(true);
    server.pageBytes = () => Promise.resolve(ok({ bytes: new Uint8Array(), isLast: true, lastId: null }));
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const appliedIds: string[] = [];
    let isClosed = false;
    const one = start(server, {
      limits: { threadRows: 0 },
      writer: withApply(cache.writer, (changes, position, asOfMs) => {
        appliedIds.push(...changes.map((change) => subjectOf(change).id));
        return cache.writer.apply(changes, position, asOfMs);
      }),
      beginPageThread: () => ({
        write: async (pages) => {
          begun.resolve();
          await held.promise;
          return cache.writer.applyPages(pages.map((page) => ({ ...page, changes: [] })));
        },
        close: () => {
          isClosed = true;
          return Promise.resolve();
        },
      }),
    });
    await begun.promise;
    server.put(jobChange(jobIn({ id: 'j1' })));
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    expect(appliedIds).toEqual([]);
    held.resolve();
    await untilSame(server);
    await untilMode(one, 'stream');
    expect(appliedIds).toEqual(['j1']);
    expect(isClosed).toBe(true);
  });
});

describe('a job whose document keeps no history', () => {
  it.each([
    ['a stream', true],
    ['polling', false],
  ])('was seen by the clock of the server, which its other times are of: %s', async (_, hasStreams) => {
    // Hours of difference: what clocks have that nobody sets, or that are set to another zone.
    const server = new FakeServer(hasStreams);
    cache = world.open({ now: () => server.nowMs + 5 * 3_600_000 });
    const bare = (state: 'queued' | 'running', version: number): void =>
      server.put(jobChange({ ...jobIn({ id: 'bare', state, version, updatedAtMs: server.nowMs }), history: [] }));
    bare('queued', 1);
    const one = start(server);
    await untilMode(one, hasStreams ? 'stream' : 'polling');
    await vi.waitFor(() => expect(expectOk(cache.reader.standing()).asOfMs).not.toBeNull(), WAIT);
    server.nowMs += 1000;
    bare('running', 2);
    const changedAtMs = server.nowMs;
    await untilSame(server);
    await one.monitor.stop();
    const seen = expectOk(cache.reader.observedOf('bare'));
    expect(seen.map(({ to }) => to)).toEqual(['queued', 'running']);
    expect(seen[0]?.seenMs).toBe(NOW_MS);
    expect(seen[1]?.afterMs).toBeLessThanOrEqual(changedAtMs);
    expect(seen[1]?.afterMs).toBeGreaterThanOrEqual(NOW_MS);
    expect(seen[1]?.seenMs).toBeGreaterThanOrEqual(changedAtMs);
    expect(seen[1]?.seenMs).toBeLessThanOrEqual(server.nowMs);
  });
});

describe('where the copy was left behind', () => {
  it('is as old as it was until the last change is there, however small the batches are', async () => {
    const { server, one: first } = await copied(true);
    await first.monitor.stop();
    const asOf = expectOk(cache.reader.standing()).asOfMs ?? 0;
    for (let n = 0; n < 12; n += 1) server.put(jobChange(jobIn({ id: `k${n}`, updatedAtMs: NOW_MS })));
    server.nowMs += 3_600_000;
    const told: (readonly [number, number | null])[] = [];
    const inner = cache.writer;
    const second = start(server, {
      writer: withApply(inner, (changes, position, asOfMs) => {
        told.push([changes.length, asOfMs ?? null]);
        return inner.apply(changes, position, asOfMs);
      }),
    });
    await vi.waitFor(() => expect(second.statuses.at(-1)?.asOfMs ?? 0).toBeGreaterThan(asOf + 3_000_000), WAIT);
    await untilSame(server);
    const withChanges = told.filter(([changes]) => changes > 0);
    expect(withChanges.length).toBeGreaterThan(2);
    expect(withChanges.every(([, asOfMs]) => asOfMs === null)).toBe(true);
  });
});

describe('where the copy was left behind by changes of documents that are gone', () => {
  it('is as old as it was until the last change is there', async () => {
    const { server, one: first } = await copied(true);
    await first.monitor.stop();
    for (let n = 0; n < 12; n += 1) server.changeUnseen();
    server.put(jobChange(jobIn({ id: 'last', updatedAtMs: server.nowMs })));
    server.nowMs += 3_600_000;
    const told: boolean[] = [];
    start(server, {
      onStatus: ({ asOfMs }) => {
        if ((asOfMs ?? 0) > NOW_MS + 3_000_000) told.push(expectOk(cache.reader.job('last')) !== null);
      },
    });
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), WAIT);
    expect(told).not.toContain(false);
  });
});

describe('where the stream has a gap', () => {
  it.each([
    ['the history is gone (286)', 286],
    ['the token is refused (260)', 260],
    ['the token is empty (40649)', 40_649],
    ['an event is too large for a message (10334)', 10_334],
  ])('compares with the server behind a new stream: %s', async (_, code) => {
    const { server, one: first } = await copied(true);
    await first.monitor.stop();
    const asOf = expectOk(cache.reader.standing()).asOfMs;
    server.delete('jobs', 'j2');
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'failed', updatedAtMs: NOW_MS })));
    server.faults.push({ call: 'follow', error: appError('server_error', null, serverError(code)) });
    server.calls.length = 0;
    const second = start(server);
    await untilMode(second, 'stream');
    await untilSame(server);
    expect(server.calls.filter((call) => call.startsWith('follow'))).toHaveLength(2);
    expect(server.calls.indexOf('follow now')).toBeLessThan(server.calls.findIndex((call) => call.startsWith('page')));
    const stale = second.statuses.filter(({ mode }) => mode === 'snapshot');
    expect(stale.every(({ asOfMs }) => asOfMs === asOf)).toBe(true);
    expect(second.statuses.map(({ error }) => error?.code)).toContain('stream_history_lost');
    // Only what differs is written again.
    expect([...second.changed].sort()).toEqual(['77', 'j0', 'j2']);
  });

  it('compares with the server when the gap opens while it follows', async () => {
    const { server, one } = await copied(true);
    server.delete('jobs', 'j2');
    server.followFaults.push(serverError(286));
    await untilSame(server);
    await untilMode(one, 'stream');
    expect(server.openStreams).toBe(1);
  });

  const REFUSED = appError('server_error', null, serverError(50_000));

  it('compares with the server when its position is refused again and again, whatever the reason', async () => {
    const { server, one: first } = await copied(true);
    await first.monitor.stop();
    server.delete('jobs', 'j2');
    server.put(jobChange(jobIn({ id: 'j9', updatedAtMs: NOW_MS })));
    server.refusedPositions = REFUSED;
    const second = start(server);
    await untilSame(server);
    await untilMode(second, 'stream');
    expect(second.statuses.map(({ error }) => error?.code)).toContain('stream_history_lost');
  });

  it('keeps its position while the server refuses every stream, and goes on from there', async () => {
    const { server, one: first } = await copied(true);
    await first.monitor.stop();
    server.put(jobChange(jobIn({ id: 'j9', updatedAtMs: NOW_MS })));
    server.faults.push(...Array.from({ length: 20 }, () => ({ call: 'follow', error: REFUSED })));
    server.calls.length = 0;
    const second = start(server);
    await untilMode(second, 'stream');
    await untilSame(server);
    expect(server.countCalls('page')).toBe(0);
    expect(second.statuses.map(({ error }) => error?.code)).not.toContain('stream_history_lost');
  });

  it('compares with the server when a collection was dropped', async () => {
    const { server, one } = await copied(true);
    server.drop('ledger');
    server.put({ type: 'entry', entry: entryOf('e99') });
    await untilSame(server);
    expect(one.lines.join()).toContain('dropped or renamed');
  });

  it('compares with the server where the process ends between the drop and the note that the copy is void', async () => {
    const { server, one: first } = await copied(true);
    let unwritten = 0;
    const inner = cache.writer;
    await first.monitor.stop();
    const writer = new Proxy(inner, {
      get: (target, key) => {
        if (key === 'declareVoid')
          return () => (unwritten++ < 2 ? err(appError('disk_full', 'test')) : inner.declareVoid());
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function'
          ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
          : value;
      },
    });
    start(server, { writer });
    server.drop('ledger');
    await untilSame(server);
    expect(unwritten).toBeGreaterThan(2);
  });
});

describe('where the network fails', () => {
  it('says so, waits with full jitter, and goes on', async () => {
    const server = new FakeServer(true);
    fill(server);
    const unreachable = { error: appError('server_unreachable', 'refused', networkError()) };
    for (let n = 0; n < 4; n += 1) server.faults.push({ call: 'follow', ...unreachable });
    server.faults.push({ call: 'page ledger', ...unreachable });
    const one = start(server);
    await untilSame(server);
    await untilMode(one, 'stream');
    expect(one.statuses.map(({ error }) => error?.code)).toContain('server_unreachable');
    expect(one.waits.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    server.followFaults.push(networkError());
    server.put(jobChange(jobIn({ id: 'late' })));
    await untilSame(server);
    await vi.waitFor(() => expect(one.statuses.at(-1)?.error).toBeNull(), WAIT);
  });

  it('never waits longer than the limit', async () => {
    const server = new FakeServer(true);
    for (let n = 0; n < 12; n += 1) {
      server.faults.push({ call: 'follow', error: appError('server_unreachable', null, networkError()) });
    }
    const one = start(server);
    await untilMode(one, 'stream');
    expect(Math.max(...one.waits)).toBe(15_000);
  });

  it('closes a stream that opens only after it was waited for too long', async () => {
    const opening = Promise.withResolvers<void>();
    let [asked, opened] = [0, 0];
    class SlowServer extends FakeServer {
      override async follow(position: string | null): ReturnType<FakeServer['follow']> {
        asked += 1;
        await opening.promise;
        const follower = await super.follow(position);
        opened += 1;
        return follower;
      }
    }
    const server = new SlowServer(true);
    const one = start(server, { limits: { answerMs: 7 } });
    await vi.waitFor(() => expect(asked).toBeGreaterThan(3), WAIT);
    await one.monitor.stop();
    opening.resolve();
    await vi.waitFor(() => expect(opened).toBe(asked), WAIT);
    await setImmediate();
    expect(server.openStreams).toBe(0);
  });

  it('stops at once also while the server does not answer, and writes nothing afterwards', async () => {
    const server = new FakeServer(true);
    fill(server);
    const one = start(server);
    await untilMode(one, 'stream');
    server.hangingCall = 'next';
    await vi.waitFor(() => expect(server.hung).toBe(1), WAIT);
    await one.monitor.stop();
    await one.monitor.stop();
    expect(one.statuses.at(-1)?.mode).toBe('stopped');
    expect(server.openStreams).toBe(0);
  });
});

describe('where the copy cannot be written', () => {
  it('waits for room on a full disk and loses nothing', async () => {
    const server = new FakeServer(true);
    fill(server);
    let full = 0;
    const inner = cache.writer;
    const writer = withApply(inner, (changes, position, asOfMs) =>
      changes.length > 0 && full++ < 3 ? err(appError('disk_full', 'test')) : inner.apply(changes, position, asOfMs),
    );
    const one = start(server, { writer });
    await untilMode(one, 'stream');
    server.put(jobChange(jobIn({ id: 'new' })));
    await untilSame(server);
    expect(full).toBeGreaterThan(3);
    expect(one.statuses.map(({ error }) => error?.code)).toContain('disk_full');
  });

  it('stops where the copy is damaged, so that it can be set aside', async () => {
    const server = new FakeServer(true);
    fill(server);
    const broken = { ...jobIn({ id: 'j1' }), attempt: -1 };
    server.put(jobChange(broken));
    const met: string[] = [];
    const one = start(server, { onUnusable: ({ code }) => void met.push(code) });
    await untilMode(one, 'stopped');
    expect(one.statuses.at(-1)?.error?.code).toBe('cache_unusable');
    expect(met).toEqual(['cache_unusable']);
  });
});

describe('where there are no change streams', () => {
  it('polls, and says so', async () => {
    const { server, one } = await copied(false);
    server.nowMs += 5000;
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    server.put({ type: 'account', account: accountOf('w1', { available: 5, version: 2 }) });
    await untilSame(server);
    expect(server.countCalls('follow')).toBe(0);
    expect(one.statuses.at(-1)?.asOfMs).not.toBeNull();
  });

  it.each([
    ['the server knows none', appError('server_error', null, serverError(40_573))],
    ['the user may not open one', appError('not_authorized', null, serverError(13))],
  ])('polls instead where %s', async (_, error) => {
    const server = new FakeServer(true);
    fill(server);
    server.faults.push({ call: 'follow', error });
    const one = start(server);
    await untilMode(one, 'polling');
    await untilSame(server);
    expect(server.countCalls('follow')).toBe(1);
  });

  it('finds deletions by a sweep', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server);
    await untilMode(one, 'polling');
    server.delete('jobs', 'j3');
    server.delete('jobs', 'bad');
    server.delete('ledger', 'e0');
    server.delete('accounts', 'w1');
    await untilSame(server);
    expect(expectOk(cache.reader.job('j3'))).toBeNull();
  });

  it('finds by a sweep which documents are gone or came whose id is no text', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server, { limits: { pageRows: 10 } });
    await untilMode(one, 'polling');
    await untilSame(server);
    server.put(malformedChange({ _id: 78 }), malformedChange({ _id: 79 }));
    await vi.waitFor(() => expect(expectOk(cache.reader.counts()).malformed).toBe(4), WAIT);
    server.delete('jobs', '77');
    server.delete('jobs', '78');
    await vi.waitFor(() => expect(expectOk(cache.reader.counts()).malformed).toBe(2), WAIT);
    expect(one.lines).toEqual([]);
  });

  it('finds documents that carry no time to find them by, and reads no others for it', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server);
    await untilMode(one, 'polling');
    await untilSame(server);
    server.calls.length = 0;
    server.put(malformedChange({ _id: 'timeless' }));
    server.put({ type: 'entry', entry: entryOf('old', { at: new Date(0) }) });
    await untilSame(server);
    expect(server.calls).not.toContain('page jobs top');
    expect(one.lines).toEqual([]);
  });

  it('reads everything anew where there are many of them', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server, { limits: { pageRows: 100 } });
    await untilMode(one, 'polling');
    for (let n = 0; n < 1100; n += 1) server.put({ type: 'entry', entry: entryOf(`old${n}`, { at: new Date(0) }) });
    await untilSame(server);
    expect(one.lines.join()).toContain('without a time');
  });

  it('reads on where any number of documents changed in one instant', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server);
    await untilMode(one, 'polling');
    for (let n = 0; n < 30; n += 1) server.put(jobChange(jobIn({ id: `bulk${n}`, updatedAtMs: server.nowMs })));
    server.put(jobChange(jobIn({ id: 'after', updatedAtMs: server.nowMs + 1 })));
    await untilSame(server);
    expect(expectOk(cache.reader.job('after'))).not.toBeNull();
    // However many they are, no read is larger than a page: a bulk update of a million would not fit into memory.
    expect(server.largestRead).toBe(2);
  });

  it.each([
    ['by less than what a poll looks back', 5000, false],
    ['by minutes while it follows', 300_000, false],
    ['by minutes while nobody follows', 300_000, true],
    ['by hours while nobody follows', 7_200_000, true],
  ])("loses nothing where the server's clock goes back %s", async (_, backMs, isStopped) => {
    const { server, one: first } = await copied(false);
    if (isStopped) await first.monitor.stop();
    server.nowMs -= backMs;
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    server.put({ type: 'entry', entry: entryOf('e0', { at: new Date(server.nowMs), credits: 7 }) });
    if (isStopped) start(server);
    await untilSame(server);
    server.put(jobChange(jobIn({ id: 'j0', version: 3, state: 'failed', updatedAtMs: server.nowMs })));
    await untilSame(server);
    await vi.waitFor(() => expect(expectOk(cache.reader.standing()).asOfMs).toBeLessThanOrEqual(server.nowMs), WAIT);
  });

  it('loses nothing where another member with a slow clock became primary while this machine slept', async () => {
    const { server, one } = await copied(false);
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs - 300_000 })));
    server.nowMs += 3_600_000;
    await untilSame(server);
    expect(one.lines).toEqual([]);
  });

  it.each([
    ['at the end of a transaction', 55_000],
    // A bulk update stamps what it comes to last with the time of its beginning.
    ['at the end of a bulk update', 580_000],
  ])('finds what became visible long after its own time, as %s', async (_, lateMs) => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server);
    await untilMode(one, 'polling');
    server.nowMs += 3_600_000;
    // An hour without a look is looked at further back than any other.
    await vi.waitFor(
      () => expect(expectOk(cache.reader.standing()).asOfMs).toBeGreaterThan(NOW_MS + 3_600_000 + 60_000),
      WAIT,
    );
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs - lateMs })));
    await untilSame(server);
    expect(one.lines).toEqual([]);
  });

  it('goes on from its position after a restart, and copies nothing again', async () => {
    const server = new FakeServer(false);
    fill(server);
    const first = start(server);
    await untilMode(first, 'polling');
    await first.monitor.stop();
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    server.delete('jobs', 'j1');
    server.calls.length = 0;
    start(server);
    await untilSame(server);
    expect(server.calls).not.toContain('page jobs top');
  });

  it('goes on with an interrupted snapshot where it stopped', async () => {
    const server = new FakeServer(false);
    fill(server, 10);
    server.hangingCall = 'page jobs j4';
    const first = start(server, { limits: { pollMs: 0 } });
    await vi.waitFor(() => expect(server.hung).toBe(1), WAIT);
    await first.monitor.stop();
    server.hangingCall = null;
    server.calls.length = 0;
    const second = start(server);
    await untilSame(server);
    await untilMode(second, 'polling');
    expect(server.calls).toContain('page jobs j4');
    expect(server.calls).not.toContain('page jobs j6');
  });

  it('says that the server is away, and goes on', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = start(server);
    await untilMode(one, 'polling');
    server.faults.push({ call: 'changedSince', error: appError('server_unreachable', null, networkError()) });
    await vi.waitFor(() => expect(one.statuses.some(({ error }) => error !== null)).toBe(true), WAIT);
    server.put(jobChange(jobIn({ id: 'late', updatedAtMs: server.nowMs })));
    await untilSame(server);
    await vi.waitFor(() => expect(one.statuses.at(-1)?.error).toBeNull(), WAIT);
  });

  it('takes a copy over that a stream kept, and a stream one that was polled', async () => {
    const streaming = new FakeServer(true);
    fill(streaming);
    const first = start(streaming);
    await untilMode(first, 'stream');
    await vi.waitFor(() => expect(expectOk(cache.reader.standing()).asOfMs).not.toBeNull(), WAIT);
    await first.monitor.stop();
    const polled = new FakeServer(false);
    fill(polled);
    polled.put(jobChange(jobIn({ id: 'x', updatedAtMs: polled.nowMs })));
    const second = start(polled);
    await untilMode(second, 'polling');
    await untilSame(polled);
    await second.monitor.stop();
    streaming.delete('jobs', 'j5');
    const third = start(streaming);
    await untilMode(third, 'stream');
    await untilSame(streaming);
  });
});
