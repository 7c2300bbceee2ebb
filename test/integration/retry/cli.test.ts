import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { findViolations } from '#domain/invariants.ts';
import { planIdSchema } from '#domain/retry-plan/plan-record.ts';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';
import { failJobs } from './plan-world.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));
const reportSchema = z.looseObject({ plan: z.looseObject({ _id: planIdSchema }) });

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

function retry(...args: readonly string[]): Promise<Finished> {
  const { uri, dbName } = deployment.server;
  return runProgram(program, ['retry', ...args, '--uri', uri, '--db', dbName, '--json']);
}

it('plans by a query, runs by steps, and says of each job what happened, from the command line', async () => {
  const { client, dbName } = deployment.server;
  await deployment.order('w1', 200_000, []);
  await failJobs(deployment, ['j0', 'j1', 'j2']);
  const jobs = client.db(dbName).collection<{ _id: string }>('jobs');
  await jobs.updateMany({ _id: { $in: ['j0', 'j1'] } }, { $set: { 'failure.class': 'timeout' } });
  deployment.startRunner();

  const wrong = await retry('--where', 'class:sunny', '--plan');
  expect(wrong).toMatchObject({ status: 1, stdout: '' });
  expect(wrong.stderr).toContain('sunny');
  const made = await retry('--where', 'state:failed class:timeout', '--plan');
  expect(made).toMatchObject({ status: 0, stderr: '' });
  const { plan } = reportSchema.parse(JSON.parse(made.stdout));
  expect(plan).toMatchObject({ state: 'planned', totals: { groups: { eligible: { jobs: 2, credits: 200 } } } });
  const told = await runProgram(program, ['retry', 'show', plan._id, '--uri', deployment.server.uri, '--db', dbName]);
  expect(told.stdout).toContain('2 jobs, 2.00 credits');
  expect(told.stdout).toContain('It spends at most 2.00 credits.');

  const ran = await retry('run', plan._id, '--ramp', '1,5');
  expect(ran.stderr).toBe('');
  expect(JSON.parse(ran.stdout)).toMatchObject({ plan: { state: 'finished', run: { tallies: { succeeded: 2 } } } });
  const outcome = await retry('outcome', plan._id);
  expect(JSON.parse(outcome.stdout)).toMatchObject({
    outcomes: [
      { outcome: 'succeeded', paidCredits: 100, timesPaid: 1 },
      { outcome: 'succeeded', paidCredits: 100, timesPaid: 1 },
    ],
  });
  expect((await deployment.jobOf('j2')).state).toBe('failed');
  expect(findViolations(await deployment.readBooks())).toEqual([]);
});

it('ends a run that is paused from elsewhere by the status of one that stopped before its end, and goes on with it', async () => {
  await deployment.order('w1', 200_000, []);
  await failJobs(deployment, ['j0']);
  const { plan } = reportSchema.parse(JSON.parse((await retry('--ids', 'j0', '--plan')).stdout));
  // No runner is there: the job that the run begins stays under way until somebody pauses it.
  const running = retry('run', plan._id);
  await deployment.reached('j0', 'queued');
  expect((await retry('pause', plan._id)).status).toBe(0);
  const paused = await running;
  expect(paused.status).toBe(3);
  expect(reportSchema.parse(JSON.parse(paused.stdout)).plan).toMatchObject({ state: 'paused' });
  deployment.startRunner();
  expect((await retry('run', plan._id)).status).toBe(0);
});
