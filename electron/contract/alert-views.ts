import { z } from 'zod';
import { ALERT_NAME_MAX, alertMeasureSchema, alertRuleSchema, quietTimeSchema } from '#domain/alerts/alert-rule.ts';
import { alertStandingSchema } from '#domain/alerts/alert-step.ts';
import { timeMsSchema } from './status.ts';

/** A rule and where it stands; `value` is the last reading, null where it could not be known or was not taken yet. */
const alertRuleViewSchema = z
  .object({
    rule: alertRuleSchema,
    standing: alertStandingSchema,
    value: z.number().nullable(),
    /** Jobs in a spend of which nobody knows the whole cost: it is the least then. */
    unknownCosts: z.int().nonnegative(),
  })
  .readonly();
export type AlertRuleView = z.infer<typeof alertRuleViewSchema>;

/** One line of the log: a rule that fired or cleared. The rule is told as it was then. */
export const alertEventSchema = z.object({
  id: z.string().min(1).max(200),
  ruleId: z.string().max(100),
  name: z.string().max(ALERT_NAME_MAX),
  measure: alertMeasureSchema,
  threshold: z.number(),
  change: z.enum(['fired', 'cleared']),
  atMs: timeMsSchema,
  /** Null where it cleared because the rule was changed, switched off or deleted. */
  value: z.number().nullable(),
  /** As in {@link AlertRuleView}; lines of before 2026-11-30 say nothing of it. */
  unknownCosts: z.int().nonnegative().default(0),
  /** True where it happened in the quiet time, so that nobody was told then. */
  wasQuiet: z.boolean(),
});
export type AlertEvent = z.infer<typeof alertEventSchema>;

/** The most lines that the log keeps; the oldest ones leave it first. */
export const ALERT_EVENTS_MAX = 500;

export const alertsViewSchema = z.object({
  /** By name. */
  rules: z.array(alertRuleViewSchema),
  quiet: quietTimeSchema,
  isQuietNow: z.boolean(),
  /** The latest first. */
  events: z.array(alertEventSchema).max(ALERT_EVENTS_MAX),
});
export type AlertsView = z.infer<typeof alertsViewSchema>;

/** How far back a rule is tried, in days. */
export const TRIAL_DAYS = 30;

/** What a rule would have done in the past. */
export const alertTrialSchema = z.object({
  fromMs: timeMsSchema,
  toMs: timeMsSchema,
  /** The latest first. */
  episodes: z.array(z.object({ firedAtMs: timeMsSchema, clearedAtMs: timeMsSchema.nullable(), peak: z.number() })),
  /** From when on the past is known at all; null where nothing of it is. */
  knownFromMs: timeMsSchema.nullable(),
  /** False where there was more to look at than is looked at: it may have fired more often. */
  isWhole: z.boolean(),
});
export type AlertTrial = z.infer<typeof alertTrialSchema>;
