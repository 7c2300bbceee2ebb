import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Store } from '#store/connection.ts';
import { PlanHost } from '#engine/plan-host.ts';
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
  const kept = host.keepUp(ANN);
  await Promise.race([kept, vi.waitFor(() => expect(log).toHaveBeenCalled(), { timeout: 5000 })]);
  expect(log.mock.calls[0]?.[0]).toBe(`plan ${_id} failed unexpectedly`);
  await host.stop();
  await expect(kept).resolves.toBeUndefined();
});
