import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Store } from '#store/connection.ts';
import { PlanHost } from '#engine/plan-host.ts';
import { wait } from '#engine/wait.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { ANN, failJobs, planOf, run } from './plan-world.ts';

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

/** A store with a defect, by which no plan can be read. */
function defective(store: Store): Store {
  const read = (): Promise<never> => Promise.reject(new TypeError('a defect'));
  return { ...store, plans: Object.assign(Object.create(store.plans), { ...plansOf(store), read }) as Store['plans'] };
}

function plansOf({ plans }: Store): Pick<Store['plans'], 'list'> {
  return { list: (states) => plans.list(states) };
}

it('an engine that keeps plans up tells of a defect in the run of one, and goes on', async () => {
  await deployment.order('w1', 10_000, []);
  await failJobs(deployment, ['j0']);
  const { _id } = await planOf(deployment.store, ['j0']);
  const ended = AbortSignal.abort();
  expect(expectOk(await run(deployment.store, _id, { signal: ended }))).toMatchObject({
    state: 'running',
    lease: null,
  });
  const log = vi.fn<(line: string) => void>();
  const host = new PlanHost({ store: defective(deployment.store), log });
  const kept = host.keepUp(() => ANN);
  await Promise.race([kept, vi.waitFor(() => expect(log).toHaveBeenCalled(), { timeout: 5000 })]);
  expect(log.mock.calls[0]?.[0]).toBe(`plan ${_id} failed unexpectedly`);
  await host.stop();
  await expect(kept).resolves.toBeUndefined();
});

it('an engine goes on with a plan that was left running as soon as its person may run plans, and not before', async () => {
  await deployment.order('w1', 10_000, []);
  await failJobs(deployment, ['j0']);
  const { _id } = await planOf(deployment.store, ['j0']);
  expectOk(await run(deployment.store, _id, { signal: AbortSignal.abort() }));
  deployment.startRunner();
  let isAllowed = false;
  const looks: string[] = [];
  const host = new PlanHost({
    store: deployment.store,
    log: () => undefined,
    wait: async (_ms, signal) => {
      looks.push(expectOk(await host.desk.read(_id)).lease?.holder ?? 'nobody');
      if (looks.length === 3) isAllowed = true;
      await wait(50, signal);
    },
  });
  const kept = host.keepUp(() => (isAllowed ? ANN : null));
  await deployment.settled('j0', 'completed');
  await host.stop();
  await kept;
  expect(looks.slice(0, 3)).toEqual(['nobody', 'nobody', 'nobody']);
});

it('a plan that cannot be read is named beside the others, and keeps none of them from being gone on with', async () => {
  await deployment.order('w1', 10_000, []);
  await failJobs(deployment, ['j0']);
  const { _id } = await planOf(deployment.store, ['j0']);
  expectOk(await run(deployment.store, _id, { signal: AbortSignal.abort() }));
  const plans = deployment.server.client.db(deployment.server.dbName).collection<{ _id: string }>('retry_plans');
  await plans.insertOne({ _id: 'odd', state: 'running' } as never);
  deployment.startRunner();
  const log = vi.fn<(line: string) => void>();
  const host = new PlanHost({ store: deployment.store, log, wait: (_ms, signal) => wait(50, signal) });
  const kept = host.keepUp(() => ANN);
  try {
    await deployment.settled('j0', 'completed');
    const listed = expectOk(await host.desk.list());
    expect(listed.values.map((plan) => plan._id)).toEqual([_id]);
    expect(listed.malformed).toEqual([{ id: 'odd', problem: expect.stringContaining('_id') as unknown }]);
    expect(log.mock.calls.map(([line]) => line).filter((line) => line.includes('odd'))).toHaveLength(1);
  } finally {
    await host.stop();
    await kept;
  }
});

it('an engine hands a plan back whose person may run none any more, and begins no other job of it', async () => {
  await deployment.order('w1', 10_000, []);
  await failJobs(deployment, ['j0', 'j1']);
  const { _id } = await planOf(deployment.store, ['j0', 'j1']);
  let isAllowed = true;
  const host = new PlanHost({
    store: deployment.store,
    log: () => undefined,
    wait: (_ms, signal) => wait(50, signal),
  });
  const kept = host.keepUp(() => (isAllowed ? ANN : null));
  try {
    const limits = { failureRateMax: 1, endedMin: 1, spendCreditsMax: 1000 };
    expectOk(await host.start({ planId: _id, by: ANN, ramp: [1], limits, typedCredits: null }));
    await expect.poll(async () => (await deployment.jobOf('j0')).state).toBe('queued');
    isAllowed = false;
    await expect.poll(async () => expectOk(await host.desk.read(_id)).lease, { timeout: 5000 }).toBeNull();
    deployment.startRunner();
    await deployment.settled('j0', 'completed');
    await wait(500, new AbortController().signal);
    expect((await deployment.jobOf('j1')).state).toBe('failed');
  } finally {
    await host.stop();
    await kept;
  }
});
