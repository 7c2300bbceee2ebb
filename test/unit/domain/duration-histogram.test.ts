import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addEncodedDurations,
  DurationCounts,
  durationQuantiles,
  durationSlotOf,
  encodeDurations,
} from '#domain/health/duration-histogram.ts';

function histogramOf(durations: readonly number[]): DurationCounts {
  const counts = new DurationCounts();
  for (const duration of durations) counts.add(durationSlotOf(duration), 1);
  return counts;
}

function holding(slots: readonly (readonly [slot: number, durations: number])[]): DurationCounts {
  const counts = new DurationCounts();
  for (const [slot, durations] of slots) counts.add(slot, durations);
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
        merged.addCounts(histogramOf(second));
        expect(merged.list()).toEqual(histogramOf([...first, ...second]).list());
        expect(merged.total).toBe(first.length + second.length);
        for (const duration of second) merged.add(durationSlotOf(duration), -1);
        expect(merged.list()).toEqual(histogramOf(first).list());
        merged.addCounts(histogramOf(first), -1);
        expect(merged.isEmpty).toBe(true);
      }),
    );
  });

  it('comes back from its bytes, also with counts of millions', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.nat(127).map(String), fc.integer({ min: 1, max: 2 ** 40 })), (slots) => {
        const held = Object.entries(slots).map(([slot, count]) => [Number(slot), count] as const);
        const counts = holding(held);
        const back = new DurationCounts();
        addEncodedDurations(back, encodeDurations(counts));
        expect(back.list()).toEqual(counts.list());
        for (const [slot, count] of held) expect(back.list()[slot]).toBe(count);
      }),
    );
  });

  it('refuses bytes that end too early, and counts below zero', () => {
    expect(() => addEncodedDurations(new DurationCounts(), Uint8Array.of(3, 200))).toThrow(RangeError);
    expect(() => addEncodedDurations(new DurationCounts(), Uint8Array.of(200, 1))).toThrow(RangeError);
    expect(() => encodeDurations(holding([[1, -1]]))).toThrow(RangeError);
  });

  it('has no quantile where it is empty', () => {
    expect(durationQuantiles(new DurationCounts(), [0.5, 0.99])).toEqual([null, null]);
    expect(new DurationCounts().total).toBe(0);
  });
});
