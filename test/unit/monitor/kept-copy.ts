import { expect, vi } from 'vitest';
import { CACHED_PARTS } from '#cache/changes.ts';
import { digestOf } from '#cache/digest.ts';
import type { Cache, CacheOptions } from '#cache/open-cache.ts';
import { monitorStatusSchema, type MonitorStatus } from '#contract/status.ts';
import type { CopyWriter, MonitorOptions } from '#monitor/ports.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import {
  accountOf,
  entryOf,
  jobChange,
  jobIn,
  malformedChange,
  NOW_MS,
  setupCache,
} from '../../support/cache-world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { FakeServer, passing } from './fake-server.ts';

/** How long a condition is looked at; only a failing test waits that long. */
export const WAIT = { timeout: 20_000, interval: 2 };

/** A monitor, and what it has told. */
export interface Running {
  readonly monitor: Monitor;
  readonly statuses: MonitorStatus[];
  readonly changed: Set<string>;
  readonly waits: number[];
  readonly lines: string[];
}

/** A copy in a folder of its own, and the monitors that keep it. `end` belongs behind each test. */
export class KeptCopy {
  readonly #world = setupCache();
  readonly #running: Running[] = [];
  #cache: Cache = this.#world.open();

  /** The copy as it was opened last. */
  get cache(): Cache {
    return this.#cache;
  }

  get file(): string {
    return this.#world.file;
  }

  /** Opens the same file in another way; the copy before stays open. */
  reopen(options: Partial<CacheOptions>): void {
    this.#cache = this.#world.open(options);
  }

  /** Starts a monitor whose waits pass at once and move the clock instead. */
  start(
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
      writer: more.writer ?? this.#cache.writer,
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
    this.#running.push(one);
    return one;
  }

  /** Expects every document of the server in the copy, and no other. */
  expectSame(server: FakeServer): void {
    expectSame(this.#cache, server);
  }

  async untilSame(server: FakeServer): Promise<void> {
    await vi.waitFor(() => this.expectSame(server), WAIT);
  }

  /** A server, and a monitor that has copied all that it has and follows it. */
  async copied(hasChangeStreams: boolean): Promise<{ readonly server: FakeServer; readonly one: Running }> {
    const server = new FakeServer(hasChangeStreams);
    fill(server);
    const one = this.start(server);
    await untilMode(one, hasChangeStreams ? 'stream' : 'polling');
    await this.untilSame(server);
    return { server, one };
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.map(({ monitor }) => monitor.stop()));
    this.#world.end();
  }
}

function expectSame(cache: Cache, server: FakeServer): void {
  for (const part of CACHED_PARTS) {
    const ofText = server
      .documentsOf(part)
      .filter((change) => change.type !== 'job' || typeof change.job.document['_id'] === 'string');
    expect(expectOk(cache.reader.digest({ part, afterId: null, throughId: null }))).toEqual(digestOf(ofText));
  }
  const counts = expectOk(cache.reader.documentCounts());
  expect(counts.ledger).toBe(server.documentsOf('ledger').length);
}

/** Waits until that is the last thing that the monitor has said it does. */
export async function untilMode(one: Running, mode: MonitorStatus['mode']): Promise<void> {
  await vi.waitFor(() => expect(one.statuses.at(-1)?.mode).toBe(mode), WAIT);
}

/** Gives a server entries, an account, malformed documents, and that many jobs. */
export function fill(server: FakeServer, jobs = 7): void {
  for (let n = 0; n < jobs; n += 1) {
    server.put(jobChange(jobIn({ id: `j${n}`, updatedAtMs: NOW_MS - 1000 + n })));
    server.put({ type: 'entry', entry: entryOf(`e${n}`, { at: new Date(NOW_MS - 1000 + n) }) });
  }
  server.put({ type: 'account', account: accountOf('w1') });
  server.put(malformedChange({ _id: 'bad', state: 'lost' }));
  server.put(malformedChange({ _id: 77, state: 'lost' }));
}

/** A writer that writes changes of the stream in another way. */
export function withApply(inner: CopyWriter, apply: CopyWriter['apply']): CopyWriter {
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
