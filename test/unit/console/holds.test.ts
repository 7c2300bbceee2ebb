import { expect, it } from 'vitest';
import { judgeHolds } from '#console/holds.ts';
import { ok } from '#domain/result.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';

it('of a job whose reservation is judged nothing is kept that a customer wrote, because there may be thousands', async () => {
  const failed = failedJob({ id: 'j1', failureClass: 'temporary' });
  const job = { ...failed, input: { ...failed.input, options: { theme: 'x'.repeat(100_000) } } };
  const holds = { [job.billing.generationId]: { credits: 5, at: job.createdAt } };
  const account = { _id: job.workspaceId, available: 0, held: 5, holds, posting: {}, version: 1 };
  const judged = await judgeHolds(
    {
      iterateAccounts: async function* () {
        yield await Promise.resolve(account);
      },
      readGenerationEntries: () => Promise.resolve(ok(entriesOf(failed))),
      readJob: () => Promise.resolve(ok({ type: 'job', job, document: { ...job } })),
      serverNow: () => Promise.resolve(ok(new Date())),
    },
    { ageMsMin: 0, signal: new AbortController().signal },
  );
  const [hold] = expectOk(judged).holds;
  expect(hold).toMatchObject({ jobId: 'j1', job: { _id: 'j1', version: job.version } });
  expect(JSON.stringify(hold).length).toBeLessThan(10_000);
});
