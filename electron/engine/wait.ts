import { setTimeout as delay } from 'node:timers/promises';

/** Waits that many milliseconds, and no longer than until the signal is aborted. Never rejects. */
export async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}
