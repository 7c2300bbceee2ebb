import { describe, expect, it } from 'vitest';
import { simulateFleet } from '../support/model-fleet.ts';

describe('many runners on one deployment', () => {
  it('bring every job to its end, and pay for meeting each other in claims that came second and nothing worse', async () => {
    const work = { concurrency: 2, jobs: 48, workspaces: 4, seed: 1 };
    const one = await simulateFleet({ ...work, runners: 1 });
    const eight = await simulateFleet({ ...work, runners: 8 });
    expect(one.lostClaimsPerJob).toBe(0);
    expect(eight.lostClaimsPerJob).toBeGreaterThan(0);
    expect(eight.statementsPerJob).toBeGreaterThan(one.statementsPerJob);
    // One document a workspace is written to by all of them, and most writes still hold.
    expect(eight.accountConflicts).toBeLessThan(0.5);
  });
});
