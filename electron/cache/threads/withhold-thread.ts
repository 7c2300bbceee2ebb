import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { withholdPrompts } from '../withhold-prompts.ts';
import type { FromWithholding } from './withhold-messages.ts';

/** Takes the prompts out of a copy on a thread of its own, says how far it is, and ends by itself. */
const { file } = z.object({ file: z.string().min(1) }).parse(workerData);
const say = (message: FromWithholding): void => parentPort?.postMessage(message);

/** The least time between two words of progress, in milliseconds. */
const PROGRESS_MS = 200;
let saidAtMs = -PROGRESS_MS;
const withheld = withholdPrompts(file, (jobs) => {
  if (performance.now() - saidAtMs < PROGRESS_MS) return;
  saidAtMs = performance.now();
  say({ type: 'progress', jobs });
});
if (withheld.ok) say({ type: 'done' });
else say({ type: 'failed', code: withheld.error.code, detail: withheld.error.detail });
