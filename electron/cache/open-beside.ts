import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { isOlderVersion, versionOf } from './copy-version.ts';
import { SCHEMA_VERSION } from './migrations.ts';
import { toCacheError, toOpeningError } from './sqlite-errors.ts';

/** How long a connection waits for another process that writes, in milliseconds. */
export const BUSY_MS = 2000;

/**
 * Opens a copy that stands and is of this version, beside whoever else has it open; nothing is ever set aside. Errors: `not_found` where
 * there is none; `copy_upgrading` where an older version wrote it; those of the copy.
 */
export function openBeside<Opened>(
  file: string,
  options: { readonly readonly: boolean },
  use: (db: Database.Database) => Opened,
): Result<Opened, AppError> {
  if (!existsSync(file)) return err(appError('not_found', 'there is no offline copy yet'));
  try {
    const db = new Database(file, { ...options, fileMustExist: true, timeout: BUSY_MS });
    const version = versionOf(db);
    if (version !== SCHEMA_VERSION) {
      db.close();
      const code = isOlderVersion(version) ? 'copy_upgrading' : 'cache_unusable';
      return err(appError(code, `it is of version ${version}, this program knows ${SCHEMA_VERSION}`));
    }
    return ok(use(db));
  } catch (cause) {
    // What cannot be reached just now is no reason to condemn what stands.
    return err(cause instanceof Database.SqliteError ? toCacheError(cause) : toOpeningError(cause));
  }
}
