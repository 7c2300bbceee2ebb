import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import { ownersBetweenSql } from '#cache/owner-finder.ts';
import type { Owner } from '#cache/owner-reader.ts';
import { TABLES_SQL } from '#cache/schema.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { accountOf, jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
let cache: Cache;
beforeEach(() => {
  world = setupCache();
  cache = world.open();
  const owners = [
    ['acorn-studio', 'ann'],
    ['acorn-works', 'anna'],
    ['beech', 'ben'],
    ['ACME', 'Ann'],
  ] as const;
  // Of one workspace most jobs are newer, and name the others in their prompts.
  const newer = Array.from({ length: 20 }, (_, n) =>
    jobIn({ id: `new-${n}`, workspaceId: 'beech', userId: 'ben', prompt: 'acorn', createdAtMs: NOW_MS + n }),
  );
  const jobs = owners.map(([workspaceId, userId], n) => jobIn({ id: `j${n}`, workspaceId, userId }));
  const accounts = ['acorn-studio', 'acorn-unused'].map((id) => ({ type: 'account', account: accountOf(id) }) as const);
  expectOk(cache.writer.apply([...[...jobs, ...newer].map(jobChange), ...accounts], null));
});
afterEach(() => world.end());

const found = (owner: Owner, beginning: string, limit = 10) =>
  expectOk(cache.reader.ownersBeginning(owner, beginning, limit));

describe('workspaces and users by the beginning of their id', () => {
  it('are found whatever newer jobs say, each once, also those that have an account and no job', () => {
    expect(found('workspace', 'acorn')).toEqual(['acorn-studio', 'acorn-unused', 'acorn-works']);
    expect(found('workspace', 'studio')).toEqual([]);
    expect(found('user', 'ann')).toEqual(['ann', 'anna']);
    expect(found('user', 'acorn')).toEqual([]);
  });

  it('are found in small letters and in capitals beside how they were typed', () => {
    expect(found('workspace', 'acM')).toEqual(['ACME']);
    expect(found('workspace', 'Acorn-s')).toEqual(['acorn-studio']);
    expect(found('user', 'Ann')).toEqual(['Ann', 'ann', 'anna']);
  });

  it('come in order, and no more than are asked for', () => {
    expect(found('workspace', 'a', 2)).toEqual(['ACME', 'acorn-studio']);
  });

  it('take what stands for anything in a pattern as it is', () => {
    expect(['%', '_corn', '*', "'"].flatMap((text) => found('workspace', text))).toEqual([]);
  });

  it('are no longer found when the last job of theirs is gone', () => {
    expectOk(cache.writer.apply([{ type: 'deleted', part: 'jobs', id: 'j1' }], null));
    expect(found('workspace', 'acorn-w')).toEqual([]);
  });

  it.each(['workspace', 'user'] as const)(
    'are read of a %s from the place in a key where they begin, at any size',
    (owner) => {
      const db = new Database(':memory:');
      db.exec(TABLES_SQL);
      const plan = db
        .prepare<[Readonly<Record<string, unknown>>], { readonly detail: string }>(
          `EXPLAIN QUERY PLAN ${ownersBetweenSql(owner)}`,
        )
        .all({ from: 'a', to: 'b', limit: 5 })
        .map(({ detail }) => detail);
      db.close();
      const reads = plan.filter((line) => /^(SEARCH|SCAN) (owner_totals|accounts)/.test(line));
      expect(reads).toEqual(
        [
          'SEARCH owner_totals USING PRIMARY KEY (owner=? AND id>? AND id<?)',
          'SEARCH accounts USING PRIMARY KEY (id>? AND id<?)',
        ].slice(0, owner === 'workspace' ? 2 : 1),
      );
    },
  );
});
