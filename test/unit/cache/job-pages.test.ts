import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jobFilterSchema, type JobFilter, type JobRow, type JobSort, type Moment } from '#contract/job-views.ts';
import type { Cache } from '#cache/open-cache.ts';
import { toJobRow } from '#engine/job-views.ts';
import type { FailureClass } from '#domain/failure.ts';
import type { Job } from '#domain/job.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { anyJobSpec, jobChange, jobIn, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

let world: CacheWorld;
let cache: Cache;

beforeEach(() => {
  world = setupCache();
  cache = world.open();
});
afterEach(() => world.end());

const NEWEST: JobSort = { column: 'createdAt', direction: 'descending' };

function filterOf(filter: Partial<JobFilter>): JobFilter {
  return jobFilterSchema.parse(filter);
}

function allPages(copy: Cache, filter: JobFilter, sort: JobSort, limit: number): JobRow[] {
  const rows: JobRow[] = [];
  let cursor: string | null = null;
  do {
    const page: { rows: readonly JobRow[]; nextCursor: string | null } = expectOk(
      copy.reader.jobsPage({ filter, sort, cursor, limit }),
    );
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}

function compareText(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

const KEY_OF: Readonly<Record<JobSort['column'], (job: Job) => string | number>> = {
  createdAt: (job) => job.createdAt.getTime(),
  updatedAt: (job) => job.updatedAt.getTime(),
  price: (job) => job.billing.price,
  kind: (job) => job.kind,
  state: (job) => job.state,
  workspace: (job) => job.workspaceId,
};

function msOf(moment: Moment): number {
  return 'atMs' in moment ? moment.atMs : NOW_MS - moment.agoSeconds * 1000;
}

function expectedIds(jobs: readonly Job[], filter: JobFilter, sort: JobSort): string[] {
  const words = filter.text.split(' ').filter((word) => word !== '');
  const matching = jobs.filter(
    (job) =>
      (filter.states.length === 0 || filter.states.includes(job.state)) &&
      (filter.kinds.length === 0 || filter.kinds.includes(job.kind)) &&
      (filter.classes.length === 0 || (job.failure !== null && filter.classes.includes(job.failure.class))) &&
      (filter.workspaceId === null || job.workspaceId === filter.workspaceId) &&
      (filter.userId === null || job.userId === filter.userId) &&
      (filter.codes.length === 0 || (job.failure !== null && filter.codes.includes(job.failure.code))) &&
      (filter.providers.length === 0 || filter.providers.includes(job.provider.name)) &&
      (filter.models.length === 0 || filter.models.includes(job.provider.model)) &&
      (filter.creditsMin === null || job.billing.price >= filter.creditsMin) &&
      (filter.creditsMax === null || job.billing.price <= filter.creditsMax) &&
      (filter.since === null || job.createdAt.getTime() >= msOf(filter.since)) &&
      (filter.until === null || job.createdAt.getTime() < msOf(filter.until)) &&
      (filter.fingerprint === null || job.failure?.fingerprint === filter.fingerprint) &&
      words.every((word) => job.input.prompt.toLowerCase().split(' ').includes(word)),
  );
  const compare = (left: Job, right: Job): number => {
    const [a, b] = [KEY_OF[sort.column](left), KEY_OF[sort.column](right)];
    const byKey = typeof a === 'number' && typeof b === 'number' ? a - b : compareText(String(a), String(b));
    return byKey || compareText(left._id, right._id);
  };
  return matching
    .sort((left, right) => (sort.direction === 'ascending' ? compare(left, right) : compare(right, left)))
    .map((job) => job._id);
}

const anyFilter: fc.Arbitrary<JobFilter> = fc.record({
  states: fc.subarray(['queued', 'running', 'validating', 'completed', 'failed', 'retrying'] as const),
  kinds: fc.subarray(['website', 'image', 'poem']),
  classes: fc.oneof(fc.constant<FailureClass[]>([]), fc.subarray<FailureClass>(['temporary', 'input'])),
  workspaceId: fc.constantFrom(null, null, 'w1', 'ws-ä'),
  userId: fc.constantFrom(null, null, 'u1'),
  fingerprint: fc.constantFrom(null, null, 'f1'),
  codes: fc.constantFrom([], [], ['http_429'], ['http_429', 'network_econnreset']),
  providers: fc.constantFrom([], [], ['demo']),
  models: fc.constantFrom([], [], ['m1'], ['m1', 'm2']),
  creditsMin: fc.constantFrom(null, null, 100),
  creditsMax: fc.constantFrom(null, null, 0, 100),
  since: fc.constantFrom(null, null, { agoSeconds: 3600 }, { agoSeconds: 0 }, { atMs: NOW_MS + 1 }),
  until: fc.constantFrom(null, null, null, { agoSeconds: 0 }, { atMs: NOW_MS + 1 }),
  text: fc.constantFrom('', '', 'tea', 'page about', 'fox'),
});
const anySort = fc.record({
  column: fc.constantFrom('createdAt', 'updatedAt', 'price', 'kind', 'state', 'workspace'),
  direction: fc.constantFrom('ascending', 'descending'),
}) as fc.Arbitrary<JobSort>;

describe('pages of jobs', () => {
  it('give every matching job once, in order, for any filter, order and size of page', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyJobSpec, { selector: ({ id }) => id, maxLength: 12 }),
        fc.array(fc.tuple(anyFilter, anySort, fc.integer({ min: 1, max: 5 })), { minLength: 10, maxLength: 10 }),
        (specs, questions) => {
          const own = setupCache();
          const copy = own.open();
          const jobs = specs.map(jobIn);
          expectOk(copy.writer.apply(jobs.map(jobChange), null));
          for (const [filter, sort, limit] of questions) {
            const expected = expectedIds(jobs, filter, sort);
            expect(allPages(copy, filter, sort, limit).map(({ id }) => id)).toEqual(expected);
            expect(expectOk(copy.reader.countJobs(filter))).toEqual({ count: expected.length, isExact: true });
          }
          own.end();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('show a job as the engine shows it', () => {
    const jobs = [
      jobIn({ id: 'j1', state: 'failed', failureMessage: 'x'.repeat(1000), prompt: 'y'.repeat(1000) }),
      jobIn({ id: 'j2', state: 'running' }),
      jobIn({ id: 'j3', state: 'completed' }),
    ];
    expectOk(cache.writer.apply(jobs.map(jobChange), null));
    expect(allPages(cache, filterOf({}), { column: 'price', direction: 'ascending' }, 10)).toEqual(jobs.map(toJobRow));
  });

  it('refuse a cursor of another order', () => {
    expectOk(
      cache.writer.apply(
        [1, 2, 3].map((n) => jobChange(jobIn({ id: `j${n}` }))),
        null,
      ),
    );
    const { nextCursor } = expectOk(
      cache.reader.jobsPage({ filter: filterOf({}), sort: NEWEST, cursor: null, limit: 1 }),
    );
    for (const cursor of [nextCursor, '', 'x', 'price+:9999:n1', 'price+:2:nx', '{}']) {
      expect(
        cache.reader.jobsPage({
          filter: filterOf({}),
          sort: { column: 'price', direction: 'ascending' },
          cursor,
          limit: 1,
        }),
      ).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
    }
  });

  it('fit their cursor into the limit of the contract for the longest ids', () => {
    const id = '"\u0001'.repeat(100);
    const other = jobIn({ id: 'a', workspaceId: '\\\n'.repeat(100) });
    expectOk(cache.writer.apply([jobChange(jobIn({ id, workspaceId: '\\\n'.repeat(100) })), jobChange(other)], null));
    const sort: JobSort = { column: 'workspace', direction: 'ascending' };
    const first = expectOk(cache.reader.jobsPage({ filter: filterOf({}), sort, cursor: null, limit: 1 }));
    expect(first.nextCursor?.length).toBeLessThanOrEqual(1000);
    const second = expectOk(cache.reader.jobsPage({ filter: filterOf({}), sort, cursor: first.nextCursor, limit: 1 }));
    expect([...first.rows, ...second.rows].map((row) => row.id)).toEqual([id, 'a']);
  });
});

describe('a list longer than one page may look through', () => {
  const total = 12_000;
  let long: CacheWorld;
  let longCopy: Cache;

  // Filling it takes longer than all that is asked of it, and nothing here writes.
  beforeAll(() => {
    long = setupCache();
    longCopy = long.open();
    const jobs = Array.from({ length: total }, (_, n) =>
      jobIn({
        id: `j${String(n).padStart(5, '0')}`,
        kind: n % 4000 === 17 ? 'poem' : 'website',
        state: n < total - 10 ? 'completed' : 'queued',
        createdAtMs: 1_700_000_000_000 + Math.floor(n / 3) * 400,
        prompt: n % 2 === 0 ? 'common even' : 'common odd',
        priceCredits: n % 7,
      }),
    );
    expectOk(longCopy.writer.apply(jobs.map(jobChange), null));
  }, 120_000);
  afterAll(() => long.end());

  it('comes in pages that may be short, and still whole', () => {
    const filter = filterOf({ kinds: ['poem'], states: ['completed'] });
    for (const column of ['createdAt', 'updatedAt', 'price', 'state'] as const) {
      const rows = allPages(longCopy, filter, { column, direction: 'descending' }, 2);
      expect(rows.map(({ id }) => id).sort()).toEqual(['j00017', 'j04017', 'j08017']);
    }
  });

  it.each(['ascending', 'descending'] as const)(
    'gives all hits of a common word in %s order of creation',
    (direction) => {
      const rows = allPages(longCopy, filterOf({ text: 'common' }), { column: 'createdAt', direction }, 500);
      const ids = Array.from({ length: total }, (_, n) => `j${String(n).padStart(5, '0')}`);
      expect(rows.map(({ id }) => id)).toEqual(direction === 'ascending' ? ids : ids.reverse());
    },
  );

  it('says so where it sorted the newest hits of a common word only', () => {
    const sort: JobSort = { column: 'price', direction: 'ascending' };
    const question = { sort, cursor: null, limit: 10 };
    expect(expectOk(longCopy.reader.jobsPage({ ...question, filter: filterOf({ text: 'common' }) })).isWhole).toBe(
      false,
    );
    expect(expectOk(longCopy.reader.jobsPage({ ...question, filter: filterOf({ text: 'even' }) })).isWhole).toBe(true);
    expect(expectOk(longCopy.reader.countJobs(filterOf({ text: 'common' })))).toMatchObject({ isExact: false });
  });
});

describe('more hits of one second than a page looks through', () => {
  it('are all given, also behind a hit of the second after it', () => {
    const createdAtMs = 1_700_000_000_000;
    const spec = (n: number): Job =>
      jobIn({
        id: `j${String(n).padStart(5, '0')}`,
        prompt: 'common',
        createdAtMs: createdAtMs + (n === 0 ? 1000 : 0),
      });
    const jobs = Array.from({ length: 20_002 }, (_, n) => spec(n));
    expectOk(cache.writer.apply(jobs.map(jobChange), null));
    const question = { filter: filterOf({ text: 'common' }), sort: NEWEST, limit: 2000 };
    let cursor: string | null = null;
    const ids: string[] = [];
    // As many pages as there may be: without an end they would be asked for for ever.
    for (let pages = 0; pages < 14; pages += 1) {
      const page: { rows: readonly JobRow[]; nextCursor: string | null } = expectOk(
        cache.reader.jobsPage({ ...question, cursor }),
      );
      ids.push(...page.rows.map(({ id }) => id));
      cursor = page.nextCursor;
      if (cursor === null) break;
    }
    expect(cursor).toBeNull();
    expect(ids.length).toBe(jobs.length);
    expect(new Set(ids).size).toBe(jobs.length);
  }, 120_000);
});
