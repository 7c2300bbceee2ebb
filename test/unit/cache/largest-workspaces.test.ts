import { describe, expect, it } from 'vitest';
import { HEALTH_GROUPS_MAX } from '#cache/health-reader.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { jobChange, jobIn, NOW_MS, setupCache } from '../../support/cache-world.ts';

describe('health divided by workspace', () => {
  it('shows the workspaces with most jobs, the largest first, beside the figures of all', () => {
    const world = setupCache();
    const cache = world.open();
    const sizes = Array.from({ length: HEALTH_GROUPS_MAX + 10 }, (_, n) => ({
      workspaceId: `w${n}`,
      jobs: 1 + (n % 7),
    }));
    const jobs = sizes.flatMap(({ workspaceId, jobs: count }) =>
      Array.from({ length: count }, (_, n) => jobIn({ id: `${workspaceId}-${n}`, workspaceId, createdAtMs: NOW_MS })),
    );
    expectOk(cache.writer.apply(jobs.map(jobChange), 'p1'));
    const health = expectOk(
      cache.reader.health({
        fromMs: NOW_MS - 1000,
        toMs: NOW_MS + 1000,
        groupBy: 'workspace',
        filter: { kind: null, provider: null, model: null, workspaceId: null },
      }),
    );
    expect(health.figures.arrived).toBe(jobs.length);
    expect(health.points.reduce((sum, { figures }) => sum + figures.arrived, 0)).toBe(jobs.length);
    const largest = sizes
      .toSorted((left, right) => right.jobs - left.jobs || (left.workspaceId < right.workspaceId ? -1 : 1))
      .slice(0, HEALTH_GROUPS_MAX);
    expect(health.groups.map(({ key, figures }) => [key, figures.arrived])).toEqual(
      largest.map(({ workspaceId, jobs: count }) => [workspaceId, count]),
    );
    world.end();
  });
});
