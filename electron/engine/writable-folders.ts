import { accessSync, constants, mkdirSync } from 'node:fs';
import { appError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/**
 * The data folder that somebody named, made where it is not there. Error: `invalid_request` where nothing can be written into it.
 * @param folder absolute
 */
export function openDataDir(folder: string): Result<string, AppError> {
  // Prompts and outputs of customers stand in it, which are nothing for other users of the machine.
  return opened(folder, { mode: 0o700, refusal: `the data folder ${folder} cannot be used` });
}

/**
 * The folder of a runner's outputs, made where it is not there. Error: `invalid_request` where nothing can be written into it: a runner
 * without one would claim job after job, keep each for as long as its lease holds, and use its attempts up.
 * @param folder absolute
 */
export function openArtefactFolder(folder: string): Result<string, AppError> {
  return opened(folder, { refusal: `--artefacts: outputs cannot be kept in ${folder}` });
}

function opened(
  folder: string,
  { mode, refusal }: { readonly mode?: number; readonly refusal: string },
): Result<string, AppError> {
  try {
    mkdirSync(folder, { recursive: true, mode });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(folder);
  } catch (cause) {
    return err(appError('invalid_request', `${refusal}, ${systemCodeOf(cause) ?? 'unknown'}`, cause));
  }
}
