const DELAY_MS_MIN = 500;
const DELAY_MS_MAX = 30_000;

/**
 * How long to wait before the engine is started again, in milliseconds, after it has failed `failures` times in a row.
 * Doubles from half a second to half a minute; without jitter, because there is one engine a desktop.
 */
export function restartDelayMs(failures: number): number {
  return Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** Math.max(0, Math.min(failures, 20) - 1));
}
