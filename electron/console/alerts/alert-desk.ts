import type { CopyReader } from '#cache/copy-reader.ts';
import type { AlertsView, AlertTrial } from '#contract/alert-views.ts';
import { TRIAL_DAYS } from '#contract/alert-views.ts';
import { isQuiet, type AlertRule, type QuietTime } from '#domain/alerts/alert-rule.ts';
import { QUIET_STANDING, replayAlert, stepAlert, type AlertReading } from '#domain/alerts/alert-step.ts';
import { alertRuleText, alertValueText } from '#domain/alerts/alert-words.ts';
import type { AppError } from '#domain/errors.ts';
import { ok, type Result } from '#domain/result.ts';
import type { RunnerNode } from '#domain/runner-node.ts';
import { readPast } from './alert-past.ts';
import { COPY_LAG_MS_MAX, readMeasure, type ReadingSources } from './alert-readings.ts';
import type { AlertRecords, KeptStanding } from './alert-records.ts';

const DAY_MS = 86_400_000;

/** What somebody is told on the desktop. */
export interface AlertNotice {
  readonly title: string;
  readonly body: string;
}

export interface AlertDeskParts {
  readonly records: AlertRecords;
  /** The copy, for as long as somebody waits for what it answers. */
  readonly copy: (signal?: AbortSignal) => CopyReader;
  /** The time by the server's clock; null while it is away. */
  readonly serverNow: () => Promise<Date | null>;
  /** Every runner that the server knows, by its clock; null while it is away. */
  readonly runners: () => Promise<{ readonly runners: readonly RunnerNode[]; readonly serverNow: Date } | null>;
  /** The last reconciliation; null where there was none. */
  readonly lastRun: () => Promise<{
    readonly runId: string;
    readonly asOfMs: number;
    readonly findings: number;
  } | null>;
  readonly now: () => number;
  /** 0 to 1439, on the clock of whoever is told. */
  readonly minuteOfDay: () => number;
  readonly newId: () => string;
  readonly notify: (notice: AlertNotice) => void;
  /** Called when something that a window shows has changed. */
  readonly onChange: () => void;
}

/** The rules of which somebody wants to be told: looks at them, keeps what fired and cleared, and tells. */
export class AlertDesk {
  readonly #parts: AlertDeskParts;
  readonly #beganMs: number;
  /** What is between two steps; only what fired or cleared is worth a write. */
  readonly #standings = new Map<string, KeptStanding>();
  readonly #readings = new Map<string, AlertReading>();
  #isLoaded = false;

  constructor(parts: AlertDeskParts) {
    this.#parts = parts;
    this.#beganMs = parts.now();
  }

  /** Rules, where they stand, and the log. Errors: those of the own file. */
  view(): Result<AlertsView, AppError> {
    const { records, minuteOfDay } = this.#parts;
    const loaded = this.#load();
    if (!loaded.ok) return loaded;
    const rules = records.rules();
    if (!rules.ok) return rules;
    const quiet = records.quiet();
    if (!quiet.ok) return quiet;
    const events = records.events();
    if (!events.ok) return events;
    return ok({
      rules: rules.value.map((rule) => {
        const { isFiring, changedAtMs, turningSinceMs } = this.#standingOf(rule.id);
        const { value = null, unknownCosts = 0 } = this.#readings.get(rule.id) ?? {};
        return { rule, standing: { isFiring, changedAtMs, turningSinceMs }, value, unknownCosts };
      }),
      quiet: quiet.value,
      isQuietNow: isQuiet(quiet.value, minuteOfDay()),
      events: [...events.value],
    });
  }

  /** Keeps a rule and looks at it at once; what stood before it is over. */
  async put(rule: AlertRule): Promise<Result<void, AppError>> {
    const ended = this.#end(rule.id);
    if (!ended.ok) return ended;
    const put = this.#parts.records.putRule(rule);
    if (!put.ok) return put;
    return this.look();
  }

  delete(id: string): Result<void, AppError> {
    const ended = this.#end(id);
    if (!ended.ok) return ended;
    const deleted = this.#parts.records.deleteRule(id);
    this.#parts.onChange();
    return deleted.ok ? ok(undefined) : deleted;
  }

  setQuiet(quiet: QuietTime): Result<void, AppError> {
    const set = this.#parts.records.setQuiet(quiet);
    this.#parts.onChange();
    return set;
  }

  /** What a rule would have done in the last 30 days. Errors: those of the copy and the own file; `cancelled`; `server_unreachable`. */
  async try(rule: AlertRule, signal: AbortSignal): Promise<Result<AlertTrial, AppError>> {
    const { records, copy, now } = this.#parts;
    const toMs = now();
    const fromMs = toMs - TRIAL_DAYS * DAY_MS;
    const runs = records.runs();
    if (!runs.ok) return runs;
    const known = rule.measure === 'no_runner' ? await this.#parts.runners() : null;
    const past = await readPast(rule, {
      reader: copy(signal),
      fromMs,
      toMs,
      runners: known?.runners ?? null,
      runs: runs.value,
      signal,
    });
    if (!past.ok) return past;
    const { readings, knownFromMs, isWhole } = past.value;
    return ok({ fromMs, toMs, episodes: [...replayAlert(rule, readings)].reverse(), knownFromMs, isWhole });
  }

  /** Looks at every rule once. Errors: those of the own file; those of the copy once the rules that can be read were looked at. */
  async look(): Promise<Result<void, AppError>> {
    const loaded = this.#load();
    if (!loaded.ok) return loaded;
    const rules = this.#parts.records.rules();
    if (!rules.ok) return rules;
    const quiet = this.#parts.records.quiet();
    if (!quiet.ok) return quiet;
    const isQuietNow = isQuiet(quiet.value, this.#parts.minuteOfDay());
    const on = rules.value.filter(({ isOn }) => isOn);
    const atMs = this.#parts.now();
    const { sources, unread } = await this.#sources(on, atMs);
    let failed: Result<void, AppError> = unread;
    for (const rule of on) {
      const read = await readMeasure(rule, sources);
      if (!read.ok) {
        if (failed.ok) failed = read;
        continue;
      }
      // Meanwhile somebody may have changed or deleted it.
      const current = this.#parts.records.rules();
      if (!current.ok) return current;
      const isSame = current.value.some((other) => JSON.stringify(other) === JSON.stringify(rule));
      if (!isSame) continue;
      const stepped = this.#step(rule, { atMs, ...read.value }, isQuietNow);
      if (!stepped.ok) return stepped;
    }
    this.#parts.onChange();
    return failed;
  }

  /** @returns `unread` says why the copy could not be asked; what it says of now is not known then */
  async #sources(
    rules: readonly AlertRule[],
    atMs: number,
  ): Promise<{ readonly sources: ReadingSources; readonly unread: Result<void, AppError> }> {
    const has = (measure: AlertRule['measure']): boolean => rules.some((rule) => rule.measure === measure);
    const reader = this.#parts.copy();
    const isOfCopy = rules.some(({ measure }) => measure !== 'drift' && measure !== 'no_runner');
    const copyNow = isOfCopy ? await this.#copyNow(reader) : ok(null);
    const run = has('drift') ? await this.#parts.lastRun() : null;
    const runners = has('no_runner') ? await this.#parts.runners() : null;
    const watchedMs = atMs - this.#beganMs;
    const copyNowMs = copyNow.ok ? copyNow.value : null;
    const sources = { reader, copyNowMs, watchedMs, runners, findings: run?.findings ?? null };
    return { sources, unread: copyNow.ok ? ok(undefined) : copyNow };
  }

  /** A copy that nobody keeps up holds no failure of now and no end of a wait: what it says of now is not known. */
  async #copyNow(reader: CopyReader): Promise<Result<number | null, AppError>> {
    const now = await this.#parts.serverNow();
    if (now === null) return ok(null);
    const standing = await reader.standing();
    // Rules that read no copy are looked at all the same.
    if (!standing.ok) return standing.error.code === 'copy_upgrading' ? ok(null) : standing;
    const { asOfMs } = standing.value;
    return ok(asOfMs !== null && now.getTime() - asOfMs <= COPY_LAG_MS_MAX ? now.getTime() : null);
  }

  #step(rule: AlertRule, reading: AlertReading, isQuietNow: boolean): Result<void, AppError> {
    const { records, newId, notify } = this.#parts;
    this.#readings.set(rule.id, reading);
    const before = this.#standingOf(rule.id);
    const { standing, change } = stepAlert(rule, before, reading);
    let kept: KeptStanding = { ...standing, id: rule.id, isTold: change === 'fired' ? false : before.isTold };
    if (change !== null) {
      const { id: ruleId, name, measure, threshold } = rule;
      const event = { id: newId(), ruleId, name, measure, threshold, change, atMs: reading.atMs };
      const added = records.addEvent({
        ...event,
        value: reading.value,
        unknownCosts: reading.unknownCosts ?? 0,
        wasQuiet: isQuietNow,
      });
      if (!added.ok) return added;
    }
    // What fired in the quiet time and still fires when it ends is told then.
    if (kept.isFiring && !kept.isTold && !isQuietNow) {
      kept = { ...kept, isTold: true };
      const { value, unknownCosts } = reading;
      const now = value === null ? '' : ` Now: ${alertValueText(rule.measure, value, unknownCosts)}.`;
      notify({ title: rule.name, body: `${alertRuleText(rule)}.${now}` });
    }
    this.#standings.set(rule.id, kept);
    return change !== null || kept.isTold !== before.isTold ? records.putStanding(kept) : ok(undefined);
  }

  /** Ends what a rule stood at: it was changed, or is gone. */
  #end(ruleId: string): Result<void, AppError> {
    const { records, newId, now, minuteOfDay } = this.#parts;
    const loaded = this.#load();
    if (!loaded.ok) return loaded;
    const rules = records.rules();
    if (!rules.ok) return rules;
    const rule = rules.value.find(({ id }) => id === ruleId);
    const quiet = records.quiet();
    if (!quiet.ok) return quiet;
    if (rule !== undefined && this.#standingOf(ruleId).isFiring) {
      const { name, measure, threshold } = rule;
      const event = { id: newId(), ruleId, name, measure, threshold, change: 'cleared' as const, atMs: now() };
      const added = records.addEvent({
        ...event,
        value: null,
        unknownCosts: 0,
        wasQuiet: isQuiet(quiet.value, minuteOfDay()),
      });
      if (!added.ok) return added;
    }
    this.#standings.delete(ruleId);
    this.#readings.delete(ruleId);
    const deleted = records.deleteStanding(ruleId);
    return deleted.ok ? ok(undefined) : deleted;
  }

  #standingOf(ruleId: string): KeptStanding {
    return this.#standings.get(ruleId) ?? { ...QUIET_STANDING, id: ruleId, isTold: false };
  }

  #load(): Result<void, AppError> {
    if (this.#isLoaded) return ok(undefined);
    const kept = this.#parts.records.standings();
    if (!kept.ok) return kept;
    // How long a value had been on the other side before this program ran is not known to this program.
    for (const standing of kept.value.values()) this.#standings.set(standing.id, { ...standing, turningSinceMs: null });
    this.#isLoaded = true;
    return ok(undefined);
  }
}
