import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertRuleSchema, clearLevelOf, isQuiet, type AlertRule } from '#domain/alerts/alert-rule.ts';
import { QUIET_STANDING, replayAlert, stepAlert, type AlertReading } from '#domain/alerts/alert-step.ts';
import { countLasting, momentsOf, oldestLasting } from '#domain/alerts/past-intervals.ts';

const MINUTE_MS = 60_000;

function ruleOf(spec: Partial<AlertRule> = {}): AlertRule {
  return alertRuleSchema.parse({
    id: 'r',
    name: 'Failures',
    measure: 'failure_rate',
    threshold: 20,
    scope: {},
    holdMinutes: 2,
    isOn: true,
    ...spec,
  });
}

/** Readings a minute apart from zero on. */
function minutes(...values: readonly (number | null)[]): readonly AlertReading[] {
  return values.map((value, index) => ({ atMs: index * MINUTE_MS, value }));
}

function changes(rule: AlertRule, readings: readonly AlertReading[]): readonly string[] {
  let standing = QUIET_STANDING;
  return readings.flatMap((reading) => {
    const step = stepAlert(rule, standing, reading);
    standing = step.standing;
    return step.change === null ? [] : [`${step.change} at ${reading.atMs / MINUTE_MS}`];
  });
}

describe('a rule of an alert', () => {
  it.each([
    { values: [25, 25, 25], says: 'fires when it has held', are: ['fired at 2'] },
    { values: [25, 25, 10, 25, 25], says: 'begins anew after a break', are: [] },
    { values: [25, null, 25, 25], says: 'begins anew after what is not known', are: [] },
    { values: [20, 20, 20], says: 'fires at the threshold itself', are: ['fired at 2'] },
    { values: [25, 25, 25, 18, 18, 18, 18], says: 'goes on between clear level and threshold', are: ['fired at 2'] },
    { values: [25, 25, 25, 16, 16, 16], says: 'clears at the clear level', are: ['fired at 2', 'cleared at 5'] },
    { values: [25, 25, 25, null, null, null, null], says: 'does not clear by silence', are: ['fired at 2'] },
    { values: [25, 25, 25, 0, 25, 0, 25, 0], says: 'does not flap', are: ['fired at 2'] },
  ])('$says', ({ values, are }) => {
    expect(changes(ruleOf(), minutes(...values))).toEqual(are);
  });

  it('fires and clears at once where it needs to hold for no time', () => {
    expect(changes(ruleOf({ holdMinutes: 0 }), minutes(25, 0, 25))).toEqual([
      'fired at 0',
      'cleared at 1',
      'fired at 2',
    ]);
  });

  it('never fires again before its value was at the clear level, whatever the values are', () => {
    const reading = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 40, noNaN: true }));
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 60 }), fc.integer({ min: 0, max: 5 }), (values, holdMinutes) => {
        const rule = ruleOf({ holdMinutes });
        let standing = QUIET_STANDING;
        let wasLowSince = true;
        for (const { atMs, value } of minutes(...values)) {
          const step = stepAlert(rule, standing, { atMs, value });
          standing = step.standing;
          const isLow = value !== null && value <= clearLevelOf(rule);
          const isHigh = value !== null && value >= rule.threshold;
          expect(step.change !== 'fired' || (wasLowSince && isHigh)).toBe(true);
          wasLowSince = step.change === 'fired' ? false : wasLowSince || isLow;
        }
      }),
    );
  });

  it('does not wait for a clock that was put back', () => {
    const rule = ruleOf();
    const first = stepAlert(rule, QUIET_STANDING, { atMs: 100 * MINUTE_MS, value: 30 });
    const back = stepAlert(rule, first.standing, { atMs: 10 * MINUTE_MS, value: 30 });
    expect(stepAlert(rule, back.standing, { atMs: 12 * MINUTE_MS, value: 30 }).change).toBe('fired');
  });

  it('is replayed into the times for which it fired, with the highest value', () => {
    const rule = ruleOf({ holdMinutes: 0 });
    expect(replayAlert(rule, minutes(0, 30, 55, 0, 21))).toEqual([
      { firedAtMs: MINUTE_MS, clearedAtMs: 3 * MINUTE_MS, peak: 55 },
      { firedAtMs: 4 * MINUTE_MS, clearedAtMs: null, peak: 21 },
    ]);
  });
});

describe('quiet time', () => {
  it.each([
    { fromMinute: 1320, toMinute: 420, at: 1380, is: true },
    { fromMinute: 1320, toMinute: 420, at: 419, is: true },
    { fromMinute: 1320, toMinute: 420, at: 420, is: false },
    { fromMinute: 60, toMinute: 120, at: 60, is: true },
    { fromMinute: 60, toMinute: 120, at: 120, is: false },
    { fromMinute: 60, toMinute: 60, at: 60, is: false },
  ])('from $fromMinute to $toMinute is $is at $at', ({ fromMinute, toMinute, at, is }) => {
    expect(isQuiet({ isOn: true, fromMinute, toMinute }, at)).toBe(is);
    expect(isQuiet({ isOn: false, fromMinute, toMinute }, at)).toBe(false);
  });
});

describe('the past of intervals', () => {
  const interval = fc
    .tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 50 }))
    .map(([fromMs, lengthMs]) => ({ fromMs, toMs: fromMs + lengthMs }));

  it('is counted as looking at each moment by itself counts it', () => {
    fc.assert(
      fc.property(fc.array(interval), fc.integer({ min: 0, max: 30 }), (intervals, leastMs) => {
        const moments = momentsOf(0, 150, 7);
        const isOpen = (atMs: number, { fromMs, toMs }: { fromMs: number; toMs: number }): boolean =>
          fromMs <= atMs && atMs < toMs;
        expect(countLasting(intervals, moments, leastMs)).toEqual(
          moments.map((atMs) => intervals.filter((each) => isOpen(atMs, each) && atMs - each.fromMs >= leastMs).length),
        );
        expect(oldestLasting(intervals, moments)).toEqual(
          moments.map((atMs) =>
            intervals.reduce((age, each) => (isOpen(atMs, each) ? Math.max(age, atMs - each.fromMs) : age), 0),
          ),
        );
      }),
    );
  });
});
