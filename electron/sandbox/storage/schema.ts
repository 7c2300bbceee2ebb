import Database from 'better-sqlite3';

/** The open SQLite file of a sandbox. */
export type Sqlite = Database.Database;

/** Raised when the layout of the tables changes; a file of another layout is refused, not guessed at. */
const LAYOUT_VERSION = 1;

const TABLES = `
  CREATE TABLE collections (id INTEGER PRIMARY KEY, db TEXT NOT NULL, name TEXT NOT NULL, uuid BLOB NOT NULL, options BLOB NOT NULL, UNIQUE (db, name));
  CREATE TABLE indexes (id INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collections, spec BLOB NOT NULL, isMultikey INTEGER NOT NULL DEFAULT 0 CHECK (isMultikey IN (0, 1)));
  CREATE TABLE documents (collection INTEGER NOT NULL, record INTEGER NOT NULL, bson BLOB NOT NULL, PRIMARY KEY (collection, record)) WITHOUT ROWID;
  CREATE TABLE entries (indexId INTEGER NOT NULL, key BLOB NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (indexId, key, record)) WITHOUT ROWID;
  CREATE TABLE oplog (position INTEGER PRIMARY KEY, event BLOB NOT NULL);
  CREATE TABLE retryable_writes (session BLOB PRIMARY KEY, number INTEGER NOT NULL, reply BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
`;

/**
 * Opens or creates the file at `path`, or a database in memory for `:memory:`.
 * Every commit reaches the disk before it returns: that is what an acknowledged majority write promises.
 */
export function openSqlite(path: string): Sqlite {
  const sqlite = new Database(path);
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma('synchronous = FULL');
  sqlite.pragma('foreign_keys = ON');
  sqlite.pragma('cache_size = -65536');
  const version = Number(sqlite.pragma('user_version', { simple: true }));
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
