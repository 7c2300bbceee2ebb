import { Worker } from 'node:worker_threads';
import type { Applied } from '#cache/copied-rows.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { BytesPage, PageThread } from '../ports.ts';
import { fromPageThreadSchema, type PageSettings, type ToPageThread } from './page-messages.ts';

/**
 * Begins a thread that decodes and writes pages of a snapshot, over a connection of its own to the file.
 * @param entry the thread's module: `page-thread.ts` from source, its bundle in a build
 */
export function beginPageThread(entry: URL, file: string): PageThread {
  const worker = new Worker(entry, { workerData: { file } satisfies PageSettings, name: 'copy-pages' });
  const exited = Promise.withResolvers<void>();
  let fault: AppError | null = null;
  let settle: ((answer: Result<Applied, AppError>) => void) | null = null;
  const answer = (result: Result<Applied, AppError>): void => {
    settle?.(result);
    settle = null;
  };
  worker.on('message', (message: unknown) => {
    const said = fromPageThreadSchema.parse(message);
    answer(
      said.type === 'written' ? ok({ jobIds: said.jobIds, rows: said.rows }) : err(appError(said.code, said.detail)),
    );
  });
  worker.on('error', (cause) => {
    fault = appError('internal', 'the thread that writes pages failed', cause);
  });
  worker.once('exit', () => {
    fault ??= appError('internal', 'the thread that writes pages ended');
    answer(err(fault));
    exited.resolve();
  });
  return {
    write: (pages, serverMs) => {
      if (fault !== null) return Promise.resolve(err(fault));
      const { promise, resolve } = Promise.withResolvers<Result<Applied, AppError>>();
      settle = resolve;
      worker.postMessage(
        { type: 'write', serverMs, pages: [...pages] } satisfies ToPageThread,
        pages.map(({ bytes }: BytesPage) => bytes.buffer),
      );
      return promise;
    },
    close: () => {
      worker.postMessage({ type: 'close' } satisfies ToPageThread);
      return exited.promise;
    },
  };
}
