import { describe, expect, it } from 'vitest';
import { expectOk } from '../support/expect-ok.ts';
import { ModelDeployment } from '../support/model-collections.ts';
import { openModelStore } from '../support/model-store.ts';
import { doomedStore, KILL_POINTS } from './doom.ts';

describe('a runner that is doomed', () => {
  it('dies at one of twelve points', () => {
    expect(new Set(KILL_POINTS.map(({ name }) => name)).size).toBe(12);
  });

  it.each(KILL_POINTS)('dies at $name of the second call, and only there', async ({ method, when }) => {
    const deaths: number[] = [];
    let calls = 0;
    const store = doomedStore(openModelStore(new ModelDeployment(0)), { method, when, nth: 2 }, () =>
      deaths.push(calls),
    );
    const call = {
      reserveDue: () => store.reserveDue({ limit: 1 }),
      claimBatch: () => store.claimBatch({ runnerId: 'r', limit: 1, leaseMs: 1 }),
      heartbeat: () => store.heartbeat([], 1),
      recordAcceptance: () => store.recordAcceptance({ jobId: 'j', token: 1 }, 'a'),
      applyChanges: () => store.applyChanges([]),
      settle: () => store.settle([]),
    }[method];
    for (calls = 1; calls <= 3; calls += 1) await call();
    expect(deaths).toEqual([2]);
    expectOk(await store.sweep({ limit: 1, olderThanMs: 0, isDryRun: true }));
  });
});
