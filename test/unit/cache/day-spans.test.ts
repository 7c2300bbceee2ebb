import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countBuckets, daySpans } from '#cache/day-spans.ts';
import { WORKSPACE_GRAIN } from '#cache/health-grains.ts';

describe('the buckets of a time of days', () => {
  it('make each of its days once and nothing else, in no more buckets than days', () => {
    fc.assert(
      fc.property(fc.integer({ min: -3000, max: 30_000 }), fc.integer({ min: 1, max: 1000 }), (first, days) => {
        const spans = daySpans(first, first + days - 1);
        const times = new Map<number, number>();
        for (const { grain, first: from, last, sign } of spans) {
          const length = grain / WORKSPACE_GRAIN;
          for (let day = from * length; day < (last + 1) * length; day += 1) {
            times.set(day, (times.get(day) ?? 0) + sign);
          }
        }
        const counted = [...times].filter(([, count]) => count !== 0).toSorted(([left], [right]) => left - right);
        expect(counted).toEqual(Array.from({ length: days }, (_, n) => [first + n, 1]));
        expect(countBuckets(spans)).toBeLessThanOrEqual(days);
      }),
      { numRuns: 500 },
    );
  });

  it('are at most fourteen for ninety days, wherever they begin', () => {
    const counts = Array.from({ length: 28 }, (_, n) => countBuckets(daySpans(20_000 + n, 20_089 + n)));
    expect(Math.max(...counts)).toBeLessThanOrEqual(14);
  });
});
