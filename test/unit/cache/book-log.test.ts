import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LoggedChanges, LogPosition } from '#cache/book-log.ts';
import { CacheBooks } from '#cache/books.ts';
import { CACHED_PARTS, type CacheChange } from '#cache/changes.ts';
import type { CacheWriter } from '#cache/writer.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { accountOf, entryOf, jobChange, jobIn, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
beforeEach(() => {
  world = setupCache();
});
afterEach(() => world.end());

const NOTHING: LoggedChanges = { jobIds: [], workspaceIds: [], entryKeys: [], generationIds: [] };
const MANY = 1000;

function snapshot(writer: CacheWriter, changes: readonly CacheChange[]): void {
  expectOk(writer.openSnapshot(null));
  for (const part of CACHED_PARTS) {
    const own = changes.filter((change) => change.type === 'account' && part === 'accounts');
    expectOk(writer.applyPages([{ part, beforeId: null, changes: own, isLast: true }]));
  }
}

function openBooks(): CacheBooks {
  return expectOk(CacheBooks.open(world.file));
}

function positionOf(books: CacheBooks): LogPosition {
  const position = expectOk(books.logPosition());
  if (position === null) throw new Error('no log is kept');
  return position;
}

describe('the log of changes of the copy', () => {
  it('begins when the copy is complete for the first time, so that filling it costs nothing', () => {
    const { writer } = world.open();
    const books = openBooks();
    expectOk(writer.apply([{ type: 'account', account: accountOf('w1') }], null));
    expect(expectOk(books.logPosition())).toBeNull();
    snapshot(writer, [{ type: 'account', account: accountOf('w2') }]);
    expect(expectOk(books.changesSince(positionOf(books), MANY))).toEqual(NOTHING);
    books.close();
  });

  it('names each document that changed once, and the generation that an entry belonged to before', () => {
    const { writer } = world.open();
    snapshot(writer, []);
    const books = openBooks();
    const start = positionOf(books);
    const entry = entryOf('e1', { generationId: 'g1' });
    const changes: readonly CacheChange[] = [
      jobChange(jobIn({ id: 'j1' })),
      { type: 'account', account: accountOf('w1') },
      { type: 'entry', entry },
      { type: 'entry', entry: { ...entry, generationId: 'g2' } },
      { type: 'deleted', part: 'jobs', id: 'j1' },
      { type: 'deleted', part: 'ledger', id: 'e1' },
    ];
    for (const change of changes) expectOk(writer.apply([change], null));
    expect(expectOk(books.changesSince(start, MANY))).toEqual({
      jobIds: ['j1'],
      workspaceIds: ['w1'],
      entryKeys: ['e1'],
      generationIds: ['g1', 'g2'],
    });
    books.close();
  });

  it('says nothing of what was read again and is as it was', () => {
    const { writer } = world.open();
    const account = accountOf('w1');
    snapshot(writer, [{ type: 'account', account }]);
    const books = openBooks();
    const start = positionOf(books);
    snapshot(writer, [{ type: 'account', account }]);
    expectOk(writer.applyRead([{ type: 'account', account }], null));
    expect(expectOk(books.changesSince(start, MANY))).toEqual(NOTHING);
    books.close();
  });

  it('tells of what a snapshot after a gap brought or took away', () => {
    const { writer } = world.open();
    snapshot(writer, [{ type: 'account', account: accountOf('w1') }]);
    const books = openBooks();
    const start = positionOf(books);
    expectOk(writer.declareVoid());
    snapshot(writer, [{ type: 'account', account: accountOf('w2') }]);
    expect(expectOk(books.changesSince(start, MANY))?.workspaceIds.toSorted()).toEqual(['w1', 'w2']);
    books.close();
  });

  it('does not tell a part of the changes where there are more than were asked for, nor those of another file', () => {
    const { writer } = world.open();
    snapshot(writer, []);
    const books = openBooks();
    const start = positionOf(books);
    expectOk(
      writer.apply(
        [1, 2, 3].map((n) => ({ type: 'entry', entry: entryOf(`e${n}`) })),
        null,
      ),
    );
    expect(expectOk(books.changesSince(start, 2))).toBeNull();
    expect(expectOk(books.changesSince(start, 3))?.entryKeys).toHaveLength(3);
    expect(expectOk(books.changesSince({ ...start, epoch: 'another' }, MANY))).toBeNull();
    books.close();
  });

  it('names at least every document that differs between two states, whatever happened between them', () => {
    const op = fc.record({ id: fc.integer({ min: 1, max: 6 }), credits: fc.integer({ min: 0, max: 2 }) });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 12 }), fc.array(op, { maxLength: 12 }), (first, second) => {
        world.end();
        world = setupCache();
        const { writer } = world.open();
        const apply = (ops: typeof first): void => {
          for (const { id, credits } of ops) {
            const change: CacheChange =
              credits === 0
                ? { type: 'deleted', part: 'ledger', id: `e${id}` }
                : { type: 'entry', entry: entryOf(`e${id}`, { credits }) };
            expectOk(writer.apply([change], null));
          }
        };
        snapshot(writer, []);
        apply(first);
        const books = openBooks();
        const start = positionOf(books);
        const stateOf = () => new Map([...books.ledger()].flatMap(expectOk).map((entry) => [entry._id, entry.credits]));
        const before = stateOf();
        apply(second);
        const after = stateOf();
        const differing = [...before.keys(), ...after.keys()].filter((id) => before.get(id) !== after.get(id));
        expect(expectOk(books.changesSince(start, MANY))?.entryKeys).toEqual(expect.arrayContaining(differing));
        books.close();
      }),
      { numRuns: 30 },
    );
  });
});
