import type { HealthFigures, HealthView } from '#contract/health-views.ts';
import { counted } from '#domain/counted.ts';

/** How a figure moved against the period before. */
export interface Change {
  /** For people: `+12 %`, `−3 points`, `as before`. */
  readonly text: string;
  readonly direction: 'up' | 'down' | 'same';
}

const SAME: Change = { text: 'as before', direction: 'same' };

/** Change of a ratio or a duration, in percent of what it was; null where one of them is not known or was nothing. */
export function relativeChange(now: number | null, before: number | null): Change | null {
  if (now === null || before === null || before <= 0) return null;
  const percent = Math.round((now / before - 1) * 100);
  if (percent === 0) return SAME;
  return {
    text: Math.abs(percent) > 999 ? `${(now / before).toFixed(0)} times` : `${signed(percent)} %`,
    direction: percent > 0 ? 'up' : 'down',
  };
}

/** Change of a share, in percentage points. */
export function pointChange(now: number | null, before: number | null): Change | null {
  if (now === null || before === null) return null;
  const points = Math.round((now - before) * 1000) / 10;
  if (points === 0) return SAME;
  return { text: `${signed(points)} points`, direction: points > 0 ? 'up' : 'down' };
}

function signed(value: number): string {
  return value > 0 ? `+${value.toLocaleString('en')}` : `−${Math.abs(value).toLocaleString('en')}`;
}

/**
 * Change of something that is counted. The period up to now ends within its last bucket while the one before is of whole ones, so
 * not the counts are compared but how many there were an hour.
 */
export function rateChange(view: HealthView, atMs: number, count: (figures: HealthFigures) => number): Change | null {
  const lengthMs = view.toMs - view.fromMs;
  const passedMs = Math.min(lengthMs, atMs - view.fromMs);
  return relativeChange(count(view.figures) / passedMs, count(view.before) / lengthMs);
}

/** Jobs completed an hour, of the time that has passed. */
export function throughput(view: HealthView, atMs: number): number {
  const passedMs = Math.min(view.toMs, atMs) - view.fromMs;
  return passedMs <= 0 ? 0 : (view.figures.completed / passedMs) * 3_600_000;
}

/** A share as percent with one decimal: `98.4 %`. What is not all, or not nothing, is not rounded to it. */
export function formatShare(share: number): string {
  const percent = share > 0 && share < 1 ? Math.min(99.9, Math.max(0.1, share * 100)) : share * 100;
  return `${percent.toLocaleString('en', { maximumFractionDigits: 1 })} %`;
}

/** A rate with as many decimals as tell something. */
export function formatRate(rate: number): string {
  return rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 });
}

/** A micro-USD is the last of so many decimals of a dollar. */
const MICRO_DIGITS = 6;

/** Micro-USD as dollars and cents; what is less than a cent with what it takes. */
export function formatDollars(microUsd: number): string {
  const dollars = microUsd / 1_000_000;
  const size = Math.abs(dollars);
  const digits = size === 0 || size >= 0.1 ? 2 : size >= 0.001 ? 4 : MICRO_DIGITS;
  return `$${dollars.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/**
 * What jobs cost at the providers, where of some of them more was spent than is known: `$1.25`, `at least $1.25`, and a dash where nothing
 * is known.
 */
export function formatCost(microUsd: number, unknownCosts: number): string {
  const known = knownCost(microUsd, unknownCosts);
  if (known === null) return '–';
  return unknownCosts > 0 ? `at least ${formatDollars(known)}` : formatDollars(known);
}

/** What is known of a cost in micro-USD; null where nothing is. */
export function knownCost(microUsd: number, unknownCosts: number): number | null {
  return microUsd === 0 && unknownCosts > 0 ? null : microUsd;
}

/** The same within a sentence: `at least $1.25 at the providers, not known of 3 jobs`. */
export function costAtProviders(microUsd: number, unknownCosts: number): string {
  if (knownCost(microUsd, unknownCosts) === null) return 'an unknown cost at the providers';
  const cost = `${formatCost(microUsd, unknownCosts)} at the providers`;
  return unknownCosts > 0 ? `${cost}, not known of ${counted(unknownCosts, 'job')}` : cost;
}
