import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import type { OwnerLedgerPage } from '#cache/owner-ledger.ts';
import type { TimedList } from '#contract/requests/definition.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entryOf, jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
let cache: Cache;
beforeEach(() => {
  world = setupCache();
  cache = world.open();
});
afterEach(() => world.end());

const NEWEST_FIRST = { direction: 'descending', startAtMs: null } as const;

function keysOf(
  owner: 'workspace' | 'user',
  id: string,
  limit: number,
  from: TimedList = NEWEST_FIRST,
): readonly string[] {
  const keys: string[] = [];
  let cursor: string | null = null;
  do {
    const page: OwnerLedgerPage = expectOk(cache.reader.ownerLedger(owner, id, { ...from, cursor, limit }));
    keys.push(...page.entries.map(({ _id }) => _id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return keys;
}

describe('the ledger of a workspace or a user', () => {
  beforeEach(() => {
    const at = (minutes: number): Date => new Date(NOW_MS + minutes * 60_000);
    const jobs = [
      jobIn({ id: 'j1', userId: 'u1', workspaceId: 'w1', createdAtMs: NOW_MS - 2000 }),
      jobIn({ id: 'j2', userId: 'u1', workspaceId: 'w2', createdAtMs: NOW_MS - 1000 }),
      jobIn({ id: 'j3', userId: 'u2', workspaceId: 'w1' }),
    ];
    const entries = [
      entryOf('a', { jobId: null, type: 'grant', at: at(0) }),
      entryOf('b', { jobId: 'j1', at: at(5) }),
      entryOf('c', { jobId: 'j1', at: at(5) }),
      entryOf('d', { jobId: 'j2', workspaceId: 'w2', at: at(1) }),
      entryOf('e', { jobId: 'j3', at: at(9) }),
    ];
    expectOk(
      cache.writer.apply(
        [...jobs.map(jobChange), ...entries.map((entry) => ({ type: 'entry', entry }) as const)],
        null,
      ),
    );
  });

  it.each([1, 2, 3, 50])('comes whole and once, the latest first, in pages of %d', (limit) => {
    expect(keysOf('workspace', 'w1', limit)).toEqual(['e', 'c', 'b', 'a']);
    expect(keysOf('workspace', 'w2', limit)).toEqual(['d']);
    expect(keysOf('user', 'u1', limit)).toEqual(['d', 'c', 'b']);
    expect(keysOf('user', 'nobody', limit)).toEqual([]);
  });

  it.each([1, 2, 3, 50])('comes whole and once the other way round, the earliest first, in pages of %d', (limit) => {
    const from = { direction: 'ascending', startAtMs: null } as const;
    expect(keysOf('workspace', 'w1', limit, from)).toEqual(['a', 'b', 'c', 'e']);
    expect(keysOf('user', 'u1', limit, from)).toEqual(['b', 'c', 'd']);
  });

  it.each([
    { direction: 'descending', minutes: 9, keys: ['e', 'c', 'b', 'a'] },
    { direction: 'descending', minutes: 5, keys: ['c', 'b', 'a'] },
    { direction: 'descending', minutes: 4, keys: ['a'] },
    { direction: 'descending', minutes: -1, keys: [] },
    { direction: 'ascending', minutes: 0, keys: ['a', 'b', 'c', 'e'] },
    { direction: 'ascending', minutes: 5, keys: ['b', 'c', 'e'] },
    { direction: 'ascending', minutes: 6, keys: ['e'] },
    { direction: 'ascending', minutes: 10, keys: [] },
  ] as const)(
    'begins at a time, which is included: $direction from minute $minutes',
    ({ direction, minutes, keys }) => {
      const startAtMs = NOW_MS + minutes * 60_000;
      for (const limit of [1, 50]) expect(keysOf('workspace', 'w1', limit, { direction, startAtMs })).toEqual(keys);
    },
  );

  it('names the workspaces of a user', () => {
    expect(expectOk(cache.reader.workspacesOfUser('u1'))).toEqual(['w1', 'w2']);
  });

  it('refuses a cursor of another list', () => {
    expect(
      cache.reader.ownerLedger('user', 'u1', { ...NEWEST_FIRST, cursor: 'createdAt-:3:n12j1', limit: 5 }),
    ).toMatchObject({
      ok: false,
      error: { code: 'invalid_request' },
    });
  });
});
