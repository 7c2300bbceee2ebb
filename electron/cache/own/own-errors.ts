import Database from 'better-sqlite3';
import { appError, type AppError } from '#domain/errors.ts';
import { err, type Result } from '#domain/result.ts';
import { attemptSql } from '../sqlite-errors.ts';

/** Runs what works on a person's own file; its expected failures become values: `disk_full`, `timed_out`, `own_file_unusable`. */
export function attemptOwn<Value>(work: () => Value): Result<Value, AppError> {
  const done = attemptSql(work);
  if (done.ok || done.error.code === 'disk_full' || done.error.code === 'timed_out') return done;
  return err(appError('own_file_unusable', done.error.detail, done.error.cause));
}

/** True for what opening or reading a file can throw where the file or its folder is no good. */
export function isFileFault(cause: unknown): boolean {
  return cause instanceof Database.SqliteError || (cause instanceof Error && 'code' in cause);
}
