import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { expectOk } from '../../support/expect-ok.ts';
import { queuedJob } from '../../support/job-builder.ts';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

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
  expect((await run('redaction')).stderr).toContain(
    'may not read the audit, change policies, roles and redaction; who may: founder',
  );
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

it('without any rule, a role without payloads reads no words about a job that quote its prompt', async () => {
  const { store } = deployment;
  const prompt = 'a lighthouse of marzipan at night';
  await deployment.order('w1', 0, [{ id: 'quoted', prompt }]);
  const heartbeatAt = new Date();
  const lease = { runnerId: 'r1', token: 1, heartbeatAt, expiresAt: new Date(heartbeatAt.getTime() + 600_000) };
  const progress = { fraction: 0.5, message: `drawing ${prompt}`, at: heartbeatAt };
  const jobs = deployment.server.client.db(deployment.server.dbName).collection<{ _id: string }>('jobs');
  await jobs.updateOne({ _id: 'quoted' }, { $set: { state: 'running', lease, leaseToken: 1, progress } });
  expect((await run('why', 'quoted')).stdout).toContain(prompt);
  const by = { since: new Date(), by: 'test' };
  expectOk(await store.people.save({ _id: userInfo().username, role: 'viewer', ...by }));
  const { stdout } = await run('why', 'quoted');
  expect(stdout).toContain('lease_held');
  expect(stdout).toContain('redacted: not for your role');
  expect(stdout).not.toContain('marzipan');
});

it('a plan is not chosen by words that somebody may not read', async () => {
  const { store, folder } = deployment;
  const by = { since: new Date(), by: 'test' };
  const draft = path.join(folder, 'rules.json');
  writeFileSync(draft, JSON.stringify({ rules: [RULE] }));
  const planning = ['retry', '--plan', '--reason', 'again', '--where', '555-1234'];
  expect((await run('redaction', 'put', '--draft', draft, '--reason', 'the law', '--based-on', '0')).status).toBe(0);
  expect((await run(...planning)).stderr).not.toContain('Words cannot be searched for');
  expectOk(await store.people.save({ _id: 'somebody', role: 'founder', ...by }));
  expectOk(await store.people.save({ _id: userInfo().username, role: 'support', ...by }));
  const refused = await run(...planning);
  expect(refused.stderr).toContain('Words cannot be searched for');
  expect(refused.status).toBe(1);
});

it('where the rules cannot be read a command does nothing, of which it could tell nothing', async () => {
  const { client, dbName } = deployment.server;
  await client.db(dbName).collection<{ _id: string }>('redaction_rules').insertOne({ _id: '000001' });
  const set = await run('limits', 'set', 'total', '5');
  expect(set).toMatchObject({ status: 1, stdout: '' });
  expect(expectOk(await deployment.store.reader.readLimits()).limits.concurrency.total).toBeNull();
});
