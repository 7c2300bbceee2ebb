import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CacheBooks } from '#cache/books.ts';
import { isOlderCopy } from '#cache/copy-version.ts';
import { migrate, SCHEMA_VERSION } from '#cache/migrations.ts';
import { openCache, openCacheReader } from '#cache/open-cache.ts';
import { runUpgrade, type UpgradeOrder } from '#cache/threads/run-upgrade.ts';
import type { CopyUpgrade } from '#contract/status.ts';
import { copyCheck } from '#engine/doctor/checks/copy.ts';
import { jobChange, jobIn, malformedChange, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { makeOlder, versionOfCopy } from '../../support/older-copy.ts';
import { rollUpsOf, rollUpsOfFresh } from './health-recount.ts';

/** More than are read at once. */
const JOBS = 2500;
const CHANGES = Array.from({ length: JOBS }, (_, n) =>
  jobChange(
    jobIn({
      id: `j${n}`,
      state: n % 3 === 0 ? 'running' : 'completed',
      workspaceId: `w${n % 4}`,
      startedAtMs: NOW_MS - n * 60_000,
      costMicroUsd: n % 2 === 0 ? null : 700,
    }),
  ),
);

let filled: CacheWorld;
let world: CacheWorld;
beforeAll(() => {
  filled = setupCache();
  const cache = filled.open({ source: 'test' });
  expectOk(cache.writer.apply([...CHANGES, malformedChange({ _id: '77', state: 'lost' })], 'p1'));
  cache.close();
});
afterAll(() => filled.end());
beforeEach(() => {
  world = setupCache();
});
afterEach(() => world.end());

/** A copy as an older version left it. */
function fillOlder(version: 13 | 14, also: (db: Database.Database) => void = () => undefined): void {
  copyFileSync(filled.file, world.file);
  makeOlder(world.file, version);
  const db = new Database(world.file);
  also(db);
  db.close();
}

function upgrade(order: Partial<UpgradeOrder> = {}): ReturnType<typeof runUpgrade> {
  return runUpgrade({
    entry: new URL('../../../electron/cache/threads/upgrade-thread.ts', import.meta.url),
    file: world.file,
    source: 'test',
    onUpgrade: () => undefined,
    signal: new AbortController().signal,
    ...order,
  });
}

function asides(): string[] {
  return readdirSync(world.folder).filter((name) => name.includes('.set-aside-'));
}

describe('a copy that an older version wrote', () => {
  it.each([13, 14] as const)('has the tables of version %i', (version) => {
    fillOlder(version);
    const made = new Database(':memory:');
    migrate(made, 0, version);
    const old = new Database(world.file);
    const columnsOf = (db: Database.Database): readonly unknown[] =>
      db
        .prepare('SELECT one.name AS of, its.* FROM sqlite_schema one, pragma_table_xinfo(one.name) its ORDER BY 1, 2')
        .all();
    expect(columnsOf(old)).toEqual(columnsOf(made));
    old.close();
  });

  it.each([13, 14] as const)('of version %i becomes on a thread what this one would have written', async (version) => {
    fillOlder(version);
    expect(isOlderCopy(world.file)).toBe(true);
    expect(expectOk(await upgrade())).toEqual({ setAside: null });
    expect(isOlderCopy(world.file)).toBe(false);
    expect(rollUpsOf(world.file)).toEqual(rollUpsOfFresh(CHANGES));
    const { reader, setAside } = world.open({ source: 'test' });
    expect(setAside).toBeNull();
    expect(expectOk(reader.standing()).position).toBe('p1');
    expect(expectOk(reader.malformedPage(null, 10)).rows).toHaveLength(1);
  });

  it('tells how many of its jobs have been read', () => {
    fillOlder(13);
    const told: number[] = [];
    const onProgress = (jobsDone: number, jobsTotal: number): void => {
      expect(jobsTotal).toBe(JOBS);
      told.push(jobsDone);
    };
    world.open({ watch: { onProgress } });
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(JOBS);
    expect(told).toContain(2000);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('is as it was where it is stopped in the middle, and begun anew with the next start', () => {
    fillOlder(13);
    let read = 0;
    const watch = { onProgress: (jobs: number) => void (read = jobs), isUnwanted: () => read > 0 };
    const stopped = openCache({ path: world.file, now: () => NOW_MS, watch });
    expect(stopped).toMatchObject({ ok: false, error: { code: 'cancelled' } });
    expect(versionOfCopy(world.file)).toBe(13);
    expect(asides()).toEqual([]);
    world.open();
    expect(rollUpsOf(world.file)).toEqual(rollUpsOfFresh(CHANGES));
  });

  it('is left by the thread as it was where nobody waits any more', async () => {
    fillOlder(13);
    const stopping = new AbortController();
    const told: CopyUpgrade[] = [];
    const onUpgrade = (said: CopyUpgrade): void => {
      told.push(said);
      stopping.abort();
    };
    expect(await upgrade({ onUpgrade, signal: stopping.signal })).toMatchObject({ error: { code: 'cancelled' } });
    expect(told[0]).toEqual({ jobsDone: 0, jobsTotal: JOBS, remainingMs: null });
    expect(versionOfCopy(world.file)).toBe(13);
  });

  it('is set aside with a note where a document of it is damaged', async () => {
    fillOlder(13, (db) => db.exec("UPDATE job_documents SET document = x'00' WHERE num = (SELECT max(num) FROM jobs)"));
    expect(expectOk(await upgrade()).setAside).toMatch(/cannot be worked with \(a row holds what was never written/);
    expect(versionOfCopy(world.file)).toBe(SCHEMA_VERSION);
    expect(asides().length).toBeGreaterThan(0);
  });

  it('is refused to whoever reads beside, and not told to be damaged', () => {
    fillOlder(13);
    expect(openCacheReader(world.file, () => NOW_MS)).toMatchObject({ error: { code: 'copy_upgrading' } });
    expect(CacheBooks.open(world.file)).toMatchObject({ error: { code: 'copy_upgrading' } });
  });

  it('is told by the doctor, also of another process, with how far it is', async () => {
    fillOlder(13);
    const doctor = async (nowMs: number): Promise<string> => {
      const context = { copyFile: world.file, dataDir: world.folder, nowMs: () => nowMs, say: () => undefined };
      const store = { ok: false, error: { code: 'server_unreachable', detail: null } } as const;
      return (await copyCheck.run({ ...context, store, signal: new AbortController().signal })).says;
    };
    expect(await doctor(Date.now())).toBe('an older version wrote the offline copy');
    const stopping = new AbortController();
    await upgrade({ onUpgrade: () => stopping.abort(), signal: stopping.signal });
    expect(await doctor(Date.now())).toMatch(/brought to the form of this one: 0 of 2,500 jobs$/);
    expect(await doctor(Date.now() + 3_600_000)).toBe('an older version wrote the offline copy');
    world.open();
    expect(existsSync(`${world.file}.upgrading`)).toBe(false);
  });
});

it('a new file, one of this version and one that is condemned need no going through', () => {
  expect(isOlderCopy(world.file)).toBe(false);
  const cache = world.open({ source: 'test' });
  expect(isOlderCopy(world.file)).toBe(false);
  expectOk(cache.condemn('test'));
  cache.close();
  makeOlder(world.file, 13);
  expect(isOlderCopy(world.file)).toBe(false);
});
