import type { OwnFile } from '#cache/own/open-own-file.ts';
import { permissionOfDraft } from '#contract/own-views.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { refusalCode, type Access } from '#domain/people.ts';
import { err, ok, type Result } from '#domain/result.ts';
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
    'drafts.list': (_params, { access }) =>
      withFile((file) => {
        const drafts = file.drafts.list();
        return drafts.ok ? ok({ drafts: drafts.value.filter(({ kind }) => mayDeal(access, kind).ok) }) : drafts;
      }),
    'drafts.put': (draft, { access }) =>
      withFile((file) => {
        const may = mayDeal(access, draft.kind);
        return may.ok ? done(file.drafts.put(draft)) : may;
      }),
    'drafts.delete': ({ id }, { access }) =>
      withFile((file) => {
        const drafts = file.drafts.list();
        if (!drafts.ok) return drafts;
        const standing = drafts.value.find((draft) => draft.id === id);
        const may = standing === undefined ? ok(undefined) : mayDeal(access, standing.kind);
        return may.ok ? done(file.drafts.delete(id)) : may;
      }),
  };
}

function mayDeal(access: Access, kind: string): Result<void, AppError> {
  const { read } = access[permissionOfDraft(kind)];
  return read === null ? ok(undefined) : err(appError(refusalCode(read), read.detail));
}
