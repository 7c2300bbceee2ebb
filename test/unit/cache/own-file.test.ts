import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openOwnFile, type OwnFile, type OwnFileOptions } from '#cache/own/open-own-file.ts';
import { OWN_MIGRATIONS } from '#cache/own/own-schema.ts';
import type { Draft, SavedView } from '#contract/own-views.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { NOW_MS } from '../../support/cache-world.ts';

let folder: string;
let file: string;
let opened: OwnFile[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-own-'));
  file = path.join(folder, 'own.sqlite');
  opened = [];
});
afterEach(() => {
  for (const own of opened) own.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options: Partial<OwnFileOptions> = {}): OwnFile {
  const own = expectOk(openOwnFile({ path: file, source: 'one', now: () => NOW_MS, ...options }));
  opened.push(own);
  return own;
}

function files(infix: string): string[] {
  return readdirSync(folder).filter((name) => name.includes(infix) && !/-(wal|shm)$/.test(name));
}

const VIEW: SavedView = { id: 'v1', name: 'Failed today', href: '/jobs?state=failed', position: 0 };
const DRAFT: Draft = {
  id: 'd1',
  kind: 'retry',
  subjectId: 'j1',
  seenVersion: 3,
  bodyJson: '{"reason":"asked for it"}',
  madeAtMs: NOW_MS,
};

describe("a person's own file", () => {
  it('keeps views and drafts', () => {
    const first = open();
    expectOk(first.views.put(VIEW));
    expectOk(first.drafts.put(DRAFT));
    first.close();
    const again = open();
    expect(expectOk(again.views.list())).toEqual([VIEW]);
    expect(expectOk(again.drafts.list())).toEqual([DRAFT]);
    expect(again.note).toBeNull();
  });

  it('replaces a record that is put again, and loses one that is deleted', () => {
    const own = open();
    expectOk(own.views.put(VIEW));
    expectOk(own.views.put({ ...VIEW, name: 'Other' }));
    expect(expectOk(own.views.list()).map(({ name }) => name)).toEqual(['Other']);
    expect(expectOk(own.views.delete('v1'))).toBe(true);
    expect(expectOk(own.views.delete('v1'))).toBe(false);
    expect(expectOk(own.views.list())).toEqual([]);
  });

  it('does not show the drafts of one deployment in another', () => {
    expectOk(open({ source: 'one' }).drafts.put(DRAFT));
    expect(expectOk(open({ source: 'two' }).drafts.list())).toEqual([]);
    expect(expectOk(open({ source: 'one' }).drafts.list())).toEqual([DRAFT]);
  });

  it('leaves a record that fits its schema no more in the file, and out of the list', () => {
    const kind = { name: 'rule', isOfSource: false } as const;
    const loose = open().records({ ...kind, schema: z.looseObject({ id: z.string() }) });
    expectOk(loose.put({ id: 'a', limit: 'much' }));
    expectOk(loose.put({ id: 'b', limit: 5 }));
    const strict = open().records({ ...kind, schema: z.object({ id: z.string(), limit: z.number() }) });
    expect(expectOk(strict.list())).toEqual([{ id: 'b', limit: 5 }]);
    expect(expectOk(loose.list())).toHaveLength(2);
  });
});

describe('a migration', () => {
  const NEWER = [...OWN_MIGRATIONS, 'ALTER TABLE records ADD COLUMN note TEXT'];

  it('comes after a backup of what stood before, and loses nothing', () => {
    const old = open();
    expectOk(old.views.put(VIEW));
    old.close();
    const own = open({ migrations: NEWER });
    expect(files('.backup-')).toHaveLength(1);
    const backup = new Database(path.join(folder, files('.backup-')[0] ?? ''), { readonly: true });
    expect(backup.pragma('user_version', { simple: true })).toBe(OWN_MIGRATIONS.length);
    expect(backup.prepare('SELECT id FROM records').all()).toEqual([{ id: 'v1' }]);
    backup.close();
    expect(own.note).toBeNull();
    const migrated = new Database(file, { readonly: true });
    expect(migrated.prepare('SELECT id, note FROM records').all()).toEqual([{ id: 'v1', note: null }]);
    migrated.close();
  });

  it('that fails leaves everything as it was', () => {
    const old = open();
    expectOk(old.views.put(VIEW));
    old.close();
    const broken = openOwnFile({
      path: file,
      source: 'one',
      now: () => NOW_MS,
      migrations: [...OWN_MIGRATIONS, 'DELETE FROM records; SELECT nonsense FROM nowhere'],
    });
    expect(broken).toMatchObject({ ok: false, error: { code: 'own_file_unusable' } });
    expect(expectOk(open().views.list())).toEqual([VIEW]);
  });

  it('of a newer program is not undone: the file is left as it is', () => {
    open({ migrations: NEWER }).close();
    const before = readFileSync(file);
    const older = openOwnFile({ path: file, source: 'one', now: () => NOW_MS });
    expect(older).toMatchObject({ ok: false, error: { code: 'own_file_unusable' } });
    expect(readFileSync(file)).toEqual(before);
  });
});

/** Opens the file: what it holds is there, comes back from the backup, or is refused with a code. */
function outcomeOfOpening(): string {
  const own = openOwnFile({ path: file, source: 'one', now: () => NOW_MS + 9 * 86_400_000 });
  if (!own.ok) return own.error.code;
  const views = own.value.views.list();
  own.value.close();
  if (!views.ok) return views.error.code;
  if (views.value.length === 40) return own.value.note === null ? 'whole' : 'restored';
  // A turned bit within a text leaves another text, or a record that fits its schema no more.
  return own.value.note === null && views.value.length > 0 ? 'whole' : `${views.value.length} views: ${own.value.note}`;
}

describe('a damaged file of a person', () => {
  it('is set aside and its latest whole backup takes its place, whatever bits of it are turned', () => {
    const old = open();
    for (let n = 0; n < 40; n += 1) expectOk(old.views.put({ ...VIEW, id: `v${n}` }));
    old.close();
    // A week later it is backed up when it is opened.
    open({ now: () => NOW_MS + 8 * 86_400_000 }).close();
    const whole = readFileSync(file);
    expect(files('.backup-')).toHaveLength(1);
    const anyDamage = fc.array(fc.record({ at: fc.nat(whole.length - 1), mask: fc.integer({ min: 1, max: 255 }) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(anyDamage, fc.option(fc.nat(whole.length), { nil: null, freq: 4 }), (flips, length) => {
        const bytes = Buffer.from(whole);
        for (const { at, mask } of flips) bytes[at] = (bytes[at] ?? 0) ^ mask;
        writeFileSync(file, length === null ? bytes : bytes.subarray(0, length));
        expect(['whole', 'restored', 'own_file_unusable']).toContain(outcomeOfOpening());
        for (const ending of ['-wal', '-shm']) rmSync(file + ending, { force: true });
      }),
      { numRuns: 60 },
    );
    expect(files('.set-aside-').length).toBeGreaterThan(0);
  });

  /** A file with a view, of which there is a backup of a week later. */
  function backedUp(): void {
    const own = open();
    expectOk(own.views.put(VIEW));
    own.close();
    open({ now: () => NOW_MS + 8 * 86_400_000 }).close();
    expect(files('.backup-')).toHaveLength(1);
  }

  it('comes back from its backup also where the program ended before that took its place', () => {
    backedUp();
    // The log of the file that was set aside is left where it was, and is none of the backup.
    const other = new Database(path.join(folder, 'other.sqlite'));
    other.pragma('journal_mode = WAL');
    other.exec('CREATE TABLE other (a); INSERT INTO other VALUES (1)');
    copyFileSync(path.join(folder, 'other.sqlite-wal'), `${file}-wal`);
    other.close();
    renameSync(file, `${file}.set-aside-2026`);
    const own = open();
    expect(expectOk(own.views.list())).toEqual([VIEW]);
    expect(own.note).toMatch(/was not there. The backup .* took its place/);
    own.close();
    expect(open().note).toBeNull();
  });

  it('is backed up once a week also after the clock was years ahead for once', () => {
    backedUp();
    const week = 8 * 86_400_000;
    open({ now: () => NOW_MS + 100 * week }).close();
    const own = open({ now: () => NOW_MS + 2 * week });
    expectOk(own.views.put({ ...VIEW, id: 'v2' }));
    own.close();
    open({ now: () => NOW_MS + 3 * week + 1 }).close();
    expect(files('.backup-')).toHaveLength(4);
    writeFileSync(file, 'damaged');
    expect(expectOk(open({ now: () => NOW_MS + 3 * week + 2 }).views.list())).toHaveLength(2);
  });

  it('is set aside also where there is no backup, and a new one is begun', () => {
    writeFileSync(file, 'this is no database, but somebody may want it back');
    const own = open();
    expect(own.note).toMatch(/set aside/);
    expect(expectOk(own.views.list())).toEqual([]);
    const [aside = ''] = files('.set-aside-');
    expect(readFileSync(path.join(folder, aside), 'utf8')).toMatch(/somebody may want it back/);
  });

  it('is not taken for damaged while it is only out of reach, because an older backup would take the place of what is good', () => {
    const own = open();
    expectOk(own.views.put(VIEW));
    own.close();
    // As where the process may open no more files: nothing of it can be read.
    mkdirSync(`${file}-wal`);
    expect(openOwnFile({ path: file, source: 'one', now: () => NOW_MS })).toMatchObject({
      error: { code: 'own_file_unusable', detail: expect.stringContaining('SQLITE_CANTOPEN') as string },
    });
    rmdirSync(`${file}-wal`);
    const again = open();
    expect(again.note).toBeNull();
    expect(expectOk(again.views.list())).toEqual([VIEW]);
  });

  it('is not taken for damaged while it is only locked', () => {
    const own = open();
    expectOk(own.views.put(VIEW));
    copyFileSync(file, `${file}.copy`);
    expect(existsSync(`${file}.copy`)).toBe(true);
    expect(expectOk(open().views.list())).toEqual([VIEW]);
  });
});
