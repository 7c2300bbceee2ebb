import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findBeyond, takeTurns } from '#store/job-choice.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { grant, queuedJob, type NewJob } from '../../support/job-builder.ts';
import { ModelDeployment } from '../../support/model-collections.ts';
import { connectTo, openGate } from '../../support/model-driver.ts';
import { openModelStore } from '../../support/model-store.ts';

const START = new Date('2026-10-01T09:00:00Z');

function later(minutes: number): Date {
  return new Date(START.getTime() + minutes * 60_000);
}

interface World {
  readonly store: ReturnType<typeof openModelStore>;
  readonly deployment: ModelDeployment;
}

async function setup(jobs: readonly NewJob[], credits = 1_000_000): Promise<World> {
  const deployment = new ModelDeployment(later(60).getTime());
  const store = openModelStore(deployment);
  for (const workspaceId of new Set(jobs.map((job) => job.workspaceId ?? 'w1'))) {
    expectOk(await store.postEntry(grant(workspaceId, credits)));
  }
  expectOk(await store.insertJobs(jobs.map(queuedJob)));
  return { store, deployment };
}

function flood(count: number, fields: Partial<NewJob> = {}): NewJob[] {
  return Array.from({ length: count }, (_, n) => ({ id: `f${n}`, workspaceId: 'flood', createdAt: START, ...fields }));
}

async function claimedIds(store: World['store'], limit: number): Promise<readonly string[]> {
  const claimed = expectOk(await store.claimBatch({ runnerId: 'r1', limit, leaseMs: 30_000 }));
  return claimed.map((job) => job._id);
}

describe('turns between workspaces', () => {
  const items = fc.array(
    fc.record({
      workspaceId: fc.constantFrom('a', 'b', 'c', 'd'),
      priority: fc.integer({ min: 0, max: 2 }),
      id: fc.integer(),
    }),
    { maxLength: 40 },
  );

  it('no workspace gets a second job of a priority while another waits for its first', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 20 }), (candidates, limit) => {
        const chosen = takeTurns(candidates, limit);
        const lowest = Math.min(...chosen.map((one) => one.priority));
        const count = (list: typeof candidates, workspaceId: string): number =>
          list.filter((one) => one.workspaceId === workspaceId && one.priority === lowest).length;
        for (const one of ['a', 'b', 'c', 'd']) {
          for (const other of ['a', 'b', 'c', 'd']) {
            const isWaiting = count(candidates, other) > count([...chosen], other);
            const ahead = count([...chosen], one) - count([...chosen], other);
            expect(isWaiting && ahead > 1).toBe(false);
          }
        }
      }),
    );
  });

  it('keeps the order by priority and, within a workspace, the order given, and fills every place that it can', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 20 }), (candidates, limit) => {
        const chosen = takeTurns(candidates, limit);
        expect(chosen).toHaveLength(Math.min(limit, candidates.length));
        const priorities = chosen.map((one) => one.priority);
        expect(priorities).toEqual(priorities.toSorted((left, right) => right - left));
        const key = (one: (typeof candidates)[number]): string => `${one.workspaceId}${one.priority}`;
        for (const name of new Set(chosen.map(key))) {
          const given = candidates.filter((one) => key(one) === name);
          const taken = chosen.filter((one) => key(one) === name);
          expect(taken).toEqual(given.slice(0, taken.length));
        }
      }),
    );
  });
});

describe('one workspace that floods the queue', () => {
  const lone: NewJob = { id: 'lone', workspaceId: 'small', createdAt: later(30) };

  it('does not keep the job of another one from being reserved', async () => {
    const { store, deployment } = await setup([...flood(500), lone]);
    expectOk(await store.reserveDue({ limit: 10 }));
    expect(deployment.jobs.documents.get('lone')).toMatchObject({ billing: { reserved: 100 } });
  });

  it('does not keep it from being reserved either while it waits for credit itself', async () => {
    const deployment = new ModelDeployment(later(60).getTime());
    const store = openModelStore(deployment);
    expectOk(await store.postEntry(grant('small', 100)));
    expectOk(await store.insertJobs([...flood(200), lone].map(queuedJob)));
    for (let round = 0; round < 3; round += 1) {
      expectOk(await store.reserveDue({ limit: 10 }));
      deployment.nowMs += 20_000;
    }
    expect(deployment.jobs.documents.get('lone')).toMatchObject({ billing: { reserved: 100 } });
  });

  it.each([1, 40])(
    'does not hide a top-up from it, where %d that flood wait for credit for what is urgent',
    async (count) => {
      const crowds = Array.from({ length: count }, (_, n) =>
        flood(Math.ceil(1600 / count), { workspaceId: `crowd${n}`, priority: 5 }).map((job) => ({
          ...job,
          id: `${n}${job.id}`,
        })),
      ).flat();
      const deployment = new ModelDeployment(later(60).getTime());
      const store = openModelStore(deployment);
      expectOk(await store.insertJobs([...crowds, lone].map(queuedJob)));
      expectOk(await store.reserveDue({ limit: 2000 }));
      expect(deployment.jobs.documents.get('lone')).toMatchObject({ billing: { blocked: { neededCredits: 100 } } });
      expectOk(await store.postEntry(grant('small', 100)));
      deployment.nowMs += 15_000;
      for (let round = 0; round < 20; round += 1) {
        expectOk(await store.reserveDue({ limit: 100 }));
        deployment.nowMs += 1000;
      }
      expect(deployment.jobs.documents.get('lone')).toMatchObject({ billing: { reserved: 100 } });
    },
  );

  it('does not keep it from being claimed', async () => {
    const { store } = await setup([...flood(500), lone]);
    expectOk(await store.reserveDue({ limit: 1000 }));
    expect(await claimedIds(store, 4)).toContain('lone');
  });

  it('does not keep it from being claimed by a runner that takes one job at a time', async () => {
    const { store } = await setup([...flood(100), lone]);
    expectOk(await store.reserveDue({ limit: 1000 }));
    const claimed = [...(await claimedIds(store, 1)), ...(await claimedIds(store, 1))];
    expect(claimed).toContain('lone');
  });

  it('still fills every place where there is nobody else', async () => {
    const { store } = await setup(flood(50));
    expectOk(await store.reserveDue({ limit: 1000 }));
    expect(await claimedIds(store, 20)).toHaveLength(20);
  });

  it('comes first all the same where its jobs have a higher priority', async () => {
    const { store } = await setup([...flood(10, { priority: 5 }), lone]);
    expectOk(await store.reserveDue({ limit: 1000 }));
    expect(await claimedIds(store, 10)).not.toContain('lone');
    expect(await claimedIds(store, 1)).toEqual(['lone']);
  });
});

describe('walks through the workspaces', () => {
  const crowds = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.integer({ min: 1, max: 150 }), {
    minKeys: 1,
    maxKeys: 25,
  });

  it('come by every workspace with what waits first in it, however many flood the queue, and read no more for it', async () => {
    await fc.assert(
      fc.asyncProperty(crowds, async (counts) => {
        const jobs = Object.entries(counts).flatMap(([workspaceId, count]) =>
          Array.from({ length: count }, (_, n) => ({ id: `${workspaceId}-${n}`, workspaceId, createdAt: later(n) })),
        );
        const deployment = new ModelDeployment(later(600).getTime());
        expectOk(await openModelStore(deployment).insertJobs(jobs.map(queuedJob)));
        const seen = new Set<string>();
        let behind = '';
        let walks = 0;
        do {
          const walk = expectOk(await findBeyond(connectTo(deployment, openGate), { state: 'queued' }, behind));
          for (const { _id } of walk.jobs) seen.add(_id);
          expect(walk.jobs.length).toBeLessThanOrEqual(16 * 64);
          behind = walk.endsAt;
          walks += 1;
        } while (behind !== '');
        expect(Object.keys(counts).filter((name) => !seen.has(`${name}-0`))).toEqual([]);
        expect(walks).toBeLessThanOrEqual(1 + Object.keys(counts).length / 16);
      }),
      { numRuns: 20 },
    );
  });
});
