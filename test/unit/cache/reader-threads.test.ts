import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Long, ObjectId } from 'bson';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InterruptedError } from '#cache/interrupt.ts';
import { openCache } from '#cache/open-cache.ts';
import { CacheReader } from '#cache/reader.ts';
import { ReaderThreads } from '#cache/threads/reader-threads.ts';
import { jobFilterSchema } from '#contract/job-views.ts';
import { appError } from '#domain/errors.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, malformedChange, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';

const ENTRY = new URL('../../../electron/cache/threads/reader-thread.ts', import.meta.url);
const ALL = jobFilterSchema.parse({});
const NEWEST = {
  filter: ALL,
  sort: { column: 'createdAt', direction: 'descending' },
  cursor: null,
  limit: 50,
} as const;

let world: CacheWorld;
let threads: ReaderThreads;

beforeEach(() => {
  world = setupCache();
  const { writer } = world.open();
  const jobs = Array.from({ length: 300 }, (_, n) => jobIn({ id: `job-${n}`, createdAtMs: NOW_MS - n * 1000 }));
  expectOk(writer.apply(jobs.map(jobChange), null));
  expectOk(writer.apply([malformedChange({ _id: 'odd', ref: new ObjectId('0123456789abcdef01234567') })], null));
  threads = new ReaderThreads({ entry: ENTRY, file: world.file, threads: 1, log: () => undefined });
});

afterEach(async () => {
  await threads.close();
  world.end();
});

describe('the copy read on threads of its own', () => {
  it('answers what it answers on this thread', async () => {
    const { reader } = world.open();
    const far = threads.for();
    expect(await far.jobsPage(NEWEST)).toEqual(reader.jobsPage(NEWEST));
    expect(await far.counts()).toEqual(reader.counts());
    expect(await far.countJobs({ ...ALL, kinds: ['website'] })).toEqual(
      reader.countJobs({ ...ALL, kinds: ['website'] }),
    );
    expect(await far.job('job-7')).toEqual(reader.job('job-7'));
    expect(await far.job('nowhere')).toEqual({ ok: true, value: null });
  });

  it('keeps ids and 64-bit numbers of documents what they are', async () => {
    const { writer } = world.open();
    const odd = { _id: 'numbers', big: Long.fromString('9007199254740993') };
    expectOk(writer.apply([malformedChange(odd)], null));
    const { rows } = expectOk(await threads.for().malformedPage(null, 10));
    expect(JSON.stringify(rows.map(({ document }) => document))).toContain('0123456789abcdef01234567');
    expect(rows.map(({ document }) => document?.['big']?.toString()).join('')).toContain('9007199254740993');
  });

  it('says why a question was refused', async () => {
    const refused = await threads.for().jobsPage({ ...NEWEST, cursor: 'none of this order' });
    expect(refused).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
  });

  it('opens a file that it could not open before, once that is possible', async () => {
    const file = `${world.file}-later`;
    const later = new ReaderThreads({ entry: ENTRY, file, threads: 1, log: () => undefined });
    expect(await later.for().counts()).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expectOk(openCache({ path: file, now: () => NOW_MS })).close();
    expect(expectOk(await later.for().counts()).total).toBe(0);
    await later.close();
  });

  it('lets the file go while another takes its place, and asks that one what was under way and what came meanwhile', async () => {
    const far = threads.for();
    expectOk(await far.counts());
    const underWay = far.jobIds(ALL, 1000);
    const waiting = far.counts();
    let meanwhile: ReturnType<typeof far.counts> | undefined;
    await threads.whileClosed(async () => {
      meanwhile = far.counts();
      for (const ending of ['', '-wal', '-shm']) rmSync(world.file + ending, { force: true });
      expectOk(world.open().writer.apply([jobChange(jobIn({ id: 'new' }))], null));
      await Promise.resolve();
    });
    expect(expectOk(await underWay)).toEqual(['new']);
    expect(expectOk(await waiting).total).toBe(1);
    expect(meanwhile === undefined ? null : expectOk(await meanwhile).total).toBe(1);
  });

  it('tells that the file is damaged, and answers nothing more once it is told to refuse', async () => {
    const met: string[] = [];
    const bad = `${world.folder}/bad.sqlite`;
    writeFileSync(bad, 'Dear diary, today I wrote no SQLite file.'.repeat(100));
    const reading = new ReaderThreads({
      entry: ENTRY,
      file: bad,
      onUnusable: ({ code }) => void met.push(code),
      log: () => undefined,
    });
    expect(await reading.for().counts()).toMatchObject({ ok: false, error: { code: 'cache_unusable' } });
    expect(met).toEqual(['cache_unusable']);
    reading.refuse(appError('copy_keeps_failing'));
    expect(await reading.for().counts()).toMatchObject({ ok: false, error: { code: 'copy_keeps_failing' } });
    await reading.close();
  });

  it.each([
    { waitMs: 60_000, begun: 1 },
    { waitMs: 0, begun: 2 },
  ])('begins another thread for a question that has waited: $begun after $waitMs ms', async ({ waitMs, begun }) => {
    let workers = 0;
    const count = (): void => void (workers += 1);
    subscribe('worker_threads', count);
    const reading = new ReaderThreads({ entry: ENTRY, file: world.file, waitMs, log: () => undefined });
    reading.begin();
    const answers = await Promise.all([1, 2, 3].map(async () => reading.for().counts()));
    unsubscribe('worker_threads', count);
    expect(answers.map((answer) => expectOk(answer).total)).toEqual([300, 300, 300]);
    expect(workers).toBe(begun);
    await reading.close();
  });

  it('a question that nobody waits for any more ends as cancelled, under way or not yet begun, and the next is answered', async () => {
    const [underWay, waiting] = [new AbortController(), new AbortController()];
    const first = threads.for(underWay.signal).jobIds(ALL, 1000);
    const second = threads.for(waiting.signal).jobIds(ALL, 1000);
    const third = threads.for().jobIds(ALL, 1000);
    waiting.abort();
    underWay.abort();
    expect(await first).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(await second).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(expectOk(await third)).toHaveLength(300);
  });

  it('a statement under way is interrupted between two rows', () => {
    const db = new Database(world.file, { readonly: true });
    let asked = 0;
    const reader = new CacheReader(
      db,
      () => NOW_MS,
      () => (asked += 1) > 2,
    );
    expect(() => reader.jobIds(ALL, 1000)).toThrow(InterruptedError);
    // Once before the statement, and then from row to row.
    expect(asked).toBe(3);
    db.close();
  });

  it('closing ends what is asked and every thread', async () => {
    const asked = threads.for().jobIds(ALL, 1000);
    await threads.close();
    const answer = await asked;
    expect(answer.ok || answer.error.code === 'cancelled').toBe(true);
    expect(await threads.for().counts()).toMatchObject({ ok: false, error: { code: 'cancelled' } });
  });
});
