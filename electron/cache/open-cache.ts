import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { versionOf } from './copy-version.ts';
import { dropDamageNote, readDamageNote, writeDamageNote } from './damage-note.ts';
import type { IsUnwanted } from './interrupt.ts';
import { migrate, OLDEST_VERSION, SCHEMA_VERSION } from './migrations.ts';
import { BUSY_MS, openBeside } from './open-beside.ts';
import { CacheReader } from './reader.ts';
import { APPLICATION_ID } from './schema.ts';
import { toCacheError, toOpeningError } from './sqlite-errors.ts';
import { dropUpgradeNote } from './upgrade-note.ts';
import type { UpgradeWatch } from './upgrade-watch.ts';
import { CacheWriter } from './writer.ts';

/**
 * A file up to this size is checked page by page when it is opened, which takes less than half a second. What a larger one has is met
 * where it is used: SQLite's log brings a file through a killed process whole, and whoever meets damage condemns it.
 */
const CHECKED_BYTES_MAX = 64 * 1024 * 1024;
/** Files set aside that are kept; older ones are deleted, because each may be as large as the copy. */
const SET_ASIDE_MAX = 2;
/** Pages kept in memory by a connection, in KiB. */
const PAGES_KIB = 32_768;

export interface CacheOptions {
  /** The file; its folder is made. */
  readonly path: string;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
  /**
   * What the copy is of (a label of deployment and database, no secret). A copy of something else is set aside, because ids of
   * two databases may be equal. Left out, whatever stands is opened.
   */
  readonly source?: string;
  /** Why what stands is set aside, whatever it looks like; left out where it may be good. */
  readonly fault?: string | null;
  /** Up to which size a file is checked page by page; for tests, which have no large ones. */
  readonly checkedBytesMax?: number;
  /** Whoever waits for a file of an older version; left out, it is brought to this one without a word. */
  readonly watch?: UpgradeWatch;
}

/** The offline copy. It is disposable: everything in it can be read from the server again. */
export interface Cache {
  /** Cannot write. */
  readonly reader: CacheReader;
  readonly writer: CacheWriter;
  /** Why a file that stood here was not used, and what it is called now; null where nothing was set aside. */
  readonly setAside: string | null;
  /** Idempotent. */
  close(): void;
  /**
   * Notes that the file is damaged, so that the next opening sets it aside, whatever happens until then. For whoever meets
   * `cache_unusable`. Errors: `disk_full`, `cache_unusable`, where not even a note can be written.
   */
  condemn(reason: string): Result<void, AppError>;
}

/**
 * Opens the copy, makes or migrates its tables. A file that is damaged, foreign, of a newer version or of another source is
 * renamed and a new one begun; `setAside` says so. Errors: `disk_full`, `cache_unusable` where not even a new file can be made;
 * `cancelled` by the watch.
 */
export function openCache(options: CacheOptions): Result<Cache, AppError> {
  try {
    mkdirSync(path.dirname(options.path), { recursive: true });
    const fault = findFault(options);
    if (fault !== null) return ok(openUsable(options, setFileAside(options, fault)));
    return ok(openStanding(options));
  } catch (cause) {
    return err(toOpeningError(cause));
  }
}

/**
 * Opens only the reader of a copy that stands, beside whoever writes it. `not_found` where there is no file; otherwise as
 * {@link openCache}, but nothing is ever set aside, and a copy of an older version is `copy_upgrading`.
 */
export function openCacheReader(
  file: string,
  now: () => number,
  isUnwanted?: IsUnwanted,
): Result<{ readonly reader: CacheReader; readonly close: () => void }, AppError> {
  return openBeside(file, { readonly: true }, (db) => {
    db.pragma(`cache_size = -${PAGES_KIB}`);
    return { reader: new CacheReader(db, now, isUnwanted), close: () => db.close() };
  });
}

/**
 * Opens a second writer of a copy that stands, for a thread that writes pages of a snapshot. Errors: as {@link openCacheReader}.
 */
export function openCacheWriter(
  file: string,
  now: () => number,
): Result<{ readonly writer: CacheWriter; readonly close: () => void }, AppError> {
  return openBeside(file, { readonly: false }, (db) => {
    setUpWriting(db);
    return {
      writer: new CacheWriter(db, now),
      close: () => {
        try {
          // Whoever goes on alone would meet a log many times as long as it lets one grow, with its next change.
          db.pragma('wal_checkpoint(PASSIVE)');
        } finally {
          db.close();
        }
      },
    };
  });
}

/** Opens a file that looked good. What only shows when tables are prepared or written is a fault all the same. */
function openStanding(options: CacheOptions): Cache {
  try {
    return openUsable(options, null);
  } catch (cause) {
    const { code, detail } = toOpeningError(cause);
    if (code !== 'cache_unusable' && code !== 'internal') throw cause;
    return openUsable(options, setFileAside(options, `it cannot be worked with (${detail ?? code})`));
  }
}

/** Why the file that stands here cannot be used; null where there is none, or it can. */
function findFault(options: CacheOptions): string | null {
  const noted = options.fault ?? readDamageNote(options.path);
  if (noted !== null) return `it was found damaged while it was in use (${noted})`;
  if (!existsSync(options.path) || statSync(options.path).size === 0) return null;
  let db: Database.Database | null = null;
  try {
    db = new Database(options.path, { timeout: BUSY_MS });
    return findFaultIn(db, options);
  } catch (cause) {
    if (!(cause instanceof Database.SqliteError)) throw cause;
    const error = toCacheError(cause);
    // A file that somebody else holds is a good file: opening fails, and nothing is set aside.
    if (error.code !== 'cache_unusable' && error.code !== 'internal') throw cause;
    return `it is damaged (${cause.code})`;
  } finally {
    db?.close();
  }
}

function findFaultIn(db: Database.Database, options: CacheOptions): string | null {
  if (db.pragma('application_id', { simple: true }) !== APPLICATION_ID) return 'it is not an offline copy of Runledger';
  const version = versionOf(db);
  if (version > SCHEMA_VERSION) return `it is of a newer version (${version}, this program knows ${SCHEMA_VERSION})`;
  if (version < OLDEST_VERSION) return `it is of a version too old to be migrated (${version})`;
  if (statSync(options.path).size <= (options.checkedBytesMax ?? CHECKED_BYTES_MAX)) {
    const check: unknown = db.pragma('quick_check(1)', { simple: true });
    if (check !== 'ok') return `it is damaged (${String(check).slice(0, 120)})`;
  }
  const source = db.prepare<[], { source: string | null }>('SELECT source FROM standing').get();
  if (source === undefined) return 'it is damaged (it does not say where it stands)';
  if (options.source !== undefined && source.source !== null && source.source !== options.source) {
    return 'it is a copy of another database';
  }
  return null;
}

function setFileAside(options: CacheOptions, fault: string): string {
  const stamp = new Date(options.now()).toISOString().replaceAll(/[:.]/g, '-');
  let aside = `${options.path}.set-aside-${stamp}`;
  for (let n = 2; existsSync(aside); n += 1) aside = `${options.path}.set-aside-${stamp}-${n}`;
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(options.path + ending)) renameSync(options.path + ending, aside + ending);
  }
  // Last: what was begun and not ended is gone on with by the next opening.
  dropDamageNote(options.path);
  dropOldAsides(options.path);
  return `The offline copy was set aside as ${path.basename(aside)}: ${fault}.`;
}

function dropOldAsides(file: string): void {
  const folder = path.dirname(file);
  const asides = readdirSync(folder)
    .filter((name) => name.startsWith(`${path.basename(file)}.set-aside-`) && !/-(wal|shm)$/.test(name))
    .sort();
  for (const name of asides.slice(0, -SET_ASIDE_MAX)) {
    for (const ending of ['', '-wal', '-shm']) rmSync(path.join(folder, name + ending), { force: true });
  }
}

function openUsable(options: CacheOptions, setAside: string | null): Cache {
  const writing = new Database(options.path, { timeout: BUSY_MS });
  let reading: Database.Database | null = null;
  try {
    prepare(writing, options);
    dropUpgradeNote(options.path);
    reading = new Database(options.path, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
    reading.pragma(`cache_size = -${PAGES_KIB}`);
    const writer = new CacheWriter(writing, options.now);
    return toCache(options.path, { writing, reading, writer, setAside, now: options.now });
  } catch (cause) {
    reading?.close();
    writing.close();
    throw cause;
  }
}

function toCache(
  file: string,
  parts: {
    readonly writing: Database.Database;
    readonly reading: Database.Database;
    readonly writer: CacheWriter;
    readonly setAside: string | null;
    readonly now: () => number;
  },
): Cache {
  return {
    reader: new CacheReader(parts.reading, parts.now),
    writer: parts.writer,
    setAside: parts.setAside,
    close: () => {
      if (!parts.writing.open) return;
      parts.reading.close();
      parts.writing.close();
    },
    condemn: (reason) => {
      try {
        return ok(writeDamageNote(file, reason));
      } catch (cause) {
        return err(toOpeningError(cause));
      }
    },
  };
}

function prepare(db: Database.Database, { source, watch }: CacheOptions): void {
  // Documents of one to two kilobytes leave less room unused in pages of 8 KiB than in those of 4; only a new file takes it on.
  db.pragma('page_size = 8192');
  // What a window leaves out gives its pages back to the disk; only a new file takes it on.
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  setUpWriting(db);
  db.transaction(() => {
    migrate(db, versionOf(db), SCHEMA_VERSION, watch);
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
    if (source !== undefined) db.prepare('UPDATE standing SET source = ?').run(source);
  }).exclusive();
}

/** What each connection that writes says of itself, whoever made the file. */
function setUpWriting(db: Database.Database): void {
  // A power cut may cost the last transactions, position and rows alike; the stream brings them again.
  db.pragma('synchronous = NORMAL');
  db.pragma('temp_store = MEMORY');
  db.pragma(`cache_size = -${PAGES_KIB}`);
  db.pragma('journal_size_limit = 67108864');
}
