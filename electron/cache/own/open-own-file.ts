import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { z } from 'zod';
import { draftSchema, savedViewSchema } from '#contract/own-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { toCacheError } from '../sqlite-errors.ts';
import { isFileFault } from './own-errors.ts';
import { OwnRecords, type RecordKind } from './own-records.ts';
import { OWN_APPLICATION_ID, OWN_MIGRATIONS } from './own-schema.ts';

const BUSY_MS = 2000;
/** Backups that are kept; the file is small. */
const BACKUPS_MAX = 5;
/** A file that was not backed up for so long is, when it is opened, in milliseconds. */
const BACKUP_EVERY_MS = 7 * 86_400_000;

export interface OwnFileOptions {
  /** The file; its folder is made. */
  readonly path: string;
  /** The deployment and database of the records that belong to one. */
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The migrations, for tests of them; left out, those of this program. */
  readonly migrations?: readonly string[];
}

/** What is a person's own on this machine. Unlike the offline copy nothing of it can be read again from anywhere. */
export interface OwnFile {
  readonly views: OwnRecords<typeof savedViewSchema>;
  readonly drafts: OwnRecords<typeof draftSchema>;
  /** Records of a further kind, for example alert rules. */
  readonly records: <Schema extends z.ZodType<{ readonly id: string }>>(kind: RecordKind<Schema>) => OwnRecords<Schema>;
  /** What was mended when it was opened, for people; null where nothing was. */
  readonly note: string | null;
  /** Idempotent. */
  close(): void;
}

/**
 * Opens a person's own file, makes or migrates its tables; before each migration, and once a week, a backup is made beside it. A
 * damaged file is set aside, never deleted, and the latest backup takes its place. Errors: `own_file_unusable` where the file is
 * of a newer version (it is left as it is) or none can be made, `disk_full`, `timed_out`.
 */
export function openOwnFile(options: OwnFileOptions): Result<OwnFile, AppError> {
  try {
    mkdirSync(path.dirname(options.path), { recursive: true });
    const fault = findFault(options);
    // Whatever ended the program between setting a file aside and taking its backup left none: a new one would be begun with nothing.
    const isLost = fault === null && isBlank(options.path) && backupsOf(options.path, options.now()).length > 0;
    if (fault === null && !isLost) return open(options, null);
    const aside = setAside(options);
    const said = fault === null ? 'was not there' : `was set aside as ${path.basename(aside)}: ${fault}`;
    return open(options, `Your own file (views, drafts) ${said}. ${takeBackup(options)}`);
  } catch (cause) {
    return err(toOwnError(cause));
  }
}

function toOwnError(cause: unknown): AppError {
  if (cause instanceof Database.SqliteError) {
    const error = toCacheError(cause);
    if (error.code === 'disk_full' || error.code === 'timed_out') return error;
    return appError('own_file_unusable', error.detail, cause);
  }
  if (!isFileFault(cause) || !(cause instanceof Error)) throw cause;
  return appError('own_file_unusable', cause.message.slice(0, 300), cause);
}

/**
 * Why the file that stands here is no good; null where there is none, or it is. One that somebody holds, or that cannot be reached or read
 * just now, is a good one: nothing older may take its place.
 */
function findFault(options: OwnFileOptions): string | null {
  if (!existsSync(options.path)) return null;
  let db: Database.Database | null = null;
  try {
    db = new Database(options.path, { timeout: BUSY_MS });
    if (Number(db.pragma('user_version', { simple: true })) === 0) {
      const tables = db.prepare<[], { count: number }>('SELECT count(*) AS count FROM sqlite_master').get();
      return tables?.count === 0 ? null : 'it is not a file of Runledger';
    }
    if (db.pragma('application_id', { simple: true }) !== OWN_APPLICATION_ID) return 'it is not a file of Runledger';
    const check: unknown = db.pragma('integrity_check(1)', { simple: true });
    return check === 'ok' ? null : `it is damaged (${String(check).slice(0, 120)})`;
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause;
    if (toCacheError(cause).code !== 'cache_unusable') throw cause;
    return `it is damaged (${cause.code})`;
  } finally {
    db?.close();
  }
}

/** The smallest page of SQLite, in bytes: a file that has none is taken for one that nothing was written to yet. */
const PAGE_BYTES_MIN = 512;

/** True where there is no file, or nothing of one. */
function isBlank(file: string): boolean {
  return !existsSync(file) || statSync(file).size < PAGE_BYTES_MIN;
}

/** Moves the file away with its log, or what is left of both: the log of one file is never to be read into another. */
function setAside(options: OwnFileOptions): string {
  const aside = `${options.path}.set-aside-${stampOf(options.now())}`;
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(options.path + ending)) renameSync(options.path + ending, aside + ending);
  }
  return aside;
}

/** Puts the latest backup that is whole where no file is. @returns which it was, for people */
function takeBackup(options: OwnFileOptions): string {
  const part = partOf(options.path);
  for (const backup of backupsOf(options.path, options.now()).toReversed()) {
    copyFileSync(backup, part);
    if (findFault({ ...options, path: part }) === null) {
      renameSync(part, options.path);
      return `The backup ${path.basename(backup)} took its place.`;
    }
    rmSync(part);
  }
  return 'There is no backup of it; a new one was begun.';
}

/** What is being written under another name first: what a full disk or the end of the program cut short must never be taken for whole. */
function partOf(file: string): string {
  return `${file}.part`;
}

function open(options: OwnFileOptions, note: string | null): Result<OwnFile, AppError> {
  const db = new Database(options.path, { timeout: BUSY_MS });
  try {
    const version = Number(db.pragma('user_version', { simple: true }));
    const migrations = options.migrations ?? OWN_MIGRATIONS;
    if (version > migrations.length) {
      db.close();
      return err(appError('own_file_unusable', `it is of version ${version}, this program knows ${migrations.length}`));
    }
    db.pragma('journal_mode = WAL');
    // What a person made is on the disk when the program says that it is kept.
    db.pragma('synchronous = FULL');
    migrate(db, options, { version, migrations });
    const context = { source: options.source, now: options.now };
    return ok({
      views: new OwnRecords(db, { name: 'view', schema: savedViewSchema, isOfSource: true }, context),
      drafts: new OwnRecords(db, { name: 'draft', schema: draftSchema, isOfSource: true }, context),
      records: (kind) => new OwnRecords(db, kind, context),
      note,
      close: () => db.close(),
    });
  } catch (cause) {
    db.close();
    throw cause;
  }
}

function migrate(
  db: Database.Database,
  options: OwnFileOptions,
  { version, migrations }: { readonly version: number; readonly migrations: readonly string[] },
): void {
  const newest = backupsOf(options.path, options.now()).at(-1);
  const isDue = newest === undefined || newest < backupName(options.path, options.now() - BACKUP_EVERY_MS, 0);
  if (version > 0 && version === migrations.length && isDue) backUp(db, options, version);
  for (let next = version; next < migrations.length; next += 1) {
    if (next > 0) backUp(db, options, next);
    db.transaction(() => {
      db.exec(migrations[next] ?? '');
      db.pragma(`application_id = ${OWN_APPLICATION_ID}`);
      db.pragma(`user_version = ${next + 1}`);
    }).exclusive();
  }
}

function stampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replaceAll(/[:.]/g, '-');
}

function backupName(file: string, timeMs: number, version: number): string {
  return `${file}.backup-${stampOf(timeMs)}-v${version}`;
}

/**
 * The backups of a file, oldest first. Those of a time that is not yet are of a clock that was ahead, nobody knows how long ago: for the
 * newest of all they would be taken for years, and no other one made.
 */
function backupsOf(file: string, nowMs: number): readonly string[] {
  const folder = path.dirname(file);
  const backups = readdirSync(folder)
    .filter((name) => name.startsWith(`${path.basename(file)}.backup-`))
    .sort()
    .map((name) => path.join(folder, name));
  const isAhead = (backup: string): boolean => backup > backupName(file, nowMs + 1, 0);
  return [...backups.filter(isAhead), ...backups.filter((backup) => !isAhead(backup))];
}

function backUp(db: Database.Database, options: OwnFileOptions, version: number): void {
  const target = backupName(options.path, options.now(), version);
  if (existsSync(target)) return;
  const part = partOf(options.path);
  rmSync(part, { force: true });
  db.prepare('VACUUM INTO ?').run(part);
  renameSync(part, target);
  for (const old of backupsOf(options.path, options.now()).slice(0, -BACKUPS_MAX)) rmSync(old, { force: true });
}
