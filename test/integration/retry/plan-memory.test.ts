import { calculateObjectSize } from 'bson';
import { FindCursor } from 'mongodb';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DOCUMENT_BYTES_MAX } from '#domain/job-size.ts';
import type { RawDocument } from '#store/collections.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { deskOf, failJobs, planOf, run } from './plan-world.ts';

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

/** Jobs that failed, each of more than a quarter of what one document may have. */
async function failLargeJobs(ids: readonly string[]): Promise<void> {
  await failJobs(deployment, ids);
  const { client, dbName } = deployment.server;
  const jobs = client.db(dbName).collection<RawDocument>('jobs');
  const theme = 'x'.repeat(DOCUMENT_BYTES_MAX / 4);
  for (const id of ids) await jobs.updateOne({ _id: id }, { $set: { 'input.options.theme': theme } });
}

it('plans, runs and follows large jobs without ever holding all of them at once', async () => {
  const ids = ['j0', 'j1', 'j2', 'j3', 'j4'];
  await deployment.order('w1', 10_000, []);
  await failLargeJobs(ids);
  const toArray = vi.spyOn(FindCursor.prototype, 'toArray');
  const plan = await planOf(deployment.store, ids);
  expect(plan.totals.groups.eligible.jobs).toBe(5);
  const stopping = new AbortController();
  const done = expectOk(
    await run(deployment.store, plan._id, {
      ramp: [5],
      signal: stopping.signal,
      onProgress: ({ run: progress }) => {
        if (progress?.position === 5) stopping.abort();
      },
    }),
  );
  expect(done.run?.tallies).toMatchObject({ started: 5, skipped: 0 });
  expect(expectOk(await deskOf(deployment.store).outcomes(plan._id))).toHaveLength(5);
  const held = await Promise.all(toArray.mock.results.map(({ value }) => value as Promise<readonly object[]>));
  toArray.mockRestore();
  expect(Math.max(...held.map((documents) => calculateObjectSize(documents)))).toBeLessThan(DOCUMENT_BYTES_MAX);
});
