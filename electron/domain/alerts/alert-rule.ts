import { z } from 'zod';

/** What a rule looks at. */
export const alertMeasureSchema = z.enum(['failure_rate', 'oldest_queued', 'stuck', 'drift', 'spend', 'no_runner']);
export type AlertMeasure = z.infer<typeof alertMeasureSchema>;

/** In what a measure's value and threshold are counted. */
export const ALERT_UNITS = {
  /** Failed of completed and failed jobs within the window; cancelled ones do not count. */
  failure_rate: 'percent',
  /** How long the job has waited that could have been begun first. */
  oldest_queued: 'minutes',
  /** Jobs that have been running or validating for longer than the window. */
  stuck: 'jobs',
  /** What the last reconciliation found. */
  drift: 'findings',
  /** What attempts of jobs that ended within the window cost at the providers. */
  spend: 'micro_usd',
  /** How long no runner has been heard of. */
  no_runner: 'minutes',
} as const satisfies Record<AlertMeasure, string>;

/** The most letters of a rule's name, and of the kind, provider or model that it looks at. */
export const ALERT_NAME_MAX = 100;
export const ALERT_SCOPE_NAME_MAX = 200;

const nameSchema = z.string().max(ALERT_SCOPE_NAME_MAX).nullable().default(null);

/** To which jobs a rule looks; null does not restrict. Only rates, waiting times and spend can be restricted. */
const alertScopeSchema = z.object({ kind: nameSchema, provider: nameSchema, model: nameSchema });
export type AlertScope = z.infer<typeof alertScopeSchema>;

/** The shortest and the longest window, in minutes: whole buckets of what health keeps. */
const WINDOW_MINUTES_MIN = 5;
const WINDOW_MINUTES_MAX = 180;

/** When somebody wants to be told. It fires when the value is at the threshold or above. */
export const alertRuleSchema = z.object({
  id: z.string().min(1).max(100),
  name: z.string().trim().min(1).max(ALERT_NAME_MAX),
  measure: alertMeasureSchema,
  /** In the measure's unit, see {@link ALERT_UNITS}. */
  threshold: z.number().positive().max(1e12),
  windowMinutes: z.int().min(WINDOW_MINUTES_MIN).max(WINDOW_MINUTES_MAX).multipleOf(5).default(15),
  /** Fewer ended jobs than this within the window prove no rate of failures. */
  jobsMin: z.int().min(1).max(1_000_000).default(5),
  scope: alertScopeSchema,
  /** How long the value must stay on the other side before the rule fires, and before it clears, in minutes. */
  holdMinutes: z.int().min(0).max(120).default(2),
  isOn: z.boolean(),
});
export type AlertRule = z.infer<typeof alertRuleSchema>;

/** The most rules that somebody may have. */
export const ALERT_RULES_MAX = 100;

/** The value at which a rule that fires is over: a fifth below its threshold, so that a value around it does not flap. */
export function clearLevelOf(rule: Pick<AlertRule, 'threshold'>): number {
  return rule.threshold * 0.8;
}

/** Hours in which nobody is told, every day; what still fires when they end is told then. Minutes of the day. */
export const quietTimeSchema = z.object({
  isOn: z.boolean(),
  fromMinute: z.int().min(0).max(1439),
  /** Not included; before `fromMinute` where the quiet time goes over midnight. */
  toMinute: z.int().min(0).max(1439),
});
export type QuietTime = z.infer<typeof quietTimeSchema>;

export const NO_QUIET_TIME: QuietTime = { isOn: false, fromMinute: 22 * 60, toMinute: 7 * 60 };

/** True while nobody is to be told. @param minuteOfDay 0 to 1439, on the clock of whoever is told */
export function isQuiet({ isOn, fromMinute, toMinute }: QuietTime, minuteOfDay: number): boolean {
  if (!isOn) return false;
  if (fromMinute <= toMinute) return minuteOfDay >= fromMinute && minuteOfDay < toMinute;
  return minuteOfDay >= fromMinute || minuteOfDay < toMinute;
}
