import { z } from 'zod';
import type { RunnerStatus } from './status.ts';

/** What this machine's runner can be asked to do; `start` begins one again that could not be begun. */
export const runnerActionSchema = z.enum(['pause', 'resume', 'start']);
export type RunnerAction = z.infer<typeof runnerActionSchema>;

/** What it can be asked as it stands; null where nothing. */
export function runnerActionOf({ state, error }: Pick<RunnerStatus, 'state' | 'error'>): RunnerAction | null {
  if (state === 'running') return 'pause';
  if (state === 'paused') return 'resume';
  return state === 'off' && error !== null ? 'start' : null;
}
