import { Worker } from 'node:worker_threads';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { fromWithholdingSchema } from './withhold-messages.ts';

/**
 * Takes the prompts out of a copy (see `withholdPrompts`) on a thread of its own, which cannot be stopped: half a wipe is none.
 * @param entry the thread's module: `withhold-thread.ts` from source, its bundle in a build
 */
export function runWithholding(
  entry: URL,
  file: string,
  onProgress: (jobs: number) => void,
): Promise<Result<void, AppError>> {
  const worker = new Worker(entry, { workerData: { file }, name: 'withholding' });
  return new Promise((resolve) => {
    let end: Result<void, AppError> = err(appError('internal', 'the thread that takes prompts out ended'));
    worker.on('message', (message: unknown) => {
      const said = fromWithholdingSchema.parse(message);
      if (said.type === 'progress') onProgress(said.jobs);
      else end = said.type === 'done' ? ok(undefined) : err(appError(said.code, said.detail));
    });
    worker.on('error', (cause) => {
      end = err(appError('internal', 'the thread that takes prompts out failed', cause));
    });
    worker.once('exit', () => resolve(end));
  });
}
