import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** A sandbox server on a thread of its own. */
export interface HostedSandbox {
  readonly uri: string;
  /** Idempotent. */
  stop(): Promise<void>;
}

const messageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), uri: z.string() }),
  z.object({ type: z.literal('failed'), reason: z.string() }),
  z.object({ type: z.literal('stopped') }),
]);

/**
 * Starts the sandbox server on a worker thread.
 * @param entry the worker's module: `worker.ts` from source, its bundle in a build
 * @returns `internal` with the reason where it cannot start (port taken, folder not writable)
 */
export async function hostSandbox(
  entry: URL,
  settings: { readonly dataDir: string; readonly port: number },
): Promise<Result<HostedSandbox, AppError>> {
  const worker = new Worker(entry, { workerData: settings, name: 'sandbox' });
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const first = await new Promise<z.infer<typeof messageSchema>>((resolve) => {
    worker.once('message', (message: unknown) => resolve(messageSchema.parse(message)));
    worker.once('error', (cause) =>
      resolve({ type: 'failed', reason: cause instanceof Error ? cause.message : String(cause) }),
    );
  });
  if (first.type !== 'started') {
    // The worker ends by itself; to terminate it while native code still runs would take down the whole process.
    await exited;
    return err(appError('internal', first.type === 'failed' ? first.reason : 'the sandbox server stopped at once'));
  }
  let isStopping = false;
  return ok({
    uri: first.uri,
    stop: async () => {
      if (!isStopping) worker.postMessage('stop');
      isStopping = true;
      await exited;
    },
  });
}
