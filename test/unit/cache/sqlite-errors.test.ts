import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { toCacheError } from '#cache/sqlite-errors.ts';

describe('an error of SQLite', () => {
  it.each([
    'SQLITE_CORRUPT',
    'SQLITE_CORRUPT_VTAB',
    'SQLITE_NOTADB',
    'SQLITE_IOERR_SHORT_READ',
    'SQLITE_READONLY_DBMOVED',
  ])('%s gives the copy up', (code) => {
    expect(toCacheError(new Database.SqliteError('said', code)).code).toBe('cache_unusable');
  });

  it.each([
    'SQLITE_BUSY',
    'SQLITE_BUSY_SNAPSHOT',
    'SQLITE_LOCKED',
    'SQLITE_FULL',
    'SQLITE_IOERR',
    'SQLITE_IOERR_WRITE',
    'SQLITE_IOERR_LOCK',
    'SQLITE_IOERR_READ',
    'SQLITE_NOMEM',
    'SQLITE_INTERRUPT',
    'SQLITE_CANTOPEN',
    'SQLITE_READONLY',
    'SQLITE_READONLY_CANTINIT',
  ])('%s says nothing of what is in the copy, and throws no good one away', (code) => {
    expect(toCacheError(new Database.SqliteError('said', code)).code).not.toBe('cache_unusable');
  });
});
