import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { subjectOf } from '#cache/changes.ts';
import { withholdPrompts } from '#cache/withhold-prompts.ts';
import { ok } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, malformedChange, NOW_MS } from '../../support/cache-world.ts';
import { FakeServer } from './fake-server.ts';
import { fill, KeptCopy, untilMode, WAIT, withApply } from './kept-copy.ts';

let kept: KeptCopy;

beforeEach(() => {
  kept = new KeptCopy();
});
afterEach(() => kept.end());

describe('where there are change streams', () => {
  it('copies everything, then follows', async () => {
    const server = new FakeServer(true);
    fill(server);
    const one = kept.start(server);
    await kept.untilSame(server);
    await untilMode(one, 'stream');
    expect(expectOk(kept.cache.reader.counts()).malformed).toBe(2);
    server.put(jobChange(jobIn({ id: 'new' })));
    server.delete('jobs', 'j3');
    server.delete('ledger', 'e3');
    await kept.untilSame(server);
    expect([...one.changed]).toEqual(expect.arrayContaining(['new', 'j3', 'bad', '77']));
    expect(one.statuses.map(({ mode }) => mode)).toEqual(expect.arrayContaining(['snapshot', 'stream']));
  });

  it('lists documents whose id is no text also where it keeps no prompts', async () => {
    expectOk(withholdPrompts(kept.file));
    const server = new FakeServer(true);
    fill(server);
    const one = kept.start(server);
    await untilMode(one, 'stream');
    expect(expectOk(kept.cache.reader.counts()).malformed).toBe(2);
    server.put(malformedChange({ _id: 78, state: 'lost' }));
    await vi.waitFor(() => expect(expectOk(kept.cache.reader.counts()).malformed).toBe(3), WAIT);
    expect(expectOk(kept.cache.reader.digest({ part: 'jobs', afterId: null, throughId: null })).documents).toBe(8);
  });

  it('opens the stream before it reads the first page', async () => {
    const server = new FakeServer(true);
    fill(server);
    kept.start(server);
    await kept.untilSame(server);
    expect(server.calls.indexOf('follow now')).toBeLessThan(server.calls.findIndex((call) => call.startsWith('page')));
  });

  it('loses nothing that happens while it copies', async () => {
    const server = new FakeServer(true);
    fill(server, 20);
    kept.start(server);
    for (let n = 0; n < 20; n += 1) {
      server.put(jobChange(jobIn({ id: `j${n}`, version: 2, state: 'running', updatedAtMs: NOW_MS + n })));
      if (n % 3 === 0) server.delete('jobs', `j${19 - n}`);
      await setImmediate();
    }
    await kept.untilSame(server);
    expect(expectOk(kept.cache.reader.counts()).total).toBe(server.documentsOf('jobs').length - 2);
  });

  it('goes on from its position after a restart and copies nothing again', async () => {
    const { server, one: first } = await kept.copied(true);
    await first.monitor.stop();
    const pages = server.countCalls('page');
    server.put(jobChange(jobIn({ id: 'j0', version: 2, state: 'running', updatedAtMs: NOW_MS })));
    server.delete('jobs', 'j1');
    const second = kept.start(server);
    await kept.untilSame(server);
    await untilMode(second, 'stream');
    expect(server.countCalls('page')).toBe(pages);
    expect(second.statuses[0]?.mode).toBe('starting');
  });

  it('goes on with an interrupted snapshot where it stopped', async () => {
    const server = new FakeServer(true);
    fill(server, 10);
    server.hangingCall = 'page jobs j4';
    const first = kept.start(server);
    await vi.waitFor(() => expect(server.hung).toBe(1), WAIT);
    await vi.waitFor(() => expect(expectOk(kept.cache.reader.counts()).total).toBeGreaterThan(5), WAIT);
    await first.monitor.stop();
    server.hangingCall = null;
    server.delete('jobs', 'j9');
    server.calls.length = 0;
    const second = kept.start(server);
    await kept.untilSame(server);
    await untilMode(second, 'stream');
    expect(server.calls).not.toContain('page jobs j8');
    expect(server.calls).not.toContain('follow now');
  });

  it('tells how far the snapshot is, and no time of the copy before it is whole', async () => {
    const server = new FakeServer(true);
    fill(server, 10);
    const one = kept.start(server);
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
    const one = kept.start(server, { limits: { pageRows: 8 } });
    await untilMode(one, hasChangeStreams ? 'stream' : 'polling');
    kept.expectSame(server);
    expect(expectOk(kept.cache.reader.counts()).total).toBe(7);
  },
);

describe('where a thread writes the pages of a snapshot', () => {
  it('writes no change of the stream until the thread has written', async () => {
    const server = new FakeServer(true);
    server.pageBytes = () => Promise.resolve(ok({ bytes: new Uint8Array(), isLast: true, lastId: null }));
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const appliedIds: string[] = [];
    let isClosed = false;
    const one = kept.start(server, {
      limits: { threadRows: 0 },
      writer: withApply(kept.cache.writer, (changes, position, asOfMs) => {
        appliedIds.push(...changes.map((change) => subjectOf(change).id));
        return kept.cache.writer.apply(changes, position, asOfMs);
      }),
      beginPageThread: () => ({
        write: async (pages) => {
          begun.resolve();
          await held.promise;
          return kept.cache.writer.applyPages(pages.map((page) => ({ ...page, changes: [] })));
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
    await kept.untilSame(server);
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
    kept.reopen({ now: () => server.nowMs + 5 * 3_600_000 });
    const bare = (state: 'queued' | 'running', version: number): void =>
      server.put(jobChange({ ...jobIn({ id: 'bare', state, version, updatedAtMs: server.nowMs }), history: [] }));
    bare('queued', 1);
    const one = kept.start(server);
    await untilMode(one, hasStreams ? 'stream' : 'polling');
    await vi.waitFor(() => expect(expectOk(kept.cache.reader.standing()).asOfMs).not.toBeNull(), WAIT);
    server.nowMs += 1000;
    bare('running', 2);
    const changedAtMs = server.nowMs;
    await kept.untilSame(server);
    await one.monitor.stop();
    const seen = expectOk(kept.cache.reader.observedOf('bare'));
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
    const { server, one: first } = await kept.copied(true);
    await first.monitor.stop();
    const asOf = expectOk(kept.cache.reader.standing()).asOfMs ?? 0;
    for (let n = 0; n < 12; n += 1) server.put(jobChange(jobIn({ id: `k${n}`, updatedAtMs: NOW_MS })));
    server.nowMs += 3_600_000;
    const told: (readonly [number, number | null])[] = [];
    const inner = kept.cache.writer;
    const second = kept.start(server, {
      writer: withApply(inner, (changes, position, asOfMs) => {
        told.push([changes.length, asOfMs ?? null]);
        return inner.apply(changes, position, asOfMs);
      }),
    });
    await vi.waitFor(() => expect(second.statuses.at(-1)?.asOfMs ?? 0).toBeGreaterThan(asOf + 3_000_000), WAIT);
    await kept.untilSame(server);
    const withChanges = told.filter(([changes]) => changes > 0);
    expect(withChanges.length).toBeGreaterThan(2);
    expect(withChanges.every(([, asOfMs]) => asOfMs === null)).toBe(true);
  });
});

describe('where the copy was left behind by changes of documents that are gone', () => {
  it('is as old as it was until the last change is there', async () => {
    const { server, one: first } = await kept.copied(true);
    await first.monitor.stop();
    for (let n = 0; n < 12; n += 1) server.changeUnseen();
    server.put(jobChange(jobIn({ id: 'last', updatedAtMs: server.nowMs })));
    server.nowMs += 3_600_000;
    const told: boolean[] = [];
    kept.start(server, {
      onStatus: ({ asOfMs }) => {
        if ((asOfMs ?? 0) > NOW_MS + 3_000_000) told.push(expectOk(kept.cache.reader.job('last')) !== null);
      },
    });
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0), WAIT);
    expect(told).not.toContain(false);
  });
});
