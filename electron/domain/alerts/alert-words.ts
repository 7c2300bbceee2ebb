import { counted } from '../counted.ts';
import { assertNever } from '../result.ts';
import type { AlertMeasure, AlertRule } from './alert-rule.ts';

/** What a measure is called. */
export const ALERT_MEASURE_NAMES: Readonly<Record<AlertMeasure, string>> = {
  failure_rate: 'Failure rate',
  oldest_queued: 'Oldest queued job',
  stuck: 'Stuck jobs',
  drift: 'Findings of reconciliation',
  spend: 'Spend at providers',
  no_runner: 'No runner',
};

/**
 * A value of a measure with its unit, as people read it: `12.5 %`, `3 jobs`, `2 h 5 min`, `4.20 USD`.
 * @param unknownCosts jobs in a spend of which nobody knows the whole cost: it is the least then
 */
export function alertValueText(measure: AlertMeasure, value: number, unknownCosts = 0): string {
  switch (measure) {
    case 'failure_rate':
      return `${Number(value.toFixed(1))} %`;
    case 'oldest_queued':
    case 'no_runner':
      return minutesText(value);
    case 'stuck':
      return counted(Math.round(value), 'job');
    case 'drift':
      return counted(Math.round(value), 'finding');
    case 'spend': {
      const known = `${(value / 1_000_000).toFixed(2)} USD`;
      return unknownCosts === 0 ? known : `at least ${known}, with ${counted(unknownCosts, 'job')} of unknown cost`;
    }
    default:
      return assertNever(measure);
  }
}

function minutesText(minutes: number): string {
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  if (minutes < 60) return `${Number(minutes.toFixed(minutes < 10 ? 1 : 0))} min`;
  const rest = Math.round(minutes % 60);
  return `${Math.floor(minutes / 60)} h${rest === 0 ? '' : ` ${rest} min`}`;
}

/** What a rule says in one sentence without its name. */
export function alertRuleText(rule: AlertRule): string {
  const at = alertValueText(rule.measure, rule.threshold);
  const hold = rule.holdMinutes === 0 ? '' : `, for ${rule.holdMinutes} min`;
  switch (rule.measure) {
    case 'failure_rate':
      return `At least ${at} of the jobs that ended in ${rule.windowMinutes} min failed, of ${rule.jobsMin} or more${hold}`;
    case 'spend':
      return `Jobs that ended in ${rule.windowMinutes} min cost ${at} or more at the providers${hold}`;
    case 'oldest_queued':
      return `A job that could be begun waits for ${at} or longer${hold}`;
    case 'stuck':
      return `${at} or more in one state of work for over ${rule.windowMinutes} min${hold}`;
    case 'drift':
      return `The last reconciliation has ${at} or more${hold}`;
    case 'no_runner':
      return `No runner has been heard of for ${at} or longer${hold}`;
    default:
      return assertNever(rule.measure);
  }
}
