import { copyFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CacheChange } from '#cache/changes.ts';
import { openCache } from '#cache/open-cache.ts';
import { migrate, OLDEST_VERSION } from '#cache/migrations.ts';
import { APPLICATION_ID } from '#cache/schema.ts';
import { withholdPrompts } from '#cache/withhold-prompts.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, malformedChange, NOW_MS, setupCache, type CacheWorld } from '../../support/cache-world.ts';
import { withoutUnknownCosts } from '../../support/older-copy.ts';
import { rollUpsOf, rollUpsOfFresh } from './health-recount.ts';

let world: CacheWorld;
beforeEach(() => {
  world = setupCache();
});
afterEach(() => world.end());

function fill(jobs = 300): void {
  const cache = world.open({ source: 'localhost/one' });
  expectOk(
    cache.writer.apply(
      Array.from({ length: jobs }, (_, n) => jobChange(jobIn({ id: `j${n}`, prompt: 'x'.repeat(500) }))),
      'p1',
    ),
  );
  cache.close();
}

function asides(): string[] {
  return readdirSync(world.folder).filter((name) => name.includes('.set-aside-'));
}

describe('a file that can be used', () => {
  it('is opened with all that it holds', () => {
    fill();
    const cache = world.open({ source: 'localhost/one' });
    expect(cache.setAside).toBeNull();
    expect(expectOk(cache.reader.counts()).total).toBe(300);
    expect(expectOk(cache.reader.standing())).toMatchObject({ position: 'p1', source: 'localhost/one' });
  });

  it('is used also where its process died without closing it', () => {
    const dying = world.open();
    expectOk(dying.writer.apply([jobChange(jobIn({ id: 'j1' }))], 'p1'));
    for (const ending of ['', '-wal']) copyFileSync(world.file + ending, `${world.folder}/left.sqlite${ending}`);
    const cache = expectOk(openCache({ path: `${world.folder}/left.sqlite`, now: () => NOW_MS }));
    expect(cache.setAside).toBeNull();
    expect(expectOk(cache.reader.counts()).total).toBe(1);
    cache.close();
  });

  it('is closed as often as one likes', () => {
    const cache = world.open();
    cache.close();
    expect(() => cache.close()).not.toThrow();
  });

  it('gives a reader that cannot write and sees what the writer has done', () => {
    const cache = world.open();
    expectOk(cache.writer.apply([jobChange(jobIn({ id: 'j1' }))], null));
    expect(expectOk(cache.reader.job('j1'))?.type).toBe('job');
    expect('apply' in cache.reader).toBe(false);
  });
});

describe('a copy that an older version of the program wrote', () => {
  it('is gone on from, with every table and index of a new one', () => {
    const old = new Database(world.file);
    migrate(old, 0, OLDEST_VERSION + 1);
    old.pragma(`application_id = ${APPLICATION_ID}`);
    old.pragma(`user_version = ${OLDEST_VERSION + 1}`);
    old.close();
    const cache = world.open();
    expect(cache.setAside).toBeNull();
    expectOk(cache.writer.apply([jobChange(jobIn({ id: 'j1', state: 'failed' }))], 'p1'));
    expectOk(cache.reader.failureGroups({ fromMs: 0, toMs: NOW_MS, workspaceId: null, classes: [], limit: 1 }));
    cache.close();
    const fresh = setupCache();
    fresh.open().close();
    expect(schemaOf(world.file)).toEqual(schemaOf(fresh.file));
    fresh.end();
  });

  it.each([
    ['all of its workspaces', 9, ['workspace_totals', 'workspace_model_totals']],
    ['what its workspaces have of each kind, provider and model', 11, ['workspace_model_totals']],
  ])('gets the totals of %s from the days that it has', (_, version, tables) => {
    const changes = Array.from({ length: 40 }, (_, n) => {
      const createdAtMs = NOW_MS - n * 3 * 86_400_000;
      const state = n % 3 === 0 ? 'queued' : n % 3 === 1 ? 'completed' : 'failed';
      return jobChange(
        jobIn({
          id: `j${n}`,
          state,
          createdAtMs,
          startedAtMs: createdAtMs + 60_000,
          workspaceId: `w${n % 4}`,
          model: `m${n % 5}`,
        }),
      );
    });
    const before = world.open();
    expectOk(before.writer.apply(changes, 'p1'));
    before.close();
    const old = new Database(world.file);
    withoutUnknownCosts(old);
    for (const table of tables) old.exec(`DROP TABLE ${table}`);
    withoutEnds(old);
    if (version < 11) olderPoints(old);
    old.pragma(`user_version = ${version}`);
    old.close();
    const cache = world.open();
    expect(cache.setAside).toBeNull();
    expect(expectOk(cache.reader.standing()).position).toBe('p1');
    expect(rollUpsOf(world.file)).toEqual(rollUpsOfFresh(changes));
    for (const table of tables) expect(rollUpsOf(world.file)[table]).not.toEqual([]);
  });

  it('gets the points of its failures by day from the days that it has', () => {
    const changes = Array.from({ length: 40 }, (_, n) =>
      jobChange(jobIn({ id: `j${n}`, state: 'failed', createdAtMs: NOW_MS - n * 3_600_000, workspaceId: `w${n % 4}` })),
    );
    const before = world.open();
    expectOk(before.writer.apply(changes, 'p1'));
    before.close();
    const old = new Database(world.file);
    withoutUnknownCosts(old);
    olderPoints(old);
    withoutEnds(old);
    old.exec('DROP TABLE workspace_model_totals');
    old.pragma('user_version = 10');
    old.close();
    const cache = world.open();
    expect(cache.setAside).toBeNull();
    expect(rollUpsOf(world.file)).toEqual(rollUpsOfFresh(changes));
    expect(rollUpsOf(world.file)['failure_points']).not.toEqual([]);
  });

  it('gets the ends of malformed jobs from their documents, so that a window that is moved on leaves them out', () => {
    const ended = { state: 'completed', updatedAt: new Date(NOW_MS - 1) };
    const before = world.open();
    expectOk(before.writer.apply([malformedChange({ _id: 'ended', ...ended })], 'p1'));
    expectOk(before.writer.apply([malformedChange({ _id: 'open', ...ended, state: 'running' })], 'p2'));
    before.close();
    const old = new Database(world.file);
    withoutUnknownCosts(old);
    withoutEnds(old);
    old.pragma('user_version = 12');
    old.close();
    const cache = world.open();
    expect(cache.setAside).toBeNull();
    expectOk(cache.writer.keepSince(NOW_MS, 100));
    expect(expectOk(cache.reader.malformedPage(null, 10)).rows.map(({ id }) => id)).toEqual(['open']);
  });

  it('gets from their documents which jobs cost more than is known', () => {
    const costs = [null, 0, 700, undefined] as const;
    const changes = Array.from({ length: 40 }, (_, n) => {
      const costMicroUsd = costs[n % costs.length];
      const startedAtMs = costMicroUsd === undefined ? {} : { startedAtMs: NOW_MS - n * 3_600_000, costMicroUsd };
      const state = n % 3 === 0 ? 'running' : n % 3 === 1 ? 'completed' : 'failed';
      return jobChange(jobIn({ id: `j${n}`, state, workspaceId: `w${n % 4}`, model: `m${n % 5}`, ...startedAtMs }));
    });
    older(changes);
    const { reader, setAside } = world.open();
    expect(setAside).toBeNull();
    expect(rollUpsOf(world.file)).toEqual(rollUpsOfFresh(changes));
    expect(expectOk(reader.ownerTotals('workspace', 'w0')).unknownCosts).toBeGreaterThan(0);
  });

  it('is set aside where a document of it is damaged, and does not keep the program from starting', () => {
    older([jobChange(jobIn({ id: 'j1' }))], (db) => db.exec("UPDATE job_documents SET document = x'00'"));
    expect(world.open().setAside).toMatch(/cannot be worked with \(a row holds what was never written there\)/);
  });

  it.each([true, false])('is wiped once more where it should hold no prompts: %s', (isWithheld) => {
    world.open().close();
    if (isWithheld) expectOk(withholdPrompts(world.file));
    const old = new Database(world.file);
    old.pragma('user_version = 14');
    old.close();
    expect(expectOk(world.open().reader.standing()).isWiping).toBe(isWithheld);
  });

  it('has a row of its own for an id that is no text, also where the text of another is the same', () => {
    older([malformedChange({ _id: '77', state: 'lost' })]);
    const { writer, reader } = world.open();
    expectOk(writer.apply([malformedChange({ _id: 77, state: 'lost' })], 'p2'));
    const rows = expectOk(reader.malformedPage(null, 10)).rows;
    expect(rows.map(({ document }) => document?.['_id'])).toEqual([77, '77']);
  });

  /** Makes a copy of version 13 that holds these documents. */
  function older(changes: readonly CacheChange[], also: (db: Database.Database) => void = () => undefined): void {
    const before = world.open();
    expectOk(before.writer.apply(changes, 'p1'));
    before.close();
    const old = new Database(world.file);
    withoutUnknownCosts(old);
    also(old);
    old.pragma('user_version = 13');
    old.close();
  }

  /** Takes from a file what version 13 has told of malformed jobs. */
  function withoutEnds(db: Database.Database): void {
    db.exec('DROP INDEX malformed_ended; ALTER TABLE malformed DROP COLUMN ended_ms');
  }

  /** Gives a file the points of failures as version 10 had them: of hours alone. */
  function olderPoints(db: Database.Database): void {
    db.exec(`
      CREATE TABLE failure_hours (
        hour INTEGER NOT NULL, fingerprint TEXT NOT NULL, jobs INTEGER NOT NULL CHECK (jobs >= 0),
        PRIMARY KEY (hour, fingerprint)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO failure_hours SELECT bucket, fingerprint, jobs FROM failure_points WHERE grain = 3600;
      DROP TABLE failure_points;
    `);
  }

  function schemaOf(file: string): readonly unknown[] {
    const db = new Database(file, { readonly: true });
    const found = db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
    db.close();
    return found;
  }
});

describe('a file that cannot be used is set aside with a note and built anew', () => {
  /** Opens anew, proves that the new file works, and gives the note on the old one. */
  function reopen(): string | null {
    const cache = world.open({ source: 'localhost/one' });
    expect(expectOk(cache.reader.counts()).total).toBe(0);
    expectOk(cache.writer.apply([jobChange(jobIn({ id: 'j1' }))], 'p2'));
    expect(expectOk(cache.reader.counts()).total).toBe(1);
    expect(asides().length).toBeGreaterThan(0);
    return cache.setAside;
  }

  it('text of somebody', () => {
    writeFileSync(world.file, 'Dear diary, today I wrote no SQLite file.'.repeat(100));
    expect(reopen()).toMatch(/damaged/);
    expect(readFileSync(`${world.folder}/${asides()[0] ?? ''}`, 'utf8')).toContain('Dear diary');
  });

  it('a database of another program', () => {
    new Database(world.file).exec('CREATE TABLE mine (a)').close();
    expect(reopen()).toMatch(/not an offline copy/);
  });

  it('a copy of a newer version', () => {
    fill();
    const db = new Database(world.file);
    db.pragma('user_version = 99');
    db.close();
    expect(reopen()).toMatch(/newer version \(99/);
  });

  it('a copy of a version too old', () => {
    fill();
    const db = new Database(world.file);
    db.pragma('user_version = 1');
    db.close();
    expect(reopen()).toMatch(/too old/);
  });

  it('a copy of another database', () => {
    fill();
    const cache = world.open({ source: 'localhost/two' });
    expect(cache.setAside).toMatch(/another database/);
  });

  it('a file cut off', () => {
    fill();
    truncateSync(world.file, 20_000);
    expect(reopen()).toMatch(/damaged/);
  });

  it('a file with a page of rubbish', () => {
    fill();
    const bytes = readFileSync(world.file);
    bytes.fill(0xa5, 4096 * 3, 4096 * 6);
    writeFileSync(world.file, bytes);
    expect(reopen()).toMatch(/damaged/);
  });

  it('a file that was condemned while it was in use, also where its process died right after', () => {
    const dying = world.open();
    expectOk(dying.writer.apply([jobChange(jobIn({ id: 'j1' }))], 'p1'));
    expectOk(dying.condemn('SQLITE_CORRUPT'));
    expect(reopen()).toMatch(/while it was in use \(SQLITE_CORRUPT\)/);
    world.open().close();
    expect(asides().filter((name) => !/-(wal|shm)$/.test(name))).toHaveLength(1);
  });

  it('and at most two of them are kept', () => {
    for (let n = 0; n < 4; n += 1) {
      const cache = world.open({ now: () => NOW_MS + n * 1000 });
      expectOk(cache.condemn('test'));
      cache.close();
    }
    world.open({ now: () => NOW_MS + 10_000 });
    expect(asides().filter((name) => !/-(wal|shm)$/.test(name))).toHaveLength(2);
  });
});

describe('a place where no file can be made', () => {
  it('is an error with a code', () => {
    writeFileSync(`${world.folder}/file`, '');
    expect(openCache({ path: `${world.folder}/file/copy.sqlite`, now: () => NOW_MS })).toMatchObject({
      ok: false,
      error: { code: 'cache_unusable' },
    });
    expect(existsSync(world.file)).toBe(false);
  });
});
