import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '#domain/people.ts';
import { NO_LIMITS } from '#domain/runner-limits.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { runProgram, type Finished } from '../../support/run-program.ts';
import { RunnerDeployment } from '../../support/runner-deployment.ts';

const program = fileURLToPath(new URL('../../../electron/cli/cli.ts', import.meta.url));
const me = userInfo().username;

let deployment: RunnerDeployment;
let folder: string;
beforeEach(async () => {
  deployment = await RunnerDeployment.start();
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-command-audit-'));
});
afterEach(async () => {
  await deployment.stop();
  rmSync(folder, { recursive: true, force: true });
});

function cli(...args: readonly string[]): Promise<Finished> {
  const { uri, dbName } = deployment.server;
  return runProgram(program, [...args, '--db', dbName], { env: { RUNLEDGER_DATA_DIR: folder, MONGODB_URI: uri } });
}

/** What the server's audit holds, oldest first: who did what, and how it ended. */
async function audited(order: Readonly<Record<string, 1>> = { seq: 1 }): Promise<readonly Record<string, unknown>[]> {
  const entries = deployment.server.client.db(deployment.server.dbName).collection('console_audit');
  return entries.find().sort(order).toArray();
}

async function give(personId: string, role: Role): Promise<void> {
  expectOk(await deployment.store.people.save({ _id: personId, role, since: new Date(), by: 'test' }));
}

const RULE = {
  id: 'phone',
  label: 'phone',
  roles: ['support'],
  where: { type: 'pattern', pattern: '[0-9]{3}-[0-9]{4}', ignoresCase: false },
};
const draft = (): string => {
  const file = path.join(folder, 'draft.json');
  writeFileSync(file, JSON.stringify({ rules: [RULE] }));
  return file;
};

/** Every command that a window's act would be, with something that it can be asked for. */
const ACTS: readonly { readonly action: string; readonly args: () => readonly string[]; readonly ends: string }[] = [
  { action: 'fleet.setLimits', args: () => ['limits', 'set', 'total', '7'], ends: 'done' },
  { action: 'fleet.setLimits', args: () => ['limits', 'rate', 'demo', '--requests', '60'], ends: 'done' },
  { action: 'fleet.control', args: () => ['runners', 'pause', 'nobody'], ends: 'not_found' },
  { action: 'holds.sweep', args: () => ['holds', '--sweep', '--older-than', '0'], ends: 'done' },
  { action: 'plans.make', args: () => ['retry', '--ids', 'j1', '--plan', '--reason', 'again'], ends: 'done' },
  { action: 'plans.run', args: () => ['retry', 'run', 'p1'], ends: 'not_found' },
  { action: 'plans.wish', args: () => ['retry', 'stop', 'p1'], ends: 'not_found' },
  { action: 'plans.decide', args: () => ['retry', 'approve', 'p1'], ends: 'not_found' },
  {
    action: 'redaction.put',
    args: () => ['redaction', 'put', '--draft', draft(), '--reason', 'the law', '--based-on', '0'],
    ends: 'done',
  },
  {
    action: 'reconciliation.export',
    args: () => ['reconcile', '--csv', path.join(folder, 'findings.csv')],
    ends: 'done',
  },
];

describe('an act on the command line', () => {
  it.each(ACTS)('stands in the audit as $action, before it is begun and how it ended: $ends', async (act) => {
    await deployment.order('w1', 1000, [{ id: 'j1' }]);
    await cli(...act.args());
    const common = { action: act.action, actor: { type: 'user', id: me }, role: 'founder', host: hostname() };
    expect(await audited()).toMatchObject([
      { ...common, seq: 1, outcome: 'asked', of: null },
      { ...common, seq: 2, outcome: act.ends, of: 1, details: { by: 'command line' } },
    ]);
    expect(await cli('verify-audit')).toMatchObject({ status: 0 });
  });

  it('says what was there before and after, and goes on the chain of this machine', async () => {
    await cli('limits', 'set', 'total', '7');
    await cli('limits', 'set', 'total', 'none');
    const [asked, done, , again] = await audited();
    expect(asked).toMatchObject({ details: { asked: { scope: 'total', max: '7', name: null } } });
    expect(done).toMatchObject({
      details: { before: { concurrency: { total: null } }, after: { concurrency: { total: 7 } } },
    });
    expect(again).toMatchObject({
      seq: 4,
      details: { before: { concurrency: { total: 7 } }, after: { concurrency: { total: null } } },
    });
    expect(again?.['chainId']).toBe(asked?.['chainId']);
    expect(statSync(path.join(folder, 'audit')).mode & 0o077).toBe(0);
  });

  it('testifies to where the chains of others end, before it is done', async () => {
    await cli('limits', 'set', 'total', '7');
    const other = mkdtempSync(path.join(folder, 'other-'));
    const { uri, dbName } = deployment.server;
    const env = { RUNLEDGER_DATA_DIR: other, MONGODB_URI: uri };
    await runProgram(program, ['limits', 'set', 'total', '8', '--db', dbName], { env });
    const entries = await audited({ atMs: 1, seq: 1 });
    expect(entries[2]).toMatchObject({ seq: 1, witness: { chainId: entries[0]?.['chainId'], seq: 2 } });
  });

  it('is not done where it cannot be recorded', async () => {
    writeFileSync(path.join(folder, 'audit'), 'no folder');
    expect(await cli('limits', 'set', 'total', '0')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('what must be recorded was not done') as string,
    });
    expect(expectOk(await deployment.store.reader.readLimits()).limits).toEqual(NO_LIMITS);
  });

  it.each([
    { role: 'viewer', args: ['limits', 'set', 'total', '0'] },
    { role: 'support', args: ['limits', 'rate', 'demo', '--requests', '1'] },
    { role: 'viewer', args: ['runners', 'pause', 'r1'] },
    { role: 'viewer', args: ['holds', '--sweep'] },
    { role: 'support', args: ['reconcile'] },
    { role: 'support', args: ['reconcile', '--csv', '/nowhere/findings.csv'] },
  ] as const)('is refused to whose role does not include it: $role, $args', async ({ role, args }) => {
    await give('ann', 'founder');
    await give(me, role);
    expect(await cli(...args)).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(`the role ${role} may not`) as string,
    });
    expect(await audited()).toEqual([]);
    expect(expectOk(await deployment.store.reader.readLimits()).limits).toEqual(NO_LIMITS);
  });
});
