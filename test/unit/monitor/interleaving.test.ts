import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CACHED_PARTS, subjectOf, type CacheChange, type CachedPart } from '#cache/changes.ts';
import { digestOf } from '#cache/digest.ts';
import { isOutside } from '#cache/copy-scope.ts';
import type { SnapshotPart } from '#cache/snapshot-book.ts';
import { withholdPrompts } from '#cache/withhold-prompts.ts';
import type { Cache } from '#cache/open-cache.ts';
import type { SnapshotPage } from '#cache/writer.ts';
import { expectOk } from '../../support/expect-ok.ts';
import {
  accountOf,
  entryOf,
  jobChange,
  jobIn,
  malformedChange,
  NOW_MS,
  setupCache,
} from '../../support/cache-world.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const STATES = ['queued', 'running', 'completed', 'failed'] as const;
const PAGE_ROWS = 2;
/** How many interleavings; more by hand: RUNLEDGER_INTERLEAVINGS=5000. */
const RUNS = Number(process.env['RUNLEDGER_INTERLEAVINGS'] ?? 120);

/** One step of a run: something happens on the server, or to what is on its way to the copy. */
type Step =
  | { readonly do: 'write'; readonly part: CachedPart; readonly id: string; readonly n: number }
  | { readonly do: 'break'; readonly id: string }
  /** An older state of a document takes its place, as of a backup. */
  | { readonly do: 'restore'; readonly part: 'jobs' | 'accounts'; readonly id: string }
  | { readonly do: 'delete'; readonly part: CachedPart; readonly id: string }
  /** The stream looks the document of its next event up, as `updateLookup` does: at some time after the event. */
  | { readonly do: 'look_up' }
  | { readonly do: 'deliver' }
  | { readonly do: 'read_page'; readonly part: CachedPart; readonly range: number }
  /** In one transaction. */
  | { readonly do: 'apply_pages'; readonly of: readonly (readonly [part: CachedPart, range: number])[] }
  /** The window of what is kept moves on. */
  | { readonly do: 'narrow'; readonly n: number }
  /** The copy's process dies and starts again; what was read and not applied is lost. */
  | { readonly do: 'restart' };

const anyPart = fc.constantFrom(...CACHED_PARTS);
const anyRange = fc.tuple(anyPart, fc.nat(2));
const anyId = fc.constantFrom(...IDS);
const anyWrite: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('write' as const),
  part: fc.constantFrom('jobs', 'jobs', 'jobs', 'accounts', 'ledger'),
  id: anyId,
  n: fc.nat(3),
});
const anyDelete: fc.Arbitrary<Step> = fc.record({ do: fc.constant('delete' as const), part: anyPart, id: anyId });
const anyBreak: fc.Arbitrary<Step> = fc.record({ do: fc.constant('break' as const), id: anyId });
const anyRestore: fc.Arbitrary<Step> = fc.record({
  do: fc.constant('restore' as const),
  part: fc.constantFrom('jobs', 'accounts'),
  id: anyId,
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: anyWrite },
  { weight: 3, arbitrary: anyDelete },
  { weight: 1, arbitrary: anyBreak },
  { weight: 2, arbitrary: anyRestore },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'look_up' }) },
  { weight: 4, arbitrary: fc.constant<Step>({ do: 'deliver' }) },
  { weight: 4, arbitrary: anyRange.map(([part, range]): Step => ({ do: 'read_page', part, range })) },
  {
    weight: 4,
    arbitrary: fc.array(anyRange, { minLength: 1, maxLength: 4 }).map((of): Step => ({ do: 'apply_pages', of })),
  },
  { weight: 1, arbitrary: fc.nat(20).map((n): Step => ({ do: 'narrow', n })) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'restart' }) },
);

interface PendingEvent {
  readonly part: CachedPart;
  readonly id: string;
  readonly isDeletion: boolean;
  /** What is delivered; undefined until it was looked up, null where nothing was found then. */
  found: CacheChange | null | undefined;
}

/** A server with three collections and one stream over them, whose every delay is chosen by the test. */
class ScheduledServer {
  readonly #documents = new Map<CachedPart, Map<string, CacheChange>>(CACHED_PARTS.map((part) => [part, new Map()]));
  readonly #log: PendingEvent[] = [];
  #version = 0;

  documentsOf(part: CachedPart): readonly CacheChange[] {
    return [...(this.#documents.get(part) ?? new Map<string, CacheChange>()).values()];
  }

  write(step: Written): void {
    this.#version += 1;
    const part = step.do === 'break' ? 'jobs' : step.part;
    this.#documents.get(part)?.set(step.id, this.#build(step));
    this.#log.push({ part, id: step.id, isDeletion: false, found: undefined });
  }

  delete(part: CachedPart, id: string): void {
    if (this.#documents.get(part)?.delete(id) === true) {
      this.#log.push({ part, id, isDeletion: true, found: { type: 'deleted', part, id } });
    }
  }

  /** Looks up the next event behind a position that was not looked up yet. */
  lookUp(position: number): void {
    const event = this.#log.slice(position).find(({ found }) => found === undefined);
    if (event !== undefined) event.found = this.#documents.get(event.part)?.get(event.id) ?? null;
  }

  /** The next change of the stream, behind a position. */
  next(position: number): { readonly changes: readonly CacheChange[]; readonly position: number } | null {
    const event = this.#log[position];
    if (event === undefined) return null;
    if (event.found === undefined) this.lookUp(position);
    const { found } = event;
    return { changes: found === undefined || found === null ? [] : [found], position: position + 1 };
  }

  page({ part, range, fromId, beforeId }: SnapshotPart, keptSinceMs: number | null): SnapshotPage {
    const changes = this.documentsOf(part)
      .filter((change) => beforeId === null || subjectOf(change).id < beforeId)
      .filter((change) => subjectOf(change).id >= fromId)
      .filter((change) => change.type !== 'job' || !isOutside(change.job.document, keptSinceMs))
      .sort((left, right) => (subjectOf(left).id < subjectOf(right).id ? 1 : -1))
      .slice(0, PAGE_ROWS);
    return { part, range, beforeId, changes, isLast: changes.length < PAGE_ROWS };
  }

  get logLength(): number {
    return this.#log.length;
  }

  #build(step: Written): CacheChange {
    if (step.do === 'break') return malformedChange({ _id: step.id, n: this.#version });
    if (step.do === 'restore') return this.#buildOlder(step);
    switch (step.part) {
      case 'jobs': {
        const standing = this.#documents.get('jobs')?.get(step.id);
        // A document that is inserted again after its deletion begins with version 1 again.
        const version = standing?.type === 'job' && standing.job.type === 'job' ? standing.job.job.version + 1 : 1;
        return jobChange(
          jobIn({ id: step.id, version, updatedAtMs: NOW_MS + this.#version, state: STATES[step.n] ?? 'queued' }),
        );
      }
      case 'accounts':
        return { type: 'account', account: accountOf(step.id, { version: this.#version, available: step.n }) };
      case 'ledger':
        return { type: 'entry', entry: entryOf(step.id, { credits: step.n }) };
    }
  }

  /** Of a lower version and an earlier time than whatever stands. */
  #buildOlder({ part, id }: Extract<Step, { do: 'restore' }>): CacheChange {
    if (part === 'jobs') return jobChange(jobIn({ id, version: 1, updatedAtMs: NOW_MS - this.#version }));
    return { type: 'account', account: accountOf(id, { version: 0, available: 1000 + this.#version }) };
  }
}

type Written = Extract<Step, { do: 'write' | 'break' | 'restore' }>;

function positionOf(cache: Cache): number {
  return Number(expectOk(cache.writer.standing()).position ?? Number.NaN);
}

/** What the copy is to be of, and how it is copied. */
interface Setup {
  readonly splits: readonly string[];
  readonly keepsPrompts: boolean;
}

/** Copies a server by the protocol of the monitor, in the interleaving that the steps say, and then lets it come to rest. */
function runSteps(
  before: readonly Step[],
  steps: readonly Step[],
  { splits, keepsPrompts }: Setup = { splits: [], keepsPrompts: true },
): void {
  const world = setupCache();
  const server = new ScheduledServer();
  let cache = world.open();
  const change = (step: Step): void => {
    if (step.do === 'write' || step.do === 'break' || step.do === 'restore') server.write(step);
    if (step.do === 'delete') server.delete(step.part, step.id);
  };
  if (!keepsPrompts) expectOk(withholdPrompts(world.file));
  // What the copy knows from long ago, before a gap in the stream.
  before.slice(0, 3).forEach(change);
  expectOk(
    cache.writer.apply(
      CACHED_PARTS.flatMap((part) => server.documentsOf(part)),
      null,
    ),
  );
  before.slice(3).forEach(change);
  expectOk(cache.writer.openSnapshot(String(server.logLength), { jobs: splits, ledger: splits }));
  let read = new Map<string, SnapshotPage>();

  const deliver = (): void => {
    const next = server.next(positionOf(cache));
    if (next !== null) expectOk(cache.writer.apply(next.changes, String(next.position)));
  };
  const readPage = (part: CachedPart, range: number): void => {
    const { parts, scope } = expectOk(cache.writer.standing());
    const progress = parts.find((one) => one.part === part && one.range === range);
    if (progress !== undefined && !progress.isDone) {
      read.set(`${part} ${range}`, server.page(progress, scope.keptSinceMs));
    }
  };
  const applyPages = (of: readonly (readonly [CachedPart, number])[]): void => {
    const pages = of.flatMap(([part, range]) => read.get(`${part} ${range}`) ?? []);
    // They stay where they are: applying a page twice must change nothing.
    expectOk(cache.writer.applyPages(pages));
  };
  const narrow = (n: number): void => {
    const before = expectOk(cache.writer.standing()).scope.keptSinceMs;
    // A window that grows begins another snapshot, which is not what is looked at here.
    expectOk(cache.writer.keepSince(Math.max(before ?? 0, NOW_MS + n), 2));
  };
  for (const step of steps) {
    change(step);
    if (step.do === 'look_up') server.lookUp(positionOf(cache));
    if (step.do === 'deliver') deliver();
    if (step.do === 'read_page') readPage(step.part, step.range);
    if (step.do === 'apply_pages') applyPages(step.of);
    if (step.do === 'narrow') narrow(step.n);
    if (step.do === 'restart') {
      read = new Map();
      cache.close();
      cache = world.open();
    }
  }
  for (let n = 0; expectOk(cache.writer.standing()).isSnapshotOpen; n += 1) {
    expect(n).toBeLessThan(20);
    const { parts } = expectOk(cache.writer.standing());
    parts.forEach(({ part, range }) => readPage(part, range));
    applyPages(parts.map(({ part, range }) => [part, range] as const));
  }
  while (positionOf(cache) < server.logLength) deliver();

  const { scope } = expectOk(cache.writer.standing());
  expect(scope.keepsPrompts).toBe(keepsPrompts);
  for (const part of CACHED_PARTS) {
    expect(expectOk(cache.reader.digest({ part, afterId: null, throughId: null }))).toEqual(
      digestOf(server.documentsOf(part), scope),
    );
  }
  expect(expectOk(cache.reader.standing())).toMatchObject({ isComplete: true, isSnapshotOpen: false });
  world.end();
}

describe('a snapshot beside a stream', () => {
  it(
    'ends in the final documents, whatever the interleaving of pages of several ranges, events, look-ups, windows and restarts',
    {
      timeout: 60_000 + RUNS * 500,
    },
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.oneof({ weight: 3, arbitrary: anyWrite }, anyDelete), { maxLength: 8 }),
          fc.array(anyStep, { maxLength: 60 }),
          fc.record({ splits: fc.subarray([...IDS], { maxLength: 2 }), keepsPrompts: fc.nat(3).map((n) => n > 0) }),
          runSteps,
        ),
        { numRuns: RUNS },
      );
    },
  );

  it('does not bring back what was deleted while its page was on the way', () => {
    runSteps(
      [{ do: 'write', part: 'jobs', id: 'a', n: 0 }],
      [
        { do: 'read_page', part: 'jobs', range: 0 },
        { do: 'delete', part: 'jobs', id: 'a' },
        { do: 'deliver' },
        { do: 'apply_pages', of: [['jobs', 0]] },
      ],
    );
    expect.assertions(6);
  });

  it.each(['jobs', 'accounts'] as const)(
    'takes an older state of %s that takes the place of what a page brought',
    (part) => {
      runSteps(
        [
          { do: 'write', part, id: 'a', n: 0 },
          { do: 'write', part, id: 'a', n: 1 },
        ],
        [
          { do: 'read_page', part, range: 0 },
          { do: 'apply_pages', of: [[part, 0]] },
          { do: 'restore', part, id: 'a' },
          { do: 'deliver' },
        ],
      );
      expect.assertions(6);
    },
  );
});
