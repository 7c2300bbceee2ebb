import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobFilterSchema, jobSortSchema } from '#contract/job-views.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { anyJobSpec, jobChange, jobIn, setupCache } from '../../support/cache-world.ts';

const anySort = fc.record({
  column: fc.constantFrom(...jobSortSchema.shape.column.options),
  direction: fc.constantFrom('ascending' as const, 'descending' as const),
});
const anySought = fc.oneof(
  fc.constant({}),
  fc.record({ states: fc.subarray(['queued', 'running', 'failed', 'completed'] as const, { minLength: 1 }) }),
  fc.record({ kinds: fc.subarray(['website', 'image', 'poem'], { minLength: 1 }) }),
  fc.record({ workspaceId: fc.constantFrom('w1', 'nobody') }),
  fc.record({ userId: fc.constantFrom('u1', 'u2') }),
  fc.record({ workspaceId: fc.constant('w1'), kinds: fc.constant(['image']) }),
  fc.record({ text: fc.constant('tea') }),
);

describe('a place in the list of jobs', () => {
  it('is where reading page by page finds the row of that rank, from both ends', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyJobSpec, { selector: ({ id }) => id, minLength: 1 }),
        anySought,
        anySort,
        fc.nat({ max: 14 }),
        (specs, sought, sort, rank) => {
          const world = setupCache();
          try {
            const cache = world.open();
            expectOk(
              cache.writer.apply(
                specs.map((spec) => jobChange(jobIn(spec))),
                null,
              ),
            );
            const filter = jobFilterSchema.parse(sought);
            const page = (cursor: string | null): readonly string[] =>
              expectOk(cache.reader.jobsPage({ filter, sort, cursor, limit: 500 })).rows.map(({ id }) => id);
            const place = expectOk(cache.reader.seekJobs(filter, sort, rank));
            const all = page(null);
            const reached = Math.min(rank, Math.max(0, all.length - 1));
            expect(place === null || page(place.cursor).join()).toEqual(place === null || all.slice(reached).join());
            expect(place?.rank ?? reached).toBe(reached);
          } finally {
            world.end();
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is found in lists that an index gives, and not where each row has to be asked', () => {
    const world = setupCache();
    const cache = world.open();
    const sort = { column: 'createdAt', direction: 'descending' } as const;
    const isSought = (filter: object): boolean =>
      expectOk(cache.reader.seekJobs(jobFilterSchema.parse(filter), sort, 0)) !== null;
    expect(isSought({})).toBe(true);
    expect(isSought({ states: ['failed', 'retrying'] })).toBe(true);
    expect(isSought({ userId: 'u1' })).toBe(true);
    expect(isSought({ providers: ['demo'] })).toBe(false);
    expect(isSought({ text: 'tea' })).toBe(false);
    world.end();
  });

  it('counts the jobs of a workspace or a user from what is summed up', () => {
    const world = setupCache();
    const cache = world.open();
    const specs = [{ id: 'a' }, { id: 'b', workspaceId: 'w2' }, { id: 'c', userId: 'u2' }];
    expectOk(
      cache.writer.apply(
        specs.map((spec) => jobChange(jobIn(spec))),
        null,
      ),
    );
    const count = (filter: object): unknown => expectOk(cache.reader.countJobs(jobFilterSchema.parse(filter)));
    expect(count({ workspaceId: 'w1' })).toEqual({ count: 2, isExact: true });
    expect(count({ userId: 'u2' })).toEqual({ count: 1, isExact: true });
    expect(count({ userId: 'nobody' })).toEqual({ count: 0, isExact: true });
    world.end();
  });
});
