import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addCounts,
  addEncodedDurations,
  addToSlot,
  countDurations,
  durationQuantiles,
  durationSlotOf,
  encodeDurations,
  type DurationCounts,
} from '#domain/health/duration-histogram.ts';

function histogramOf(durations: readonly number[]): DurationCounts {
  const counts: DurationCounts = new Map();
  for (const duration of durations) addToSlot(counts, durationSlotOf(duration), 1);
  return counts;
}

const anyDurations = fc.array(fc.oneof(fc.integer({ min: -10, max: 20 }), fc.integer({ min: 0, max: 3_000_000_000 })), {
  maxLength: 200,
});

describe('a histogram of durations', () => {
  it('tells a quantile to within a fifth of the duration that is there', () => {
    const anyShare = fc.constantFrom(0.5, 0.95, 0.99, 1);
    const anyLong = fc.array(fc.integer({ min: 1, max: 3_000_000_000 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(anyLong, anyShare, (durations, share) => {
        const sorted = durations.toSorted((left, right) => left - right);
        const exact = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
        const told = durationQuantiles(histogramOf(durations), [share])[0] ?? Number.NaN;
        expect(told).toBeGreaterThan(exact / 1.2);
        expect(told).toBeLessThan(exact * 1.2);
      }),
    );
  });

  it('tells several quantiles as it tells each', () => {
    fc.assert(
      fc.property(anyDurations, fc.subarray([0.01, 0.5, 0.5001, 0.95, 0.99, 1]), (durations, shares) => {
        const histogram = histogramOf(durations);
        expect(durationQuantiles(histogram, shares)).toEqual(
          shares.flatMap((share) => durationQuantiles(histogram, [share])),
        );
      }),
    );
  });

  it('is the same merged as counted at once, and the same again when a part is taken out', () => {
    fc.assert(
      fc.property(anyDurations, anyDurations, (first, second) => {
        const merged = histogramOf(first);
        addCounts(merged, histogramOf(second));
        expect(merged).toEqual(histogramOf([...first, ...second]));
        for (const duration of second) addToSlot(merged, durationSlotOf(duration), -1);
        expect(merged).toEqual(histogramOf(first));
      }),
    );
  });

  it('comes back from its bytes, also with counts of millions', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.nat(127).map(String), fc.integer({ min: 1, max: 2 ** 40 })), (slots) => {
        const counts: DurationCounts = new Map(Object.entries(slots).map(([slot, count]) => [Number(slot), count]));
        const back: DurationCounts = new Map();
        addEncodedDurations(back, encodeDurations(counts));
        expect(back).toEqual(counts);
      }),
    );
  });

  it('refuses bytes that end too early, and counts below zero', () => {
    expect(() => addEncodedDurations(new Map(), Uint8Array.of(3, 200))).toThrow(RangeError);
    expect(() => addEncodedDurations(new Map(), Uint8Array.of(200, 1))).toThrow(RangeError);
    expect(() => encodeDurations(new Map([[1, -1]]))).toThrow(RangeError);
  });

  it('has no quantile where it is empty', () => {
    expect(durationQuantiles(new Map(), [0.5, 0.99])).toEqual([null, null]);
    expect(countDurations(new Map())).toBe(0);
  });
});
