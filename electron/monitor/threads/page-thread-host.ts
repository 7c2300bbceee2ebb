import { Worker } from 'node:worker_threads';
import type { Applied } from '#cache/copied-rows.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import type { BytesPage, PageThread } from '../ports.ts';
import { fromPageThreadSchema, type PageSettings, type ToPageThread } from './page-messages.ts';

/** The modules of threads that write a snapshot: from source, or their bundles in a build. */
export interface PageEntries {
  /** `page-thread.ts`. */
  readonly pages: URL;
  /** The copy's `log-thread.ts`. */
  readonly log: URL;
}

/**
 * Begins a thread that decodes and writes pages of a snapshot, over a connection of its own to the file, and one beside it that brings the
 * file's log back.
 */
export function beginPageThread(entries: PageEntries, file: string): PageThread {
  const worker = new Worker(entries.pages, { workerData: { file } satisfies PageSettings, name: 'copy-pages' });
  const log = beginLogThread(entries.log, file);
  const exited = Promise.withResolvers<void>();
  let fault: AppError | null = null;
  let settle: ((answer: Result<Applied, AppError>) => void) | null = null;
  const answer = (result: Result<Applied, AppError>): void => {
    settle?.(result);
    settle = null;
  };
  worker.on('message', (message: unknown) => {
    const said = fromPageThreadSchema.parse(message);
    log.lookAgain();
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
    close: async () => {
      // First, so that what the other brings back at its end it brings back alone.
      await log.close();
      worker.postMessage({ type: 'close' } satisfies ToPageThread);
      await exited.promise;
    },
  };
}

/** Memory of V8 that a thread may take which makes next to no objects, in MB. */
const LOG_MEMORY_MB = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 };

function beginLogThread(
  entry: URL,
  file: string,
): { readonly lookAgain: () => void; readonly close: () => Promise<void> } {
  const worker = new Worker(entry, { workerData: file, name: 'copy-log', resourceLimits: LOG_MEMORY_MB });
  const exited = Promise.withResolvers<void>();
  // Without it the writer brings the log back by itself, and what is wrong with the file it meets too.
  worker.on('error', () => undefined);
  worker.once('exit', () => exited.resolve());
  return {
    lookAgain: () => worker.postMessage('look'),
    close: () => {
      worker.postMessage('close');
      return exited.promise;
    },
  };
}
