import {
  ALERT_NAME_MAX,
  ALERT_UNITS,
  alertRuleSchema,
  type AlertMeasure,
  type AlertRule,
} from '#domain/alerts/alert-rule.ts';
import { ALERT_MEASURE_NAMES } from '#domain/alerts/alert-words.ts';
import { safeParse } from '#domain/safe-parse.ts';

/** What the form of a rule holds: numbers as they are typed. */
export interface RuleDraft {
  readonly id: string;
  readonly name: string;
  readonly measure: AlertMeasure;
  /** As {@link UNIT_NAMES} counts. */
  readonly threshold: string;
  readonly windowMinutes: string;
  readonly jobsMin: string;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly holdMinutes: string;
  readonly isOn: boolean;
}

/** In what a threshold is typed. */
export const UNIT_NAMES: Readonly<Record<AlertMeasure, string>> = {
  failure_rate: 'per cent',
  oldest_queued: 'minutes',
  stuck: 'jobs',
  drift: 'findings',
  spend: 'USD',
  no_runner: 'minutes',
};

/** Measures that look at a window of time. */
export const HAS_WINDOW: ReadonlySet<AlertMeasure> = new Set(['failure_rate', 'spend', 'stuck']);
/** Measures that can be restricted to some jobs. */
export const HAS_SCOPE: ReadonlySet<AlertMeasure> = new Set(['failure_rate', 'spend', 'oldest_queued']);

const TYPICAL: Readonly<Record<AlertMeasure, Pick<RuleDraft, 'threshold' | 'windowMinutes'>>> = {
  failure_rate: { threshold: '20', windowMinutes: '15' },
  oldest_queued: { threshold: '10', windowMinutes: '15' },
  stuck: { threshold: '1', windowMinutes: '30' },
  drift: { threshold: '1', windowMinutes: '15' },
  spend: { threshold: '50', windowMinutes: '60' },
  no_runner: { threshold: '2', windowMinutes: '15' },
};

/** A rule as somebody may begin with. */
export function typicalDraft(measure: AlertMeasure): RuleDraft {
  return {
    id: crypto.randomUUID(),
    name: ALERT_MEASURE_NAMES[measure],
    measure,
    ...TYPICAL[measure],
    jobsMin: '5',
    kind: '',
    provider: '',
    model: '',
    holdMinutes: '2',
    isOn: true,
  };
}

/** A draft with another measure: a name that nobody chose, threshold and window follow it. */
export function withMeasure(draft: RuleDraft, measure: AlertMeasure): RuleDraft {
  const isNamedByMeasure = draft.name === ALERT_MEASURE_NAMES[draft.measure];
  return {
    ...draft,
    measure,
    ...TYPICAL[measure],
    name: isNamedByMeasure ? ALERT_MEASURE_NAMES[measure] : draft.name,
  };
}

/** The form of a rule that there is. */
export function draftOf(rule: AlertRule): RuleDraft {
  const factor = ALERT_UNITS[rule.measure] === 'micro_usd' ? 1_000_000 : 1;
  return {
    ...rule,
    threshold: String(rule.threshold / factor),
    windowMinutes: String(rule.windowMinutes),
    jobsMin: String(rule.jobsMin),
    holdMinutes: String(rule.holdMinutes),
    kind: rule.scope.kind ?? '',
    provider: rule.scope.provider ?? '',
    model: rule.scope.model ?? '',
  };
}

/** The rule that a form means, or what of it is wrong, for people. */
export function ruleOf(draft: RuleDraft): { readonly rule: AlertRule } | { readonly problem: string } {
  const factor = ALERT_UNITS[draft.measure] === 'micro_usd' ? 1_000_000 : 1;
  const named = (text: string): string | null =>
    HAS_SCOPE.has(draft.measure) && text.trim() !== '' ? text.trim() : null;
  if (draft.measure === 'failure_rate' && Number(draft.threshold) > 100) {
    return { problem: 'More than 100 per cent cannot fail: the rule would never fire.' };
  }
  const parsed = safeParse(alertRuleSchema, {
    id: draft.id,
    name: draft.name,
    measure: draft.measure,
    threshold: draft.threshold.trim() === '' ? Number.NaN : Number(draft.threshold) * factor,
    windowMinutes: Number(draft.windowMinutes),
    jobsMin: Number(draft.jobsMin),
    scope: { kind: named(draft.kind), provider: named(draft.provider), model: named(draft.model) },
    holdMinutes: Number(draft.holdMinutes),
    isOn: draft.isOn,
  });
  if (parsed.success) return { rule: parsed.data };
  const field = String(parsed.error.issues[0]?.path[0] ?? '');
  return { problem: PROBLEMS[field] ?? 'Something of the rule is not filled in.' };
}

const PROBLEMS: Readonly<Record<string, string>> = {
  name: `The rule needs a name of at most ${ALERT_NAME_MAX} characters.`,
  threshold: 'The threshold must be a number above zero.',
  windowMinutes: 'The window must be 5 to 180 minutes, in steps of 5.',
  jobsMin: 'The least number of jobs must be a whole number of at least 1.',
  holdMinutes: 'It must hold for 0 to 120 whole minutes.',
};
