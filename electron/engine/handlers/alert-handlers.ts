import type { AlertDesk } from '#console/alerts/alert-desk.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { HandlersOf } from './handler.ts';

/**
 * Rules of which somebody wants to be told.
 * @param desk or why there is none: that is then the answer
 */
export function alertHandlers(desk: Result<AlertDesk, AppError>): HandlersOf<'alerts'> {
  const done = (result: Result<unknown, AppError>): Result<Record<string, never>, AppError> =>
    result.ok ? ok({}) : result;
  return {
    'alerts.get': () => (desk.ok ? desk.value.view() : desk),
    'alerts.put': async (rule) => (desk.ok ? done(await desk.value.put(rule)) : desk),
    'alerts.delete': ({ id }) => (desk.ok ? done(desk.value.delete(id)) : desk),
    'alerts.quiet': (quiet) => (desk.ok ? done(desk.value.setQuiet(quiet)) : desk),
    'alerts.try': (rule, { signal }) => (desk.ok ? desk.value.try(rule, signal) : desk),
  };
}
