import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import type { ChangesPort } from '#monitor/ports.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import { verifyCopy, type VerifyReport } from '#monitor/verify-copy.ts';
import { expectOk } from '../../support/expect-ok.ts';
import {
  accountOf,
  entryOf,
  jobChange,
  jobIn,
  NOW_MS,
  setupCache,
  type CacheWorld,
} from '../../support/cache-world.ts';
import { FakeServer, passing } from './fake-server.ts';

const WAIT = { timeout: 20_000, interval: 2 };
const LONG_AGO_MS = NOW_MS - 3_600_000;

let world: CacheWorld;
let cache: Cache;
let monitor: Monitor | null;
beforeEach(() => {
  world = setupCache();
  cache = world.open();
  monitor = null;
});
afterEach(async () => {
  await monitor?.stop();
  world.end();
});

function fill(server: FakeServer): void {
  for (let n = 0; n < 9; n += 1) {
    server.put(jobChange(jobIn({ id: `j${n}`, updatedAtMs: LONG_AGO_MS + n })));
    server.put({ type: 'entry', entry: entryOf(`e${n}`, { at: new Date(LONG_AGO_MS) }) });
    server.put({ type: 'account', account: accountOf(`w${n}`) });
  }
}

/** Follows the server until the copy says of when it is, and where it is polled, until a sweep was made. */
async function follow(server: FakeServer): Promise<void> {
  let elapsedMs = 0;
  monitor = startMonitor({
    changes: server,
    writer: cache.writer,
    clock: { monotonicMs: () => (elapsedMs += 20) },
    wait: passing((ms) => {
      elapsedMs += ms;
      server.nowMs += ms;
    }),
    random: () => 0.5,
    onChange: () => undefined,
    onStatus: () => undefined,
    limits: { pageRows: 4 },
  });
  await vi.waitFor(() => {
    const { asOfMs, position } = expectOk(cache.reader.standing());
    expect(asOfMs).not.toBeNull();
    expect(position).toMatch(/^stream|^poll:\d+:\d+/);
  }, WAIT);
}

async function verify(
  changes: ChangesPort,
  { eventsMax, onWait }: { readonly eventsMax?: number; readonly onWait?: () => void } = {},
): Promise<VerifyReport> {
  return expectOk(
    await verifyCopy({
      changes,
      reader: cache.reader,
      wait: async () => {
        onWait?.();
        await setImmediate();
      },
      signal: new AbortController().signal,
      rangeRows: 4,
      ...(eventsMax === undefined ? {} : { eventsMax }),
    }),
  );
}

/** What no time tells of: an account, a deletion, an entry that was posted late, an older state in the place of a newer one. */
function changeQuietly(server: FakeServer, n: number): void {
  server.put({ type: 'account', account: accountOf(`w${n % 9}`, { available: n, version: 2 + n }) });
  server.put({ type: 'entry', entry: entryOf(`late${n}`, { at: new Date(LONG_AGO_MS) }) });
  server.put(jobChange(jobIn({ id: `j${n % 9}`, version: 1, state: 'running', updatedAtMs: LONG_AGO_MS - 1 - n })));
  server.delete('ledger', `late${n - 1}`);
  server.delete('accounts', `w${(n + 4) % 9}`);
}

/** The server, on which something changes around each call. */
function busy(server: FakeServer, change: (n: number) => void): ChangesPort {
  let calls = 0;
  const around = async <Value>(call: () => Promise<Value>): Promise<Value> => {
    change((calls += 1));
    const answer = await call();
    change((calls += 1));
    return answer;
  };
  return {
    topology: server.topology,
    now: () => around(() => server.now()),
    estimate: () => server.estimate(),
    follow: (position) => around(() => server.follow(position)),
    splits: (part, ranges) => server.splits(part, ranges),
    page: (part, before, limit, within) => around(() => server.page(part, before, limit, within)),
    oddOnes: (part, limit) => server.oddOnes(part, limit),
    changedSince: (part, since, limit) => server.changedSince(part, since, limit),
    idsAfter: (part, after, limit, within) => server.idsAfter(part, after, limit, within),
  };
}

/** Makes the copy hold what the server never had. */
function falsify(): void {
  const db = new Database(world.file);
  db.exec(`DELETE FROM ledger WHERE id = 'e3';
    UPDATE ledger SET credits = 5 WHERE id = 'e5';
    INSERT INTO accounts SELECT 'w77', available, held, version, document FROM accounts WHERE id = 'w1'`);
  db.close();
}
const FALSE_ONES = [
  { part: 'accounts', id: 'w77', type: 'extra' },
  { part: 'ledger', id: 'e3', type: 'missing' },
  { part: 'ledger', id: 'e5', type: 'differs' },
];

const byId = (left: { readonly id: string }, right: { readonly id: string }): number => (left.id < right.id ? -1 : 1);
const inOrder = (documents: VerifyReport['differences']): VerifyReport['differences'] =>
  documents.toSorted(byId).toSorted((left, right) => (left.part < right.part ? -1 : 1));
const named = (report: VerifyReport): VerifyReport['differences'] => inOrder(report.differences);

describe('verifying a copy beside a server that is always changing, by a change stream', () => {
  it('names nothing while the copy is kept', async () => {
    const server = new FakeServer(true);
    fill(server);
    await follow(server);
    const report = await verify(busy(server, (n) => changeQuietly(server, n)));
    expect(report).toMatchObject({ differences: [], differencesTotal: 0 });
    expect(report.documents).toBeGreaterThan(20);
  });

  it('names nothing of what happened since the copy was kept, and counts it', async () => {
    const server = new FakeServer(true);
    fill(server);
    await follow(server);
    await monitor?.stop();
    changeQuietly(server, 1);
    changeQuietly(server, 2);
    expect(await verify(server)).toMatchObject({ differences: [], differencesTotal: 0, newer: 7 });
  });

  it('says of which nothing tells where the server no longer knows what happened since then', async () => {
    const server = new FakeServer(true);
    fill(server);
    await follow(server);
    await monitor?.stop();
    changeQuietly(server, 1);
    server.forgetHistory();
    const report = await verify(server);
    expect(report).toMatchObject({ differences: [], newer: 0, untoldTotal: 4 });
    expect(inOrder(report.untold)).toEqual([
      { part: 'accounts', id: 'w1', type: 'differs' },
      { part: 'accounts', id: 'w5', type: 'extra' },
      { part: 'jobs', id: 'j1', type: 'differs' },
      { part: 'ledger', id: 'late1', type: 'missing' },
    ]);
  });

  it('says of which nothing tells, and does not read all there is, where the copy is far behind', async () => {
    const server = new FakeServer(true);
    fill(server);
    await follow(server);
    await monitor?.stop();
    for (let n = 0; n < 100; n += 1) {
      server.put({ type: 'account', account: accountOf('w1', { available: n, version: 2 + n }) });
    }
    server.calls.length = 0;
    expect(await verify(server, { eventsMax: 10 })).toMatchObject({ differences: [], newer: 0, untoldTotal: 1 });
    expect(server.countCalls('next')).toBeLessThan(10);
  });

  it('names what differs all the same', async () => {
    const server = new FakeServer(true);
    fill(server);
    await follow(server);
    falsify();
    const changing = busy(server, (n) =>
      server.put({ type: 'account', account: accountOf(`w${n % 9}`, { available: n, version: 2 + n }) }),
    );
    expect(named(await verify(changing))).toEqual(FALSE_ONES);
  });
});

describe('verifying a copy beside a server that is always changing, by polls', () => {
  it('names nothing while the copy is kept', async () => {
    const server = new FakeServer(false);
    fill(server);
    await follow(server);
    const quietly = (n: number): void => {
      // What is changed back to an older time no poll ever meets, so here it is a difference.
      if (n > 60) return;
      server.put({ type: 'account', account: accountOf(`w${n % 9}`, { available: n, version: 2 + n }) });
      server.put({ type: 'entry', entry: entryOf(`late${n}`, { at: new Date(server.nowMs - 30_000) }) });
      server.delete('ledger', `late${n - 1}`);
      server.delete('accounts', `w${(n + 4) % 9}`);
      server.delete('jobs', `j${n % 9}`);
    };
    expect(await verify(busy(server, quietly))).toMatchObject({ differences: [], differencesTotal: 0 });
  });

  it('calls nothing a difference that happened since the copy was kept, and says of which nothing tells when', async () => {
    const server = new FakeServer(false);
    fill(server);
    await follow(server);
    await monitor?.stop();
    server.put({ type: 'account', account: accountOf('w1', { available: 1, version: 2 }) });
    server.put({ type: 'entry', entry: entryOf('late', { at: new Date(LONG_AGO_MS) }) });
    server.delete('jobs', 'j3');
    server.put(jobChange(jobIn({ id: 'j4', version: 2, state: 'running', updatedAtMs: server.nowMs })));
    const report = await verify(server);
    expect(report).toMatchObject({ differences: [], differencesTotal: 0, newer: 1, untoldTotal: 3 });
    expect(inOrder(report.untold)).toEqual([
      { part: 'accounts', id: 'w1', type: 'differs' },
      { part: 'jobs', id: 'j3', type: 'extra' },
      { part: 'ledger', id: 'late', type: 'missing' },
    ]);
  });

  it('names at once what a poll has met and the copy has otherwise', async () => {
    const server = new FakeServer(false);
    fill(server);
    await follow(server);
    await monitor?.stop();
    falsify();
    const report = await verify(server);
    expect(named(report)).toEqual([{ part: 'ledger', id: 'e5', type: 'differs' }]);
    // What only a sweep would meet nobody can tell of while nobody sweeps.
    expect(inOrder(report.untold)).toEqual(FALSE_ONES.filter(({ id }) => id !== 'e5'));
  });

  it('waits once for somebody who keeps the copy, however many documents are not the same', async () => {
    const server = new FakeServer(false);
    for (let n = 0; n < 600; n += 1) server.put({ type: 'account', account: accountOf(`w${n}`) });
    await follow(server);
    await monitor?.stop();
    for (let n = 0; n < 600; n += 1) server.put({ type: 'account', account: accountOf(`w${n}`, { version: 2 }) });
    let waits = 0;
    const report = await verify(server, { onWait: () => (waits += 1) });
    expect(report).toMatchObject({ differences: [], newer: 0, untoldTotal: 600 });
    expect(report.untold).toHaveLength(500);
    expect(waits).toBe(20);
  });
});
