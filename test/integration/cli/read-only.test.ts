import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectOk } from '../../support/expect-ok.ts';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

function readOnly(program: string, ...args: readonly string[]): Promise<Finished> {
  const { uri } = deployment.server;
  const env = { RUNLEDGER_READ_ONLY: '1', RUNLEDGER_PROVIDER_URL: deployment.provider.baseUrl };
  return runProgram(`electron/cli/${program}`, [...args, '--uri', uri], { env });
}

it('where nothing is to be written, commands and runners write nothing, and commands that look go on', async () => {
  await deployment.order('w1', 1000, [{ id: 'j1' }]);
  const { dbName } = deployment.server;
  const draft = path.join(deployment.folder, 'draft.json');
  writeFileSync(draft, JSON.stringify({ classes: { timeout: { automatic: 5 } } }));
  const put = ['policy', 'put', '--draft', draft, '--based-on', '1', '--reason', 'a try', '--db', dbName];
  for (const [program, ...args] of [
    ['cli.ts', ...put],
    ['cli.ts', 'indexes', '--create', '--db', dbName],
    ['cli.ts', 'holds', '--sweep', '--db', dbName],
    ['runner.ts', '--artefacts', deployment.folder, '--db', dbName],
    ['demo.ts', '--jobs', '1', '--json'],
  ]) {
    const { status, stdout, stderr } = await readOnly(program ?? '', ...args);
    expect({ args, isDone: status === 0, stdout }).toEqual({ args, isDone: false, stdout: '' });
    expect(stderr).toContain('This connection is read-only; nothing was written.');
  }
  expect(expectOk(await deployment.store.policies.list())).toEqual([]);
  expect((await readOnly('cli.ts', 'why', 'j1', '--db', dbName)).status).toBe(0);
});
