import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appError } from '#domain/errors.ts';
import { err } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entryOf, jobChange, jobIn, NOW_MS } from '../../support/cache-world.ts';
import { FakeServer, networkError, serverError } from './fake-server.ts';
import { fill, KeptCopy, untilMode, WAIT, withApply } from './kept-copy.ts';

let kept: KeptCopy;

beforeEach(() => {
  kept = new KeptCopy();
});
afterEach(() => kept.end());

describe('where the stream has a gap', () => {
  it.each([
    ['the history is gone (286)', 286],
    ['the token is refused (260)', 260],
    ['the token is empty (40649)', 40_649],
    ['an event is too large for a message (10334)', 10_334],
  ])('compares with the server behind a new stream: %s', async (_, code) => {
    const { server, one: first } = await kept.copied(true);
    await first.monitor.stop();
    const asOf = expectOk(kept.cache.reader.standing()).asOfMs;
    server.delete('jobs', 'j2');
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'failed', updatedAtMs: NOW_MS })));
    server.faults.push({ call: 'follow', error: appError('server_error', null, serverError(code)) });
    server.calls.length = 0;
    const second = kept.start(server);
    await untilMode(second, 'stream');
    await kept.untilSame(server);
    expect(server.calls.filter((call) => call.startsWith('follow'))).toHaveLength(2);
    expect(server.calls.indexOf('follow now')).toBeLessThan(server.calls.findIndex((call) => call.startsWith('page')));
    const stale = second.statuses.filter(({ mode }) => mode === 'snapshot');
    expect(stale.every(({ asOfMs }) => asOfMs === asOf)).toBe(true);
    expect(second.statuses.map(({ error }) => error?.code)).toContain('stream_history_lost');
    // Only what differs is written again.
    expect([...second.changed].sort()).toEqual(['77', 'j0', 'j2']);
  });

  it('compares with the server when the gap opens while it follows', async () => {
    const { server, one } = await kept.copied(true);
    server.delete('jobs', 'j2');
    server.followFaults.push(serverError(286));
    await kept.untilSame(server);
    await untilMode(one, 'stream');
    expect(server.openStreams).toBe(1);
  });

  const REFUSED = appError('server_error', null, serverError(50_000));

  it('compares with the server when its position is refused again and again, whatever the reason', async () => {
    const { server, one: first } = await kept.copied(true);
    await first.monitor.stop();
    server.delete('jobs', 'j2');
    server.put(jobChange(jobIn({ id: 'j9', updatedAtMs: NOW_MS })));
    server.refusedPositions = REFUSED;
    const second = kept.start(server);
    await kept.untilSame(server);
    await untilMode(second, 'stream');
    expect(second.statuses.map(({ error }) => error?.code)).toContain('stream_history_lost');
  });

  it('keeps its position while the server refuses every stream, and goes on from there', async () => {
    const { server, one: first } = await kept.copied(true);
    await first.monitor.stop();
    server.put(jobChange(jobIn({ id: 'j9', updatedAtMs: NOW_MS })));
    server.faults.push(...Array.from({ length: 20 }, () => ({ call: 'follow', error: REFUSED })));
    server.calls.length = 0;
    const second = kept.start(server);
    await untilMode(second, 'stream');
    await kept.untilSame(server);
    expect(server.countCalls('page')).toBe(0);
    expect(second.statuses.map(({ error }) => error?.code)).not.toContain('stream_history_lost');
  });

  it('compares with the server when a collection was dropped', async () => {
    const { server, one } = await kept.copied(true);
    server.drop('ledger');
    server.put({ type: 'entry', entry: entryOf('e99') });
    await kept.untilSame(server);
    expect(one.lines.join()).toContain('dropped or renamed');
  });

  it('compares with the server where the process ends between the drop and the note that the copy is void', async () => {
    const { server, one: first } = await kept.copied(true);
    let unwritten = 0;
    const inner = kept.cache.writer;
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
    kept.start(server, { writer });
    server.drop('ledger');
    await kept.untilSame(server);
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
    const one = kept.start(server);
    await kept.untilSame(server);
    await untilMode(one, 'stream');
    expect(one.statuses.map(({ error }) => error?.code)).toContain('server_unreachable');
    expect(one.waits.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
    server.followFaults.push(networkError());
    server.put(jobChange(jobIn({ id: 'late' })));
    await kept.untilSame(server);
    await vi.waitFor(() => expect(one.statuses.at(-1)?.error).toBeNull(), WAIT);
  });

  it('never waits longer than the limit', async () => {
    const server = new FakeServer(true);
    for (let n = 0; n < 12; n += 1) {
      server.faults.push({ call: 'follow', error: appError('server_unreachable', null, networkError()) });
    }
    const one = kept.start(server);
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
    const one = kept.start(server, { limits: { answerMs: 7 } });
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
    const one = kept.start(server);
    await untilMode(one, 'stream');
    server.hangingCall = 'next';
    await vi.waitFor(() => expect(server.hung).toBe(1), WAIT);
    await one.monitor.stop();
    await one.monitor.stop();
    expect(one.statuses.at(-1)?.mode).toBe('stopped');
    expect(server.openStreams).toBe(0);
    server.put(jobChange(jobIn({ id: 'late' })));
    server.answerHung();
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    expect(expectOk(kept.cache.reader.job('late'))).toBeNull();
    expect(one.statuses.at(-1)?.mode).toBe('stopped');
  });
});

describe('where the copy cannot be written', () => {
  it('waits for room on a full disk and loses nothing', async () => {
    const server = new FakeServer(true);
    fill(server);
    let full = 0;
    const inner = kept.cache.writer;
    const writer = withApply(inner, (changes, position, asOfMs) =>
      changes.length > 0 && full++ < 3 ? err(appError('disk_full', 'test')) : inner.apply(changes, position, asOfMs),
    );
    const one = kept.start(server, { writer });
    await untilMode(one, 'stream');
    server.put(jobChange(jobIn({ id: 'new' })));
    await kept.untilSame(server);
    expect(full).toBeGreaterThan(3);
    expect(one.statuses.map(({ error }) => error?.code)).toContain('disk_full');
  });

  it('stops where the copy is damaged, so that it can be set aside', async () => {
    const server = new FakeServer(true);
    fill(server);
    const broken = { ...jobIn({ id: 'j1' }), attempt: -1 };
    server.put(jobChange(broken));
    const met: string[] = [];
    const one = kept.start(server, { onUnusable: ({ code }) => void met.push(code) });
    await untilMode(one, 'stopped');
    expect(one.statuses.at(-1)?.error?.code).toBe('cache_unusable');
    expect(met).toEqual(['cache_unusable']);
  });
});
