import { z } from 'zod';
import type { OwnFile } from '#cache/own/open-own-file.ts';
import { ALERT_EVENTS_MAX, alertEventSchema, type AlertEvent } from '#contract/alert-views.ts';
import {
  ALERT_RULES_MAX,
  alertRuleSchema,
  NO_QUIET_TIME,
  quietTimeSchema,
  type AlertRule,
  type QuietTime,
} from '#domain/alerts/alert-rule.ts';
import { alertStandingSchema } from '#domain/alerts/alert-step.ts';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';

/** Where a rule stands, and whether somebody was told of it. */
const keptStandingSchema = alertStandingSchema.extend({ id: z.string(), isTold: z.boolean() });
export type KeptStanding = z.infer<typeof keptStandingSchema>;

/** What a reconciliation found, as far as the past of a rule needs it. */
const keptRunSchema = z.object({ id: z.string(), asOfMs: z.int(), findings: z.int() });
export type KeptRun = z.infer<typeof keptRunSchema>;

const keptQuietSchema = quietTimeSchema.extend({ id: z.literal('quiet') });
const RUNS_MAX = 1000;

/** What alerts keep in a person's own file. Errors: those of the file. */
export class AlertRecords {
  readonly #rules;
  readonly #standings;
  readonly #events;
  readonly #quiet;
  readonly #runs;

  constructor(own: OwnFile) {
    this.#rules = own.records({ name: 'alert_rule', schema: alertRuleSchema, isOfSource: true });
    this.#standings = own.records({ name: 'alert_standing', schema: keptStandingSchema, isOfSource: true });
    this.#events = own.records({ name: 'alert_event', schema: alertEventSchema, isOfSource: true });
    this.#runs = own.records({ name: 'alert_run', schema: keptRunSchema, isOfSource: true });
    // When somebody wants to be left alone does not depend on what they look at.
    this.#quiet = own.records({ name: 'alert_quiet', schema: keptQuietSchema, isOfSource: false });
  }

  /** By name. */
  rules(): Result<readonly AlertRule[], AppError> {
    const rules = this.#rules.list();
    return rules.ok ? ok(rules.value.toSorted((left, right) => left.name.localeCompare(right.name))) : rules;
  }

  putRule(rule: AlertRule): Result<void, AppError> {
    const rules = this.#rules.list();
    if (!rules.ok) return rules;
    if (rules.value.length >= ALERT_RULES_MAX && !rules.value.some(({ id }) => id === rule.id)) {
      return err(appError('invalid_request', `there are ${ALERT_RULES_MAX} rules already`));
    }
    return this.#rules.put(rule);
  }

  deleteRule(id: string): Result<boolean, AppError> {
    return this.#rules.delete(id);
  }

  standings(): Result<ReadonlyMap<string, KeptStanding>, AppError> {
    const standings = this.#standings.list();
    return standings.ok ? ok(new Map(standings.value.map((standing) => [standing.id, standing]))) : standings;
  }

  putStanding(standing: KeptStanding): Result<void, AppError> {
    return this.#standings.put(standing);
  }

  deleteStanding(id: string): Result<boolean, AppError> {
    return this.#standings.delete(id);
  }

  /** The latest first. */
  events(): Result<readonly AlertEvent[], AppError> {
    const events = this.#events.list();
    if (!events.ok) return events;
    return ok(events.value.toSorted((left, right) => right.atMs - left.atMs).slice(0, ALERT_EVENTS_MAX));
  }

  /** Writes a line of the log; the oldest ones leave it. */
  addEvent(event: AlertEvent): Result<void, AppError> {
    const added = this.#events.put(event);
    if (!added.ok) return added;
    return this.#trim(this.#events, ALERT_EVENTS_MAX, ({ atMs }) => atMs);
  }

  quiet(): Result<QuietTime, AppError> {
    const quiet = this.#quiet.list();
    return quiet.ok ? ok(quietTimeSchema.parse(quiet.value[0] ?? NO_QUIET_TIME)) : quiet;
  }

  setQuiet(quiet: QuietTime): Result<void, AppError> {
    return this.#quiet.put({ id: 'quiet', ...quiet });
  }

  /** Oldest first. */
  runs(): Result<readonly KeptRun[], AppError> {
    const runs = this.#runs.list();
    return runs.ok ? ok(runs.value.toSorted((left, right) => left.asOfMs - right.asOfMs)) : runs;
  }

  addRun(run: KeptRun): Result<void, AppError> {
    const added = this.#runs.put(run);
    return added.ok ? this.#trim(this.#runs, RUNS_MAX, ({ asOfMs }) => asOfMs) : added;
  }

  #trim<Kept extends { readonly id: string }>(
    records: { list(): Result<readonly Kept[], AppError>; delete(id: string): Result<boolean, AppError> },
    most: number,
    timeOf: (record: Kept) => number,
  ): Result<void, AppError> {
    const kept = records.list();
    if (!kept.ok) return kept;
    for (const { id } of kept.value.toSorted((left, right) => timeOf(right) - timeOf(left)).slice(most)) {
      const deleted = records.delete(id);
      if (!deleted.ok) return deleted;
    }
    return ok(undefined);
  }
}
