import Database from 'better-sqlite3';

/** The open SQLite file of a sandbox. */
export type Sqlite = Database.Database;

/** Raised when the layout of the tables changes; a file of another layout is refused, not guessed at. */
const LAYOUT_VERSION = 6;

const TABLES = `
  CREATE TABLE collections (id INTEGER PRIMARY KEY, db TEXT NOT NULL, name TEXT NOT NULL, uuid BLOB NOT NULL, options BLOB NOT NULL, UNIQUE (db, name));
  CREATE TABLE indexes (id INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collections, spec BLOB NOT NULL, isMultikey INTEGER NOT NULL DEFAULT 0 CHECK (isMultikey IN (0, 1)));
  CREATE TABLE documents (record INTEGER PRIMARY KEY, bson BLOB NOT NULL);
  CREATE TABLE entries (indexId INTEGER NOT NULL, key BLOB NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (indexId, key, record)) WITHOUT ROWID;
  CREATE TABLE oplog (position INTEGER PRIMARY KEY, event BLOB NOT NULL);
  CREATE TABLE retryable_writes (session BLOB PRIMARY KEY, number INTEGER NOT NULL, reply BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
`;

/**
 * Documents of all collections stand in one table by their record's number, those of collection n from n times this on. A table
 * with a key of two columns would be one without row ids, which puts everything above a quarter of a page into pages of its own.
 */
const RECORDS_PER_COLLECTION = 2 ** 36;

/** The numbers before and behind all records of a collection. */
export function recordBounds(collection: number): [before: number, behind: number] {
  return [collection * RECORDS_PER_COLLECTION, (collection + 1) * RECORDS_PER_COLLECTION];
}

/** Pages in the write-ahead log before they are brought into the file, which waits for the disk twice: 64 MiB. */
const CHECKPOINT_PAGES = 16_384;

/**
 * Stands in a statement for a value that SQLite is to make no plan by. By a limit, and by what a column equals beside an order, it makes
 * one, and prepares the statement anew when the value is bound anew, which better-sqlite3 does at each run: a read would take half as long again.
 */
export const UNPLANNED = '+?';

/** How long a server that was told to stop may still hold its file, in milliseconds. */
const LOCK_WAIT_MS = 2000;

/** The application id of a file whose indexes are to be filled again. */
export const INDEXES_EMPTY = 1;

const FILL_AGAIN = `DELETE FROM entries; PRAGMA application_id = ${INDEXES_EMPTY}`;

/** From the layout before to the next. */
const MIGRATIONS: Readonly<Record<number, string>> = {
  1: `
    ALTER TABLE documents RENAME TO documents_before;
    CREATE TABLE documents (record INTEGER PRIMARY KEY, bson BLOB NOT NULL);
    INSERT INTO documents SELECT collection * ${RECORDS_PER_COLLECTION} + record, bson FROM documents_before;
    DROP TABLE documents_before;
    UPDATE entries SET record = record + ${RECORDS_PER_COLLECTION} * (SELECT collection FROM indexes WHERE id = indexId);
  `,
  // Decimals and long integers have other keys since.
  2: FILL_AGAIN,
  // As has the zero below zero in lists and documents.
  3: FILL_AGAIN,
  // And what has no fields in a list on the way to a field.
  4: FILL_AGAIN,
  // And what stands in one list: its elements one by one.
  5: FILL_AGAIN,
};

/**
 * Opens or creates the file at `path`, or a database in memory for `:memory:`, for this connection alone: a server counts records and
 * changes in its memory, so that two over one file would write over each other.
 * A commit is in the log when it returns, and is brought to the disk by `DiskSync`; SQLite itself waits for the disk only where the log
 * goes into the file.
 */
export function openSqlite(path: string): Sqlite {
  const sqlite = new Database(path, { timeout: LOCK_WAIT_MS });
  try {
    sqlite.pragma('locking_mode = EXCLUSIVE');
    sqlite.pragma('journal_mode = WAL');
  } catch (cause) {
    sqlite.close();
    if (!(cause instanceof Database.SqliteError) || cause.code !== 'SQLITE_BUSY') throw cause;
    throw new Error(`Another sandbox server has ${path} open. Stop that one, or take another data folder.`, { cause });
  }
  sqlite.pragma('synchronous = NORMAL');
  sqlite.pragma('foreign_keys = ON');
  sqlite.pragma('cache_size = -65536');
  sqlite.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  let version = Number(sqlite.pragma('user_version', { simple: true }));
  for (let next = MIGRATIONS[version]; next !== undefined; next = MIGRATIONS[version]) {
    const migration = next;
    version += 1;
    const to = version;
    sqlite.transaction(() => {
      sqlite.exec(migration);
      sqlite.pragma(`user_version = ${to}`);
    })();
  }
  if (version === 0) {
    sqlite.transaction(() => {
      sqlite.exec(TABLES);
      sqlite.pragma(`user_version = ${LAYOUT_VERSION}`);
    })();
  } else if (version !== LAYOUT_VERSION) {
    sqlite.close();
    throw new Error(
      `The sandbox's data has layout ${version}; this version reads layout ${LAYOUT_VERSION}. Remove the data folder to start anew.`,
    );
  }
  return sqlite;
}

/** True for an error of SQLite itself, as a full disk is one: the transaction that it happened in cannot be kept. */
export function isStoreFailure(cause: unknown): boolean {
  return cause instanceof Database.SqliteError;
}
