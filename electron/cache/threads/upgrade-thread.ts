import { parentPort, workerData } from 'node:worker_threads';
import { openCache } from '../open-cache.ts';
import { remainingMsOf, writeUpgradeNote } from '../upgrade-note.ts';
import { upgradeSettingsSchema, type FromUpgrade } from './upgrade-messages.ts';

/** Opens a copy of an older version, which brings it to this one or sets it aside, on a thread of its own, says how far it is, and closes it again. */
const { file, source, stopped } = upgradeSettingsSchema.parse(workerData);
const say = (message: FromUpgrade): void => parentPort?.postMessage(message);
const isStopped = new Int32Array(stopped);

/** The least time between two words of progress, in milliseconds. */
const PROGRESS_MS = 500;
const beganAtMs = Date.now();
let saidAtMs = -PROGRESS_MS;

function tell(jobsDone: number, jobsTotal: number): void {
  if (performance.now() - saidAtMs < PROGRESS_MS) return;
  saidAtMs = performance.now();
  const note = { jobsDone: Math.min(jobsDone, jobsTotal), jobsTotal, beganAtMs, saidAtMs: Date.now() };
  say({ type: 'progress', upgrade: { jobsDone: note.jobsDone, jobsTotal, remainingMs: remainingMsOf(note) } });
  try {
    writeUpgradeNote(file, note);
  } catch {
    // Other processes hear of it no more; the upgrade meets a full disk by itself.
  }
}

const watch = { onProgress: tell, isUnwanted: () => Atomics.load(isStopped, 0) === 1 };
const opened = openCache({ path: file, source, now: Date.now, watch });
if (opened.ok) {
  opened.value.close();
  say({ type: 'done', setAside: opened.value.setAside });
} else say({ type: 'failed', code: opened.error.code, detail: opened.error.detail });
