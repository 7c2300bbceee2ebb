import Database from 'better-sqlite3';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { DamagedContentError } from './document-encoding.ts';
import { InterruptedError } from './interrupt.ts';

/**
 * Codes that say that the file itself is no good; see https://sqlite.org/rescode.html. A read that failed (IOERR_READ) is none of them:
 * what the system says of a bad disk SQLite tells as CORRUPT, and of everything else a later read may know better.
 */
const DAMAGED = /^SQLITE_(CORRUPT|NOTADB|FORMAT|IOERR_SHORT_READ|IOERR_DATA|IOERR_CORRUPTFS|READONLY_DBMOVED)/;
/** Codes that say that the file cannot be reached (no more handles, no right to write) and nothing of what is in it. */
const UNREACHABLE = /^SQLITE_(?:CANTOPEN|READONLY)/;
/** A constraint can break only where the file's content contradicts what was written to it. */
const CONTRADICTED = /^SQLITE_CONSTRAINT/;
/** Every statement is ours and fits the schema: what it names is missing only where the schema's own text is damaged. */
const MAIMED_SCHEMA =
  /^(?:no such (?:table|index|module|tokenizer|column|function)|table .* has no column|vtable constructor failed|malformed)/v;
const FULL = /^SQLITE_(FULL|IOERR_WRITE|IOERR_FSYNC|IOERR_TRUNCATE|IOERR_SHMSIZE)/;
const BUSY = /^SQLITE_(BUSY|LOCKED)/;

/** Puts an error of SQLite into the catalogue; anything else is a bug and thrown on. */
export function toCacheError(cause: unknown): AppError {
  if (cause instanceof DamagedContentError) return appError('cache_unusable', cause.message, cause);
  if (!(cause instanceof Database.SqliteError)) throw cause;
  const detail = `${cause.code}: ${cause.message}`.slice(0, 300);
  if (FULL.test(cause.code)) return appError('disk_full', detail, cause);
  const isMaimed = cause.code === 'SQLITE_ERROR' && MAIMED_SCHEMA.test(cause.message);
  if (DAMAGED.test(cause.code) || CONTRADICTED.test(cause.code) || isMaimed) {
    return appError('cache_unusable', detail, cause);
  }
  if (BUSY.test(cause.code)) return appError('timed_out', `another process writes the offline copy (${detail})`, cause);
  return appError('internal', detail, cause);
}

/** The same for who opens the file: what cannot be reached cannot be used then. */
export function toOpeningError(cause: unknown): AppError {
  if (cause instanceof Database.SqliteError) {
    const error = toCacheError(cause);
    return UNREACHABLE.test(cause.code) ? appError('cache_unusable', error.detail, cause) : error;
  }
  // Both are met where a file of an older version is turned round: its documents are read then, and somebody may stop it.
  if (cause instanceof DamagedContentError) return toCacheError(cause);
  if (cause instanceof InterruptedError) return appError('cancelled');
  if (cause instanceof Error && 'code' in cause) {
    return appError(cause.code === 'ENOSPC' ? 'disk_full' : 'cache_unusable', cause.message.slice(0, 300), cause);
  }
  throw cause;
}

/** Runs what works on the file; its expected failures become values. */
export function attemptSql<Value>(work: () => Value): Result<Value, AppError> {
  try {
    return ok(work());
  } catch (cause) {
    return err(toCacheError(cause));
  }
}
