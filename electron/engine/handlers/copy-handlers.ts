import { appError } from '#domain/errors.ts';
import { err, ok } from '#domain/result.ts';
import { verifyCopy } from '#monitor/verify-copy.ts';
import type { Store } from '#store/connection.ts';
import type { HandlersOf, ReadCopy } from './handler.ts';

/** The offline copy itself. @param store the server; null while it is away */
export function copyHandlers(copy: ReadCopy, store: () => Pick<Store, 'changes'> | null): HandlersOf<'copy'> {
  return {
    'copy.verify': async (_, { signal }) => {
      const server = store();
      if (server === null) return err(appError('server_unreachable', 'not connected yet'));
      const report = await verifyCopy({ changes: server.changes, reader: copy(signal), signal });
      return report.ok ? ok({ ...report.value, differences: [...report.value.differences] }) : report;
    },
  };
}
