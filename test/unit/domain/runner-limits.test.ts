import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, concurrencyLimitsOf, runnerLimitsSchema } from '#domain/runner-limits.ts';

describe('a bucket', () => {
  it('never lets more through in any minute than the limit, however greedily it is drawn from', () => {
    const waits = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), waits, (limit, pauses) => {
        const { capacity, perMinute } = bucketOf(limit);
        const times: number[] = [];
        let [nowMs, left] = [0, capacity];
        for (const pauseMs of pauses) {
          nowMs += pauseMs;
          left = Math.min(capacity, left + (pauseMs * perMinute) / 60_000);
          for (; left >= 1; left -= 1) times.push(nowMs);
        }
        times.forEach((from, index) => {
          const until = times.findIndex((at) => at >= from + 60_000);
          expect((until === -1 ? times.length : until) - index).toBeLessThanOrEqual(limit);
        });
      }),
    );
  });

  it('lets the limit through within every two minutes of waiting work', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (limit) => {
        const { capacity, perMinute } = bucketOf(limit);
        expect(capacity + 2 * perMinute).toBeGreaterThanOrEqual(limit);
      }),
    );
  });
});

describe('the limits of a job', () => {
  it.each([
    { limits: {}, expected: [] },
    { limits: { concurrency: { total: 0 } }, expected: [{ scope: 'total', name: '', max: 0 }] },
    {
      limits: { concurrency: { eachWorkspace: 2, providers: { p: 3, other: 1 } } },
      expected: [
        { scope: 'provider', name: 'p', max: 3 },
        { scope: 'workspace', name: 'w', max: 2 },
      ],
    },
    {
      limits: { concurrency: { eachWorkspace: 2, workspaces: { w: 9 }, kinds: { image: 4 } } },
      expected: [
        { scope: 'kind', name: 'image', max: 4 },
        { scope: 'workspace', name: 'w', max: 9 },
      ],
    },
  ])('are those that name it, and a workspace’s own before that of each: $limits', ({ limits, expected }) => {
    const job = { workspaceId: 'w', kind: 'image', provider: 'p' };
    expect(concurrencyLimitsOf(runnerLimitsSchema.parse(limits), job)).toEqual(expected);
  });
});
