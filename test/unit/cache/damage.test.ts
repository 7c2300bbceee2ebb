import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCache, type Cache } from '#cache/open-cache.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import type { AppError } from '#domain/errors.ts';
import type { Result } from '#domain/result.ts';
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

function writeWhole(file: string): Buffer {
  const cache = expectOk(openCache({ path: file, now: () => NOW_MS }));
  expectOk(
    cache.writer.apply(
      [
        ...Array.from({ length: 60 }, (_, n) => jobChange(jobIn({ id: `j${n}`, state: 'failed', prompt: `tea ${n}` }))),
        ...Array.from({ length: 60 }, (_, n) => ({ type: 'entry' as const, entry: entryOf(`e${n}`) })),
        { type: 'account', account: accountOf('w1') },
        malformedChange({ _id: 'bad' }),
      ],
      'p1',
    ),
  );
  cache.close();
  return readFileSync(file);
}

/** How many damaged files; more by hand: RUNLEDGER_CACHE_FAULTS=500. */
const FLIPS = Number(process.env['RUNLEDGER_CACHE_FAULTS'] ?? 150);

const ANY_JOB = { kind: null, provider: null, model: null, workspaceId: null } as const;

/** Asks everything that a window asks, and writes. */
function useAll(cache: Cache): readonly Result<unknown, AppError>[] {
  const { reader, writer } = cache;
  const sort = { column: 'createdAt', direction: 'descending' } as const;
  const page = { sort, cursor: null, limit: 100 };
  return [
    reader.standing(),
    reader.counts(),
    reader.health({ fromMs: NOW_MS - 86_400_000, toMs: NOW_MS + 1, groupBy: 'kind', filter: ANY_JOB }),
    reader.health({ fromMs: NOW_MS - 86_400_000, toMs: NOW_MS + 1, groupBy: 'workspace', filter: ANY_JOB }),
    reader.failureGroups({
      fromMs: NOW_MS - 86_400_000,
      toMs: NOW_MS + 1,
      workspaceId: null,
      classes: [],
      limit: 10,
    }),
    reader.ownerTotals('user', 'u1'),
    reader.ownersBeginning('workspace', 'w', 5),
    reader.jobsPage({ ...page, filter: jobFilterSchema.parse({}) }),
    reader.jobsPage({ ...page, filter: jobFilterSchema.parse({ text: 'tea' }) }),
    reader.jobsPage({ ...page, filter: jobFilterSchema.parse({ text: 'tea connecti' }) }),
    reader.countJobs(jobFilterSchema.parse({ classes: ['temporary'] })),
    reader.job('j7'),
    reader.job('bad'),
    reader.entriesOfJob('j1'),
    reader.account('w1'),
    reader.malformedPage(null, 10),
    reader.digest({ part: 'jobs', afterId: null, throughId: null }),
    writer.apply([jobChange(jobIn({ id: 'j7', version: 2, state: 'running' })), jobChange(jobIn({ id: 'new' }))], 'p2'),
    writer.apply([{ type: 'deleted', part: 'jobs', id: 'j8' }], 'p3'),
  ];
}

describe('a damaged file', () => {
  it.each([
    ['a file that is checked when it is opened', {}],
    ['a large file, which is not', { checkedBytesMax: 0 }],
  ])('is found when it is opened or when it is used, with a code, whatever bits of it are turned: %s', (_, options) => {
    const world = setupCache();
    const whole = writeWhole(world.file);
    const flip = fc.record({ at: fc.nat(whole.length - 1), mask: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(
        fc.array(flip, { minLength: 1, maxLength: 20 }),
        fc.option(fc.nat(whole.length), { nil: null, freq: 4 }),
        (flips, length) => {
          const bytes = Buffer.from(whole);
          for (const { at, mask } of flips) bytes[at] = (bytes[at] ?? 0) ^ mask;
          for (const ending of ['-wal', '-shm']) rmSync(world.file + ending, { force: true });
          writeFileSync(world.file, bytes);
          if (length !== null) truncateSync(world.file, length);
          const cache = expectOk(openCache({ path: world.file, now: () => NOW_MS, ...options }));
          for (const result of useAll(cache)) {
            expect(result.ok ? 'cache_unusable' : result.error.code).toBe('cache_unusable');
          }
          cache.close();
        },
      ),
      { numRuns: FLIPS },
    );
    world.end();
  });

  it.each([
    ['its log is gone', (file: string) => rmSync(`${file}-wal`)],
    ['its log is cut off', (file: string) => truncateSync(`${file}-wal`, 10_000)],
    ['its log is of rubbish', (file: string) => writeFileSync(`${file}-wal`, Buffer.alloc(50_000, 0x5a))],
  ])('a copy that was not closed opens whole or is set aside where %s', (_, spoil) => {
    const world = setupCache();
    const first = world.open();
    expectOk(first.writer.apply([jobChange(jobIn({ id: 'a' }))], 'p1'));
    // What another process left behind: the file and its log as they are, without the end of either.
    const [bytes, log] = [readFileSync(world.file), readFileSync(`${world.file}-wal`)];
    first.close();
    for (const ending of ['-wal', '-shm']) rmSync(world.file + ending, { force: true });
    writeFileSync(world.file, bytes);
    writeFileSync(`${world.file}-wal`, log);
    spoil(world.file);
    const cache = world.open();
    expect(useAll(cache).every(({ ok }) => ok)).toBe(true);
    // Either everything of a transaction is there, or nothing: never rows without the position that they stand at.
    const { position } = expectOk(cache.reader.standing());
    expect(position).toBe('p3');
    world.end();
  });

  it('works again once it was condemned and opened anew', () => {
    const world = setupCache();
    const whole = writeWhole(world.file);
    whole.fill(0xff, 8192 * 4, whole.length);
    writeFileSync(world.file, whole);
    const first = world.open();
    expectOk(first.condemn('test'));
    first.close();
    const second = world.open();
    expect(useAll(second).every(({ ok }) => ok)).toBe(true);
    world.end();
  });
});
