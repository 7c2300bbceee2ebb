import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));

const simulatedSchema = z.looseObject({ classes: z.array(z.looseObject({ failureClass: z.string() })) });

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

async function policy(...args: readonly string[]): Promise<Finished & { readonly json: unknown }> {
  const { uri, dbName } = deployment.server;
  const done = await runProgram(program, ['policy', ...args, '--uri', uri, '--db', dbName, '--json']);
  return { ...done, json: done.stdout === '' ? null : JSON.parse(done.stdout) };
}

function draftFile(draft: unknown): string {
  const file = path.join(deployment.folder, 'draft.json');
  writeFileSync(file, JSON.stringify(draft));
  return file;
}

it('shows, compares, tries out and puts versions of the policy in force, from the command line', async () => {
  const runner = deployment.startRunner();
  await deployment.order('w1', 10_000, [
    { id: 'j1', model: 'bad-output', priceCredits: 10, maxAttempts: 5, createdAt: new Date() },
  ]);
  expect((await deployment.settled('j1', 'failed')).attempts).toHaveLength(2);
  await runner.drain();
  expect((await policy()).json).toMatchObject({ inForce: { version: 1 }, versions: [{ version: 1, by: null }] });
  const told = await runProgram(program, ['policy', '--uri', deployment.server.uri, '--db', deployment.server.dbName]);
  expect(told.stdout).toContain('above 100.00 credits is typed, above 1,000.00 credits approved');
  expect(told.stdout).toContain(
    'rate limit     retries by a runner 6, a person retries as it is, the hold is given back',
  );

  const draft = draftFile({ classes: { validation: { automatic: 0 } }, spend: { typedCredits: 500 } });
  const changes = [
    { subject: 'validation', field: 'automatic', from: 1, to: 0 },
    { subject: 'spend', field: 'typedCredits', from: 10_000, to: 500 },
  ];
  expect((await policy('diff', '--draft', draft)).json).toEqual({ changes, problems: [] });
  const where = ['--uri', deployment.server.uri, '--db', deployment.server.dbName] as const;
  const slower = draftFile({
    classes: { timeout: { backoffBaseMs: 1500, charge: 'capture' } },
    spend: { typedCredits: 500 },
  });
  expect((await runProgram(program, ['policy', 'diff', '--draft', slower, ...where])).stdout.split('\n')).toEqual([
    expect.stringMatching(/^timeout, first wait: [\d.]+ s -> 1\.5 s$/u),
    'timeout, the hold is: given back -> kept',
    'Spending of a plan, typed above: 100.00 credits -> 5.00 credits',
    '',
  ]);
  draftFile({ classes: { validation: { automatic: 0 } }, spend: { typedCredits: 500 } });
  for (const days of [30, 90]) {
    const { json } = await policy('simulate', '--draft', draft, '--days', String(days));
    const simulated = simulatedSchema.parse(json);
    expect(simulated).toMatchObject({ days, basedOn: 1, jobs: 1, isCut: false });
    expect(simulated.classes.find(({ failureClass }) => failureClass === 'validation')).toMatchObject({
      failures: 1,
      retried: 1,
      dropped: { attempts: 1, successes: 0 },
    });
  }
  const put = ['put', '--draft', draft, '--based-on', '1'] as const;
  expect((await policy(...put)).status).not.toBe(0);
  expect((await policy(...put, '--reason', 'a second try never passed')).json).toMatchObject({
    version: { version: 2, reason: 'a second try never passed', classes: { validation: { automatic: 0 } } },
    changes,
  });
  const late = await policy(...put, '--reason', 'once more');
  expect(late).toMatchObject({ status: 1, stdout: '' });
  expect((await policy('diff', '1', '2')).json).toEqual({ changes, problems: [] });
  expect((await policy()).json).toMatchObject({ inForce: { version: 2, reason: 'a second try never passed' } });
  expect(await deployment.store.policies.inForce()).toMatchObject({ value: { version: 2 } });
});

it('says what is wrong with a draft, and puts none of it in force', async () => {
  for (const draft of [
    { classes: { sunny: {} } },
    { classes: { timeout: { automatic: -1 } } },
    { classes: { input: { automatic: 1 } } },
  ]) {
    const done = await policy('put', '--draft', draftFile(draft), '--based-on', '1', '--reason', 'r');
    expect(done).toMatchObject({ status: 1, stdout: '' });
    expect(done.stderr).not.toBe('');
  }
  expect(await deployment.store.policies.list()).toEqual({ ok: true, value: [] });
});
