import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { CACHED_PARTS, type CacheChange, type CachedPart } from '#cache/changes.ts';
import { digestOf } from '#cache/digest.ts';
import type { Cache } from '#cache/open-cache.ts';
import { appError } from '#domain/errors.ts';
import type { ChangesPort } from '#monitor/ports.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { accountOf, entryOf, jobChange, jobIn, malformedChange, setupCache } from '../../support/cache-world.ts';
import { FakeServer, networkError, passing } from './fake-server.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const STATES = ['queued', 'running', 'completed', 'failed'] as const;
/** How many runs; more by hand: RUNLEDGER_INTERLEAVINGS=2000. */
const RUNS = Number(process.env['RUNLEDGER_INTERLEAVINGS'] ?? 40);
/** How long a run may take to come to rest; only one that never does takes that long. */
const WAIT = { timeout: 10_000, interval: 1 };

/** What happens to the server, or to who follows it, while the monitor makes its next calls. */
type Step =
  | { readonly do: 'write'; readonly part: CachedPart; readonly id: string; readonly n: number }
  | { readonly do: 'break'; readonly id: string }
  | { readonly do: 'delete'; readonly part: CachedPart; readonly id: string }
  /** The connection is lost with the next call. */
  | { readonly do: 'cut' }
  /** Another member becomes primary, whose clock is behind. */
  | { readonly do: 'set_back'; readonly ms: number }
  /** The server no longer knows the changes up to now. */
  | { readonly do: 'forget' }
  /** The process ends and another one opens the file. */
  | { readonly do: 'restart' };

const anyPart = fc.constantFrom(...CACHED_PARTS);
const anyId = fc.constantFrom(...IDS);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      part: fc.constantFrom('jobs', 'jobs', 'accounts', 'ledger'),
      id: anyId,
      n: fc.nat(3),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('delete' as const), part: anyPart, id: anyId }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const), id: anyId }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'cut' }) },
  { weight: 1, arbitrary: fc.constantFrom(900, 20_000, 1_200_000).map((ms): Step => ({ do: 'set_back', ms })) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'forget' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
);
/** Each step waits for so many calls of the monitor after the one before. */
const anySchedule = fc.array(fc.record({ calls: fc.nat(6), step: anyStep }), { maxLength: 40 });
const anyCourse = fc.record({
  schedule: anySchedule,
  splits: fc.subarray([...IDS], { maxLength: 2 }),
  /** How many turns of the event loop each answer is on its way. */
  lingers: fc.array(fc.nat(12), { minLength: 1, maxLength: 12 }),
});
type Schedule = readonly { readonly calls: number; readonly step: Step }[];

/** A server and a monitor that follows it, with steps in between any two calls of the monitor. */
class BusyWorld {
  readonly #world = setupCache();
  readonly #server: FakeServer;
  readonly #left: { calls: number; readonly step: Step }[];
  #cache: Cache;
  #monitor: Monitor | null = null;
  #wantsRestart = false;
  #version = 0;
  readonly #lingers: readonly number[];
  #calls = 0;

  constructor(
    hasStreams: boolean,
    { splits, schedule, lingers }: { splits: readonly string[]; schedule: Schedule; lingers: readonly number[] },
  ) {
    this.#lingers = lingers;
    this.#server = new FakeServer(hasStreams);
    this.#server.splitIds = splits;
    this.#left = schedule.map((one) => ({ ...one }));
    this.#cache = this.#world.open();
  }

  /** @returns how the copy differs once it has come to rest; empty where it is the server's */
  async run(): Promise<readonly string[]> {
    for (const part of CACHED_PARTS) for (const id of IDS.slice(0, 4)) this.#change({ do: 'write', part, id, n: 0 });
    this.#start();
    while (this.#left.length > 0 || this.#wantsRestart) {
      if (this.#wantsRestart) await this.#restart();
      await setImmediate();
    }
    const isSame = (): boolean => this.#differences().length === 0;
    // A run that never comes to rest is told by what differs, not by the waiting.
    await vi.waitUntil(isSame, WAIT).catch(() => undefined);
    return this.#differences();
  }

  async end(): Promise<void> {
    await this.#monitor?.stop();
    this.#world.end();
  }

  #start(): void {
    let elapsedMs = 0;
    this.#monitor = startMonitor({
      changes: this.#watched(),
      writer: this.#cache.writer,
      clock: { monotonicMs: () => (elapsedMs += 40) },
      wait: passing((ms) => {
        elapsedMs += ms;
        this.#server.nowMs += ms;
      }),
      random: () => 0.5,
      onChange: () => undefined,
      onStatus: () => undefined,
      limits: { pageRows: 2, sweepMs: 500, pollMs: 100, overlapMs: 1000 },
    });
  }

  async #restart(): Promise<void> {
    this.#wantsRestart = false;
    await this.#monitor?.stop();
    this.#cache.close();
    this.#cache = this.#world.open();
    this.#start();
  }

  /** The server, with what is due happening around each call. */
  #watched(): ChangesPort {
    const server = this.#server;
    const around = async <Value>(call: () => Promise<Value>): Promise<Value> => {
      this.#play();
      const answer = await call();
      // On its way the answer grows old, while others overtake it.
      const turns = this.#lingers[this.#calls++ % this.#lingers.length] ?? 0;
      for (let turn = 0; turn < turns; turn += 1) await setImmediate();
      this.#play();
      return answer;
    };
    return {
      topology: server.topology,
      now: () => around(() => server.now()),
      estimate: () => around(() => server.estimate()),
      follow: async (position) => {
        const followed = await around(() => server.follow(position));
        if (!followed.ok) return followed;
        const follower = followed.value;
        return { ...followed, value: { next: () => around(() => follower.next()), close: () => follower.close() } };
      },
      splits: (part, ranges) => around(() => server.splits(part, ranges)),
      page: (part, before, limit, within) => around(() => server.page(part, before, limit, within)),
      oddOnes: (part, limit) => around(() => server.oddOnes(part, limit)),
      changedSince: (part, since, limit) => around(() => server.changedSince(part, since, limit)),
      idsAfter: (part, after, limit, within) => around(() => server.idsAfter(part, after, limit, within)),
    };
  }

  #play(): void {
    for (let next = this.#left[0]; next !== undefined; next = this.#left[0]) {
      if (next.calls > 0) {
        next.calls -= 1;
        return;
      }
      this.#left.shift();
      this.#change(next.step);
    }
  }

  #change(step: Step): void {
    const server = this.#server;
    server.nowMs += 1;
    switch (step.do) {
      case 'write':
        this.#version += 1;
        server.put(this.#documentOf(step));
        return;
      case 'break':
        server.put(malformedChange({ _id: step.id, updatedAt: new Date(server.nowMs), n: (this.#version += 1) }));
        return;
      case 'delete':
        server.delete(step.part, step.id);
        return;
      case 'cut':
        server.faults.push({ call: '', error: appError('server_unreachable', undefined, networkError()) });
        return;
      case 'set_back':
        server.nowMs -= step.ms;
        return;
      case 'forget':
        server.forgetHistory();
        return;
      case 'restart':
        this.#wantsRestart = true;
    }
  }

  #documentOf({ part, id, n }: Extract<Step, { do: 'write' }>): CacheChange {
    switch (part) {
      case 'jobs':
        return jobChange(
          jobIn({ id, version: this.#version, updatedAtMs: this.#server.nowMs, state: STATES[n] ?? 'queued' }),
        );
      case 'accounts':
        return { type: 'account', account: accountOf(id, { version: this.#version, available: n }) };
      case 'ledger':
        return { type: 'entry', entry: entryOf(id, { credits: n, at: new Date(this.#server.nowMs) }) };
    }
  }

  #differences(): readonly string[] {
    const { isComplete, isSnapshotOpen } = expectOk(this.#cache.reader.standing());
    // The rows may be the same already before the last pages have said so.
    if (!isComplete || isSnapshotOpen) return ['the first copy has not come to its end'];
    return CACHED_PARTS.filter((part) => {
      const digest = expectOk(this.#cache.reader.digest({ part, afterId: null, throughId: null }));
      return digest.sha256 !== digestOf(this.#server.documentsOf(part)).sha256;
    });
  }
}

describe.each([{ hasStreams: true }, { hasStreams: false }])(
  'a monitor whose server changes between any two of its calls, with change streams: $hasStreams',
  ({ hasStreams }) => {
    it(
      'comes to the final documents, whatever is written, deleted, cut, set back, forgotten or restarted meanwhile',
      { timeout: 60_000 + RUNS * 2000 },
      async () => {
        await fc.assert(
          fc.asyncProperty(anyCourse, async (course) => {
            const world = new BusyWorld(hasStreams, course);
            try {
              expect(await world.run()).toEqual([]);
            } finally {
              await world.end();
            }
          }),
          { numRuns: RUNS },
        );
      },
    );
  },
);
