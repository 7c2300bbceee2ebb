import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CacheBooks } from '#cache/books.ts';
import type { CacheChange } from '#cache/changes.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant } from '../../support/job-builder.ts';
import { jobChange, jobIn, malformedChange, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
beforeEach(() => {
  world = setupCache();
});
afterEach(() => world.end());

function grants(count: number): LedgerEntry[] {
  return Array.from({ length: count }, (_, index) => grant('w1', index + 1, index + 1));
}

function fill(changes: readonly CacheChange[]): {
  readonly books: CacheBooks;
  readonly add: (entry: LedgerEntry) => void;
} {
  const { writer } = world.open();
  const apply = (all: readonly CacheChange[]): void => {
    expectOk(writer.apply(all, null));
  };
  apply(changes);
  return {
    books: expectOk(CacheBooks.open(world.file)),
    add: (entry) => apply([{ type: 'entry', entry }]),
  };
}

describe('the books of the copy', () => {
  it('give every entry and every job once, over any number of pages, also documents that are no jobs', () => {
    const entries = grants(1234);
    const jobs = Array.from({ length: 777 }, (_, index) => jobChange(jobIn({ id: `job-${index}` })));
    const { books } = fill([
      ...entries.map((entry) => ({ type: 'entry', entry }) as const),
      ...jobs,
      { type: 'unreadable', part: 'jobs', id: 'torn', hasTextId: true, reason: 'no BSON' },
    ]);
    const ledger = [...books.ledger()].flatMap(expectOk).map(({ _id }) => _id);
    expect(ledger.toSorted()).toEqual(entries.map(({ _id }) => _id).toSorted());
    const found = [...books.jobs()].flatMap(expectOk);
    expect(new Set(found.flatMap((job) => (job.type === 'job' ? [job.job._id] : []))).size).toBe(777);
    expect(found.filter((job) => job.type !== 'job')).toEqual([{ type: 'unknown', id: 'torn' }]);
    books.close();
  });

  it('come in pages that a process can hold where documents are large', () => {
    const theme = 'x'.repeat(11 * 1024 * 1024);
    const ids = ['1', '2', '3', '4'];
    const { books } = fill([
      ...ids.map((id) => {
        const job = jobIn({ id });
        return jobChange({ ...job, input: { ...job.input, options: { theme } } });
      }),
      ...ids.map((id) => malformedChange({ _id: `m${id}`, theme })),
    ]);
    const pages = [...books.jobs()].map((page) => expectOk(page).map(({ type }) => type));
    expect(pages).toEqual([['job', 'job', 'job'], ['job'], ['malformed', 'malformed', 'malformed'], ['malformed']]);
    books.close();
    const { reader } = world.open();
    const first = expectOk(reader.malformedPage(null, 50));
    expect(first.rows.map(({ id }) => id)).toEqual(['m1', 'm2', 'm3']);
    const second = expectOk(reader.malformedPage(first.nextCursor, 50));
    expect([second.rows.map(({ id }) => id), second.nextCursor]).toEqual([['m4'], null]);
  });

  it('stay of one state between begin and end, whatever is written meanwhile', () => {
    const { books, add } = fill(grants(2).map((entry) => ({ type: 'entry', entry })));
    expectOk(books.begin());
    add(grant('w1', 9, 99));
    expect([...books.ledger()].flatMap(expectOk)).toHaveLength(2);
    books.end();
    expect([...books.ledger()].flatMap(expectOk)).toHaveLength(3);
    books.close();
  });

  it('give the last entries of a workspace on top of what came before them', () => {
    const { books } = fill(grants(10).map((entry) => ({ type: 'entry', entry })));
    const last = expectOk(books.entriesOfWorkspace('w1', 3));
    expect(last.entries).toHaveLength(3);
    const shown = last.entries.reduce((sum, { credits }) => sum + credits, 0);
    expect(last.opening).toEqual({ total: 55 - shown, held: 0 });
    books.close();
  });

  it('name an account or entry that cannot be read', () => {
    const { books } = fill([{ type: 'unreadable', part: 'ledger', id: 'torn', hasTextId: true, reason: 'no BSON' }]);
    expect(expectOk(books.unreadable())).toEqual({ part: 'ledger', id: 'torn' });
    books.close();
  });
});
