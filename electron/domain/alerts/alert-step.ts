import { z } from 'zod';
import { clearLevelOf, type AlertRule } from './alert-rule.ts';

const MINUTE_MS = 60_000;

/** Where a rule stands. Times in milliseconds since 1970. */
export const alertStandingSchema = z.object({
  isFiring: z.boolean(),
  /** When it fired or cleared last; null where it never did. */
  changedAtMs: z.int().nullable(),
  /** Since when the value has been on the other side without a break; null where it is not. */
  turningSinceMs: z.int().nullable(),
});
export type AlertStanding = z.infer<typeof alertStandingSchema>;

/** A rule that was never looked at. */
export const QUIET_STANDING: AlertStanding = { isFiring: false, changedAtMs: null, turningSinceMs: null };

/** What a measure was at a moment; null where it cannot be known. */
export interface AlertReading {
  readonly atMs: number;
  readonly value: number | null;
  /** Jobs of which nobody knows the whole cost, so that a spend is the least that it was; left out, none. */
  readonly unknownCosts?: number;
}

export interface AlertStep {
  readonly standing: AlertStanding;
  readonly change: 'fired' | 'cleared' | null;
}

/**
 * Where a rule stands after one more reading. It fires when the value has been at the threshold or above for the rule's time, and
 * clears when it has been at the clear level or below for as long; in between everything stays as it is. What cannot be known
 * changes nothing, and a value on the other side must begin anew after it.
 */
export function stepAlert(rule: AlertRule, standing: AlertStanding, { atMs, value }: AlertReading): AlertStep {
  const isTurning = value !== null && (standing.isFiring ? value <= clearLevelOf(rule) : value >= rule.threshold);
  if (!isTurning) return { standing: { ...standing, turningSinceMs: null }, change: null };
  // A clock that was put back must not let a rule wait for it to catch up.
  const since = Math.min(standing.turningSinceMs ?? atMs, atMs);
  if (atMs - since < rule.holdMinutes * MINUTE_MS) {
    return { standing: { ...standing, turningSinceMs: since }, change: null };
  }
  const isFiring = !standing.isFiring;
  return {
    standing: { isFiring, changedAtMs: atMs, turningSinceMs: null },
    change: isFiring ? 'fired' : 'cleared',
  };
}

/** One time for which a rule fired. */
export interface AlertEpisode {
  readonly firedAtMs: number;
  /** Null where it still fires at the end of what was looked at. */
  readonly clearedAtMs: number | null;
  /** The highest value while it fired. */
  readonly peak: number;
}

/** What a rule would have done over readings of the past, oldest first. */
export function replayAlert(rule: AlertRule, readings: Iterable<AlertReading>): readonly AlertEpisode[] {
  const episodes: AlertEpisode[] = [];
  let standing = QUIET_STANDING;
  let open: { firedAtMs: number; peak: number } | null = null;
  for (const reading of readings) {
    const step = stepAlert(rule, standing, reading);
    standing = step.standing;
    if (step.change === 'fired') open = { firedAtMs: reading.atMs, peak: reading.value ?? 0 };
    if (open === null) continue;
    open.peak = Math.max(open.peak, reading.value ?? 0);
    if (step.change !== 'cleared') continue;
    episodes.push({ ...open, clearedAtMs: reading.atMs });
    open = null;
  }
  if (open !== null) episodes.push({ ...open, clearedAtMs: null });
  return episodes;
}
