import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { RunnerDeployment } from '../runner/deployment.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));
const RULE = {
  id: 'phone',
  label: 'phone',
  roles: ['support', 'viewer'],
  where: { type: 'pattern', pattern: '[0-9]{3}-[0-9]{4}', ignoresCase: false },
};

let deployment: RunnerDeployment;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
});
afterEach(() => deployment.stop());

function run(...args: readonly string[]): Promise<Finished> {
  const { uri, dbName } = deployment.server;
  return runProgram(program, [...args, '--uri', uri, '--db', dbName, '--json']);
}

it('the rules are shown, compared and put in force from the command line, and hold for what it prints', async () => {
  const draft = path.join(deployment.folder, 'rules.json');
  writeFileSync(draft, JSON.stringify({ rules: [RULE] }));
  expect(JSON.parse((await run('redaction', 'diff', '--draft', draft)).stdout)).toMatchObject({
    changes: [{ change: 'added', ruleId: 'phone' }],
    problems: [],
  });
  await deployment.order('w1', 0, [{ id: 'job-phone', prompt: 'a page for 555-1234 and 555-9876' }]);
  expect(JSON.parse((await run('redaction', 'try', '--draft', draft)).stdout)).toEqual({
    jobs: 1,
    rules: [{ ruleId: 'phone', matches: 2, jobs: 1 }],
  });
  const put = ['redaction', 'put', '--draft', draft, '--reason', 'the law', '--based-on', '0'];
  expect(JSON.parse((await run(...put)).stdout)).toMatchObject({ version: { version: 1 } });
  expect((await run(...put)).stderr).toContain('written over version 0');
  expect(JSON.parse((await run('redaction')).stdout)).toMatchObject({ inForce: { rules: [RULE] } });

  // Nobody has a role yet, so whoever runs this is a founder; as a viewer the rule holds for them.
  expect((await run('why', '555-1234')).stderr).toContain('555-1234');
  const { people } = deployment.store;
  const by = { since: new Date(), by: 'test' };
  expectOk(await people.save({ _id: userInfo().username, role: 'viewer', ...by }));
  const why = await run('why', '555-1234');
  expect(why.stderr).toContain('redacted: phone');
  expect(why.stdout + why.stderr).not.toContain('555-1234');
  expect((await run('redaction')).stderr).toContain('does not include policy');
});

it('what a rule hides is hidden in findings too, printed and as a file, and shown as hidden', async () => {
  const { store, folder } = deployment;
  expectOk(await store.writer.insertJobs([queuedJob({ id: 'odd', workspaceId: 'nobody', priceCredits: 500 })]));
  const csv = path.join(folder, 'findings.csv');
  const looked = async (): Promise<readonly string[]> => {
    const { stdout, stderr } = await run('reconcile', '--csv', csv);
    return [stdout + stderr, readFileSync(csv, 'utf8')];
  };
  for (const said of await looked()) expect(said).toContain('and no account');
  const where = { type: 'pattern', pattern: 'and no account', ignoresCase: false };
  const draft = path.join(folder, 'rules.json');
  writeFileSync(draft, JSON.stringify({ rules: [{ ...RULE, roles: ['founder'], where }] }));
  expect((await run('redaction', 'put', '--draft', draft, '--reason', 'the law', '--based-on', '0')).status).toBe(0);
  for (const said of await looked()) {
    expect(said).not.toContain('and no account');
    expect(said).toContain('redacted: phone');
  }
});
