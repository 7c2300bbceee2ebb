import { ok } from '#domain/result.ts';
import type { Store } from '#store/connection.ts';
import type { CopyKeeper } from '../copy-keeper.ts';
import type { HandlersOf } from './handler.ts';

/** The offline copy itself. @param store the server; null while it is away */
export function copyHandlers(keeper: CopyKeeper, store: () => Pick<Store, 'changes'> | null): HandlersOf<'copy'> {
  return {
    'copy.get': (_, { signal }) => keeper.view(signal),
    'copy.set': (settings, { note }) => {
      note('before', keeper.settings);
      note('after', settings);
      return keeper.set(settings);
    },
    'copy.snapshot': ({ action }) => {
      if (action === 'pause') keeper.pauseSnapshot();
      else keeper.resumeSnapshot();
      return ok({});
    },
    'copy.verify': async (_, { signal }) => {
      const report = await keeper.verify(store()?.changes ?? null, signal);
      if (!report.ok) return report;
      const { differences, untold } = report.value;
      return ok({ ...report.value, differences: [...differences], untold: [...untold] });
    },
  };
}
