import { accessSync, constants, mkdirSync } from 'node:fs';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/**
 * The data folder that somebody named, made where it is not there. Error: `invalid_request` where nothing can be written into it.
 * @param folder absolute
 */
export function openDataDir(folder: string): Result<string, AppError> {
  try {
    // Prompts and outputs of customers stand in it, which are nothing for other users of the machine.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(folder);
  } catch (cause) {
    const why = systemCodeOf(cause) ?? 'unknown';
    return err(appError('invalid_request', `the data folder ${folder} cannot be used, ${why}`, cause));
  }
}
