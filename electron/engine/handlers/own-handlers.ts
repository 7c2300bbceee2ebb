import type { OwnFile } from '#cache/own/open-own-file.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { HandlersOf } from './handler.ts';

/**
 * Saved views and drafts of the person at this machine.
 * @param own the file that holds them, or why it cannot be had: that is then the answer
 */
export function ownHandlers(own: Result<OwnFile, AppError>): HandlersOf<'views' | 'drafts'> {
  const withFile = <Value>(work: (file: OwnFile) => Result<Value, AppError>): Result<Value, AppError> =>
    own.ok ? work(own.value) : own;
  const done = (result: Result<unknown, AppError>): Result<Record<string, never>, AppError> =>
    result.ok ? ok({}) : result;
  return {
    'views.list': () =>
      withFile((file) => {
        const views = file.views.list();
        if (!views.ok) return views;
        return ok({
          views: views.value.toSorted(
            (left, right) => left.position - right.position || left.name.localeCompare(right.name),
          ),
        });
      }),
    'views.put': (view) => withFile((file) => done(file.views.put(view))),
    'views.delete': ({ id }) => withFile((file) => done(file.views.delete(id))),
    'drafts.list': () =>
      withFile((file) => {
        const drafts = file.drafts.list();
        return drafts.ok ? ok({ drafts: [...drafts.value] }) : drafts;
      }),
    'drafts.put': (draft) => withFile((file) => done(file.drafts.put(draft))),
    'drafts.delete': ({ id }) => withFile((file) => done(file.drafts.delete(id))),
  };
}
