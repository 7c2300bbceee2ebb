import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cache } from '#cache/open-cache.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
let cache: Cache;
beforeEach(() => {
  world = setupCache();
  cache = world.open();
  const far = `${'padding '.repeat(60)}axolotl in a pond`;
  const jobs = [
    jobIn({ id: 'near', prompt: 'An axolotl page', createdAtMs: NOW_MS - 1000 }),
    jobIn({ id: 'far', prompt: far, createdAtMs: NOW_MS - 2000 }),
    jobIn({ id: 'error', state: 'failed', failureMessage: 'No axolotl today', createdAtMs: NOW_MS - 3000 }),
    jobIn({ id: 'other', createdAtMs: NOW_MS - 4000 }),
  ];
  expectOk(cache.writer.apply(jobs.map(jobChange), null));
});
afterEach(() => world.end());

function page(
  text: string,
  given: { direction?: 'ascending' | 'descending'; startAtMs?: number; column?: 'price' } = {},
) {
  const { direction = 'descending', startAtMs = null, column = 'createdAt' } = given;
  return cache.reader.jobsPage({
    filter: jobFilterSchema.parse({ text }),
    sort: { column, direction },
    cursor: null,
    startAtMs,
    limit: 2,
  });
}

describe('a row of a search', () => {
  it('shows where it was found, also far into a prompt and in an error, in any order', () => {
    for (const column of [undefined, 'price' as const]) {
      const rows = [...expectOk(page('axolotl', column === undefined ? {} : { column })).rows];
      const all =
        column === undefined ? [...rows, ...expectOk(page('axolotl', { startAtMs: NOW_MS - 3000 })).rows] : rows;
      for (const { id, hit } of all) {
        expect(hit?.parts.filter(({ isHit }) => isHit).map(({ text }) => text)).toEqual(['axolotl']);
        expect(hit?.field).toBe(id === 'error' ? 'error' : 'prompt');
      }
      expect(all).not.toHaveLength(0);
    }
  });

  it('of a list without words shows nothing of the kind', () => {
    expect(expectOk(page('')).rows.map(({ hit }) => hit)).toEqual([null, null]);
  });
});

describe('a list that begins at a time', () => {
  it.each([
    ['goes on into the past', 'descending', NOW_MS - 2000, ['far', 'error']],
    ['goes on into the future', 'ascending', NOW_MS - 3000, ['error', 'far']],
    ['begins between two jobs', 'descending', NOW_MS - 2500, ['error', 'other']],
    ['is empty beyond the last', 'ascending', NOW_MS, []],
  ] as const)('%s', (_, direction, startAtMs, ids) => {
    expect(expectOk(page('', { direction, startAtMs })).rows.map(({ id }) => id)).toEqual(ids);
  });

  it('goes on page by page from there', () => {
    const first = expectOk(page('', { startAtMs: NOW_MS - 1000 }));
    const query = {
      filter: jobFilterSchema.parse({}),
      sort: { column: 'createdAt', direction: 'descending' },
      limit: 2,
    } as const;
    const next = expectOk(cache.reader.jobsPage({ ...query, startAtMs: NOW_MS - 1000, cursor: first.nextCursor }));
    expect([...first.rows, ...next.rows].map(({ id }) => id)).toEqual(['near', 'far', 'error', 'other']);
  });

  it('is refused in an order that is not by time', () => {
    expect(page('', { column: 'price', startAtMs: NOW_MS })).toMatchObject({
      ok: false,
      error: { code: 'invalid_request' },
    });
  });
});
