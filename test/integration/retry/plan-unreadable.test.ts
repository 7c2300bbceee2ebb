import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { deskOf, failJobs, planOf, run } from './plan-world.ts';

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

function collection(name: string) {
  return deployment.server.client.db(deployment.server.dbName).collection<{ _id: string }>(name);
}

/** An entry without the fields that make it one. */
async function plantEntry(jobId: string, generationId: string): Promise<void> {
  await collection('credit_ledger').insertOne({ _id: `odd-${jobId}`, jobId, generationId } as never);
}

describe('a document of the ledger that cannot be read', () => {
  it('leaves its job out of a plan, by name, and nothing else', async () => {
    await deployment.order('w1', 10_000, []);
    await deployment.order('w2', 10_000, []);
    await failJobs(deployment, ['j0', 'j1']);
    await failJobs(deployment, ['j2'], { workspaceId: 'w2' });
    await plantEntry('j1', 'g-j1');
    await collection('credit_accounts').updateOne({ _id: 'w2' }, { $set: { available: 'many' } });
    const { _id, totals } = await planOf(deployment.store, ['j0', 'j1', 'j2']);
    expect(totals.groups).toMatchObject({ eligible: { jobs: 1 }, unreadable: { jobs: 2 } });
    const items = expectOk(await deskOf(deployment.store).items(_id));
    expect(items.map(({ jobId, group, why }) => [jobId, group, why])).toEqual([
      ['j0', 'eligible', expect.any(String)],
      ['j1', 'unreadable', expect.stringMatching(/^Its ledger entry odd-j1 cannot be read \(/)],
      ['j2', 'unreadable', expect.stringMatching(/^Its credit account w2 cannot be read \(/)],
    ]);
  });

  it('has its job skipped in a run that meets it, and the others retried', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ['j0', 'j1', 'j2']);
    const { _id } = await planOf(deployment.store, ['j0', 'j1', 'j2']);
    await plantEntry('j1', 'g-j1');
    deployment.startRunner();
    const done = expectOk(await run(deployment.store, _id, { ramp: [10] }));
    expect(done).toMatchObject({ state: 'finished', run: { tallies: { started: 2, succeeded: 2, skipped: 1 } } });
    const [, skipped] = expectOk(await deskOf(deployment.store).outcomes(_id));
    expect(skipped).toMatchObject({ jobId: 'j1', outcome: 'skipped' });
    expect(skipped?.why).toMatch(/^Its ledger entry odd-j1 cannot be read \(/);
    expect((await deployment.jobOf('j1')).state).toBe('failed');
  });

  it('has the price of a job that was begun count as paid, and the run go on to its end', async () => {
    await deployment.order('w1', 10_000, []);
    await failJobs(deployment, ['j0', 'j1']);
    const { _id } = await planOf(deployment.store, ['j0', 'j1']);
    let isPlanted: Promise<unknown> | null = null;
    const done = expectOk(
      await run(deployment.store, _id, {
        ramp: [10],
        onProgress: ({ run: progress }) => {
          if (progress?.position !== 2) return;
          isPlanted ??= plantEntry('j1', 'other').then(() => deployment.startRunner());
        },
      }),
    );
    expect(done).toMatchObject({ state: 'finished', run: { tallies: { succeeded: 2, committedCredits: 200 } } });
    const [, second] = expectOk(await deskOf(deployment.store).outcomes(_id));
    expect(second).toMatchObject({ jobId: 'j1', outcome: 'succeeded', paidCredits: 100, timesPaid: 1 });
    expect(second?.why).toMatch(/^Its price counts as paid, because its ledger entry odd-j1 cannot be read \(/);
  });
});
