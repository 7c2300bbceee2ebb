import { accessSync, constants, mkdirSync } from 'node:fs';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/**
 * The folder of a runner's outputs, made where it is not there. Error: `invalid_request` where nothing can be written into it: a runner
 * without one would claim job after job, keep each for as long as its lease holds, and use its attempts up.
 * @param folder absolute
 */
export function openArtefactFolder(folder: string): Result<string, AppError> {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(folder);
  } catch (cause) {
    const why = systemCodeOf(cause) ?? 'unknown';
    return err(appError('invalid_request', `--artefacts: outputs cannot be kept in ${folder}, ${why}`, cause));
  }
}
