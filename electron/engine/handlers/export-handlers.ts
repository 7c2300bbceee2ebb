import path from 'node:path';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { Shell } from '../shell-link.ts';
import type { HandlersOf } from './handler.ts';

/** What happens to exports once they are written. @param exportFolder absolute */
export function exportHandlers(shell: Shell, exportFolder: string): HandlersOf<'exports'> {
  return {
    'exports.saveAs': async ({ path: given }, { note }) => {
      const file = exportIn(exportFolder, given);
      if (!file.ok) return file;
      const saved = await shell.ask('exports.saveAs', { file: file.value });
      if (saved.ok) note('after', saved.value);
      return saved;
    },
    'exports.show': async ({ path: given }) => {
      const file = exportIn(exportFolder, given);
      return file.ok ? shell.ask('exports.show', { file: file.value }) : file;
    },
  };
}

/** The name of a file right in the folder of exports: a window must not reach others by the desktop's hands. */
function exportIn(folder: string, given: string): Result<string, AppError> {
  const name = path.basename(given);
  return path.join(folder, name) === path.normalize(given)
    ? ok(name)
    : err(appError('not_found', 'no file of the folder of exports'));
}
