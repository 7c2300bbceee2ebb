import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { startSandbox } from './server.ts';

/**
 * The sandbox server on a thread of its own, so that its work and its waiting for the disk never hold up whoever hosts it.
 * Says `{type: 'started', uri}` or `{type: 'failed', reason}` once; stops with the message `stop`.
 */
const settings = z.object({ dataDir: z.string(), port: z.number().int().min(0).max(65_535) }).parse(workerData);
const port = parentPort;
if (port === null) throw new Error('The sandbox worker runs only as a worker thread.');

try {
  const sandbox = await startSandbox(settings);
  port.on('message', (message: unknown) => {
    if (message !== 'stop') return;
    void sandbox.stop().then(() => {
      port.postMessage({ type: 'stopped' });
      port.close();
    });
  });
  port.postMessage({ type: 'started', uri: sandbox.uri });
} catch (cause) {
  port.postMessage({ type: 'failed', reason: cause instanceof Error ? cause.message : String(cause) });
  port.close();
}
