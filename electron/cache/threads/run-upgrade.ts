import { Worker } from 'node:worker_threads';
import type { CopyUpgrade } from '#contract/status.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { fromUpgradeSchema, type UpgradeSettings } from './upgrade-messages.ts';

/** A copy that is upgraded, and who waits for it. */
export interface UpgradeOrder extends Pick<UpgradeSettings, 'file' | 'source'> {
  /** The thread's module: `upgrade-thread.ts` from source, its bundle in a build. */
  readonly entry: URL;
  readonly onUpgrade: (upgrade: CopyUpgrade) => void;
  /** Aborted, the file is left as it was, and the next one begins anew. */
  readonly signal: AbortSignal;
}

/**
 * Brings a copy of an older version to this one on a thread of its own, or sets it aside where it is damaged. The thread is never
 * terminated: a step that SQLite is in the middle of is waited for.
 * @returns why the file was set aside; null where it is as good as before. Errors: those of `openCache`; `internal` where the thread died
 */
export function runUpgrade(order: UpgradeOrder): Promise<Result<{ readonly setAside: string | null }, AppError>> {
  const { entry, file, source, onUpgrade, signal } = order;
  if (signal.aborted) return Promise.resolve(err(appError('cancelled')));
  const stopped = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const stop = (): void => void Atomics.store(new Int32Array(stopped), 0, 1);
  signal.addEventListener('abort', stop, { once: true });
  const settings: UpgradeSettings = { file, source, stopped };
  const worker = new Worker(entry, { workerData: settings, name: 'copy-upgrade' });
  return new Promise((resolve) => {
    let end: Result<{ readonly setAside: string | null }, AppError> = err(
      appError('internal', 'the thread that upgrades the copy ended'),
    );
    worker.on('message', (message: unknown) => {
      const said = fromUpgradeSchema.parse(message);
      if (said.type === 'progress') onUpgrade(said.upgrade);
      else end = said.type === 'done' ? ok({ setAside: said.setAside }) : err(appError(said.code, said.detail));
    });
    worker.on('error', (cause) => {
      end = err(appError('internal', 'the thread that upgrades the copy failed', cause));
    });
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      resolve(end);
    });
  });
}
