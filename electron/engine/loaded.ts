import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/**
 * What is loaded only when it is needed. A file of the application may be missing or damaged by then, which is no reason to end.
 * @param what names it for people, as the beginning of a sentence. Errors: `internal`
 */
export async function loaded<Program>(what: string, load: () => Promise<Program>): Promise<Result<Program, AppError>> {
  try {
    return ok(await load());
  } catch (cause) {
    return err(appError('internal', `${what} could not be loaded`, cause));
  }
}
