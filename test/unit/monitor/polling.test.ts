import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appError } from '#domain/errors.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { accountOf, entryOf, jobChange, jobIn, malformedChange, NOW_MS } from '../../support/cache-world.ts';
import { FakeServer, networkError, serverError } from './fake-server.ts';
import { fill, KeptCopy, untilMode, WAIT } from './kept-copy.ts';

let kept: KeptCopy;

beforeEach(() => {
  kept = new KeptCopy();
});
afterEach(() => kept.end());

describe('where there are no change streams', () => {
  it('polls, and says so', async () => {
    const { server, one } = await kept.copied(false);
    server.nowMs += 5000;
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    server.put({ type: 'account', account: accountOf('w1', { available: 5, version: 2 }) });
    await kept.untilSame(server);
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
    const one = kept.start(server);
    await untilMode(one, 'polling');
    await kept.untilSame(server);
    expect(server.countCalls('follow')).toBe(1);
  });

  it('finds deletions by a sweep', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server);
    await untilMode(one, 'polling');
    server.delete('jobs', 'j3');
    server.delete('jobs', 'bad');
    server.delete('ledger', 'e0');
    server.delete('accounts', 'w1');
    await kept.untilSame(server);
    expect(expectOk(kept.cache.reader.job('j3'))).toBeNull();
  });

  it('finds by a sweep which documents are gone or came whose id is no text', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server, { limits: { pageRows: 10 } });
    await untilMode(one, 'polling');
    await kept.untilSame(server);
    server.put(malformedChange({ _id: 78 }), malformedChange({ _id: 79 }));
    await vi.waitFor(() => expect(expectOk(kept.cache.reader.counts()).malformed).toBe(4), WAIT);
    server.delete('jobs', '77');
    server.delete('jobs', '78');
    await vi.waitFor(() => expect(expectOk(kept.cache.reader.counts()).malformed).toBe(2), WAIT);
    expect(one.lines).toEqual([]);
  });

  it('finds documents that carry no time to find them by, and reads no others for it', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server);
    await untilMode(one, 'polling');
    await kept.untilSame(server);
    server.calls.length = 0;
    server.put(malformedChange({ _id: 'timeless' }));
    server.put({ type: 'entry', entry: entryOf('old', { at: new Date(0) }) });
    await kept.untilSame(server);
    expect(server.calls).not.toContain('page jobs top');
    expect(one.lines).toEqual([]);
  });

  it('reads everything anew where there are many of them', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server, { limits: { pageRows: 100 } });
    await untilMode(one, 'polling');
    for (let n = 0; n < 1100; n += 1) server.put({ type: 'entry', entry: entryOf(`old${n}`, { at: new Date(0) }) });
    await kept.untilSame(server);
    expect(one.lines.join()).toContain('without a time');
  });

  it('reads on where any number of documents changed in one instant', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server);
    await untilMode(one, 'polling');
    for (let n = 0; n < 30; n += 1) server.put(jobChange(jobIn({ id: `bulk${n}`, updatedAtMs: server.nowMs })));
    server.put(jobChange(jobIn({ id: 'after', updatedAtMs: server.nowMs + 1 })));
    await kept.untilSame(server);
    expect(expectOk(kept.cache.reader.job('after'))).not.toBeNull();
    // However many they are, no read is larger than a page: a bulk update of a million would not fit into memory.
    expect(server.largestRead).toBe(2);
  });

  it.each([
    ['by less than what a poll looks back', 5000, false],
    ['by minutes while it follows', 300_000, false],
    ['by minutes while nobody follows', 300_000, true],
    ['by hours while nobody follows', 7_200_000, true],
  ])("loses nothing where the server's clock goes back %s", async (_, backMs, isStopped) => {
    const { server, one: first } = await kept.copied(false);
    if (isStopped) await first.monitor.stop();
    server.nowMs -= backMs;
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    server.put({ type: 'entry', entry: entryOf('e0', { at: new Date(server.nowMs), credits: 7 }) });
    if (isStopped) kept.start(server);
    await kept.untilSame(server);
    server.put(jobChange(jobIn({ id: 'j0', version: 3, state: 'failed', updatedAtMs: server.nowMs })));
    await kept.untilSame(server);
    await vi.waitFor(
      () => expect(expectOk(kept.cache.reader.standing()).asOfMs).toBeLessThanOrEqual(server.nowMs),
      WAIT,
    );
  });

  it('loses nothing where another member with a slow clock became primary while this machine slept', async () => {
    const { server, one } = await kept.copied(false);
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs - 300_000 })));
    server.nowMs += 3_600_000;
    await kept.untilSame(server);
    expect(one.lines).toEqual([]);
  });

  it.each([
    ['at the end of a transaction', 55_000],
    // A bulk update stamps what it comes to last with the time of its beginning.
    ['at the end of a bulk update', 580_000],
  ])('finds what became visible long after its own time, as %s', async (_, lateMs) => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server);
    await untilMode(one, 'polling');
    server.nowMs += 3_600_000;
    // An hour without a look is looked at further back than any other.
    await vi.waitFor(
      () => expect(expectOk(kept.cache.reader.standing()).asOfMs).toBeGreaterThan(NOW_MS + 3_600_000 + 60_000),
      WAIT,
    );
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs - lateMs })));
    await kept.untilSame(server);
    expect(one.lines).toEqual([]);
  });

  it('goes on from its position after a restart, and copies nothing again', async () => {
    const server = new FakeServer(false);
    fill(server);
    const first = kept.start(server);
    await untilMode(first, 'polling');
    await first.monitor.stop();
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    server.delete('jobs', 'j1');
    server.calls.length = 0;
    kept.start(server);
    await kept.untilSame(server);
    expect(server.calls).not.toContain('page jobs top');
  });

  it('goes on with an interrupted snapshot where it stopped', async () => {
    const server = new FakeServer(false);
    fill(server, 10);
    server.hangingCall = 'page jobs j4';
    const first = kept.start(server, { limits: { pollMs: 0 } });
    await vi.waitFor(() => expect(server.hung).toBe(1), WAIT);
    await first.monitor.stop();
    server.hangingCall = null;
    server.calls.length = 0;
    const second = kept.start(server);
    await kept.untilSame(server);
    await untilMode(second, 'polling');
    expect(server.calls).toContain('page jobs j4');
    expect(server.calls).not.toContain('page jobs j6');
  });

  it('says that the server is away, and goes on', async () => {
    const server = new FakeServer(false);
    fill(server);
    const one = kept.start(server);
    await untilMode(one, 'polling');
    server.faults.push({ call: 'changedSince', error: appError('server_unreachable', null, networkError()) });
    await vi.waitFor(() => expect(one.statuses.some(({ error }) => error !== null)).toBe(true), WAIT);
    server.put(jobChange(jobIn({ id: 'late', updatedAtMs: server.nowMs })));
    await kept.untilSame(server);
    await vi.waitFor(() => expect(one.statuses.at(-1)?.error).toBeNull(), WAIT);
  });

  it('takes a copy over that a stream kept, and a stream one that was polled', async () => {
    const streaming = new FakeServer(true);
    fill(streaming);
    const first = kept.start(streaming);
    await untilMode(first, 'stream');
    await vi.waitFor(() => expect(expectOk(kept.cache.reader.standing()).asOfMs).not.toBeNull(), WAIT);
    await first.monitor.stop();
    const polled = new FakeServer(false);
    fill(polled);
    polled.put(jobChange(jobIn({ id: 'x', updatedAtMs: polled.nowMs })));
    const second = kept.start(polled);
    await untilMode(second, 'polling');
    await kept.untilSame(polled);
    await second.monitor.stop();
    streaming.delete('jobs', 'j5');
    const third = kept.start(streaming);
    await untilMode(third, 'stream');
    await kept.untilSame(streaming);
  });
});
