import { z } from 'zod';
import { counted } from '../counted.ts';
import { creditsSchema, shownCredits } from '../credits.ts';

/** How many jobs each step begins; when they have come to an end, the next step does. The last one repeats. */
export const rampSchema = z.array(z.int().min(1).max(100_000)).min(1).max(20);
export const DEFAULT_RAMP: readonly number[] = [1, 5, 25, 125, 625];

/** When a run stops by itself. */
export const runLimitsSchema = z.object({
  /** The share of jobs at their end that may have failed, 0 to 1. */
  failureRateMax: z.number().min(0).max(1),
  /** Looked at only from so many jobs at their end on. */
  endedMin: z.int().min(1).max(100_000),
  /** What the run may reserve and charge altogether. */
  spendCreditsMax: creditsSchema,
});
export type RunLimits = z.infer<typeof runLimitsSchema>;

/** Where a run stands. Jobs that were begun are under way, at their end, or wait for a top-up. Credits in the smallest unit. */
export const runTalliesSchema = z.object({
  started: z.int().nonnegative(),
  succeeded: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  /** Begun, and without the credit to go on. */
  waiting: z.int().nonnegative(),
  /** Not what they were when they were planned; nothing was done to them. */
  skipped: z.int().nonnegative(),
  /** What the jobs that are not failed cost: charged, held, or to be held. */
  committedCredits: creditsSchema,
  /** Jobs of this run that were found paid more than once. */
  paidTwice: z.int().nonnegative(),
});
export type RunTallies = z.infer<typeof runTalliesSchema>;

export const NOTHING_RUN: RunTallies = {
  started: 0,
  succeeded: 0,
  failed: 0,
  waiting: 0,
  skipped: 0,
  committedCredits: 0,
  paidTwice: 0,
};

/** Why a run stopped by itself. */
export const stopCauseSchema = z.enum(['failure_rate', 'spend', 'paid_twice']);
export type StopCause = z.infer<typeof stopCauseSchema>;

/** The size of a step; steps count from 0. */
export function stepSize(ramp: readonly number[], step: number): number {
  return ramp[Math.min(step, ramp.length - 1)] ?? 1;
}

/** Which limit a run has crossed; null while it may go on. A customer who paid twice comes before everything else. */
export function crossedLimit(tallies: RunTallies, limits: RunLimits): StopCause | null {
  if (tallies.paidTwice > 0) return 'paid_twice';
  const ended = tallies.succeeded + tallies.failed;
  if (ended >= limits.endedMin && tallies.failed > ended * limits.failureRateMax) return 'failure_rate';
  return null;
}

/** Whether a job of this price may still be begun within the spend; where not, the run stops before it. */
export function isWithinSpend(tallies: RunTallies, priceCredits: number, limits: RunLimits): boolean {
  return tallies.committedCredits + priceCredits <= limits.spendCreditsMax;
}

/** True where every job that was begun has come to an end, or waits for what only a customer can bring. */
export function isStepOver(tallies: RunTallies): boolean {
  return tallies.started === tallies.succeeded + tallies.failed + tallies.waiting;
}

/** Why a run stopped, in words. */
export function explainStop(cause: StopCause, tallies: RunTallies, limits: RunLimits): string {
  switch (cause) {
    case 'failure_rate': {
      const ended = tallies.succeeded + tallies.failed;
      return `${tallies.failed} of ${counted(ended, 'job')} failed; at most ${Math.round(limits.failureRateMax * 100)} % may.`;
    }
    case 'spend':
      return `The next job would bring it above ${shownCredits(limits.spendCreditsMax)} credits; ${shownCredits(tallies.committedCredits)} are spent or held.`;
    case 'paid_twice':
      return `Paid more than once: ${counted(tallies.paidTwice, 'job')}; finance must look before anything goes on.`;
  }
}
