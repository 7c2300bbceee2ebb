import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { entriesOf, failedJob } from '../../support/failed-job.ts';
import { grant } from '../../support/job-builder.ts';
import { runProgram } from '../../support/run-program.ts';
import { openTestStore } from '../../support/test-server.ts';

/** Begins the password, which has signs that addresses write otherwise. */
const MARK = 'canary-9f21';
const PASSWORD = `${MARK}:p@ss/wo rd%`;
const DB = 'shop';
const CLI = 'electron/cli/cli.ts';
const DOCTOR = 'electron/cli/doctor/doctor.ts';
const DEMO = 'electron/cli/demo.ts';
const RUNNER = 'electron/cli/runner.ts';
const START = 'electron/cli/start.ts';
const RECONCILE = ['reconcile', '--csv'] as const;

let sandbox: Sandbox;
let folder: string;
let uri: string;
/** A plan that stands on the server. */
let planId: string;

beforeAll(async () => {
  const users = [{ name: 'sue', password: PASSWORD, roles: [{ name: 'root', db: 'admin' }] }];
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-cli-secrets-'));
  uri = addressWith(PASSWORD);
  const store = await openTestStore(uri, DB);
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  const failed = failedJob({ id: 'f1', failureClass: 'temporary', at: new Date() });
  expectOk(await store.writer.insertJobs([failed]));
  for (const entry of entriesOf(failed)) expectOk(await store.writer.postEntry(entry));
  await store.close();
  writeFileSync(path.join(folder, 'rules.json'), JSON.stringify({ rules: [] }));
  writeFileSync(path.join(folder, 'policy.json'), JSON.stringify({ classes: { timeout: { automatic: 5 } } }));
  const making = ['retry', '--ids', 'f1', '--plan', '--reason', 'again', '--json', '--uri', uri, '--db', DB];
  const made = await runProgram(CLI, making);
  planId = z.object({ plan: z.object({ _id: z.string() }) }).parse(JSON.parse(made.stdout)).plan._id;
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await sandbox.stop();
});

function addressWith(password: string, port = sandbox.port): string {
  return `mongodb://sue:${encodeURIComponent(password)}@127.0.0.1:${port}/?directConnection=true&serverSelectionTimeoutMS=1500`;
}

/** Every command that is given an address; `DIR` stands for a folder of the test's, `PLAN` for a plan that is there. */
const COMMANDS: readonly (readonly string[])[] = [
  [CLI, 'artefacts', '--artefacts', 'DIR'],
  [CLI, 'holds'],
  [CLI, 'holds', '--sweep'],
  [CLI, 'indexes'],
  [CLI, 'limits'],
  [CLI, 'limits', 'set', 'fleet', '3'],
  [CLI, 'limits', 'rate', 'nobody', '--requests', '60'],
  [CLI, 'policy'],
  [CLI, 'policy', 'diff', '1'],
  [CLI, 'policy', 'simulate', '--draft', 'DIR/policy.json'],
  [CLI, 'policy', 'put', '--draft', 'DIR/policy.json', '--based-on', '1', '--reason', 'for this run'],
  [CLI, 'redaction'],
  [CLI, 'redaction', 'diff', '--draft', 'DIR/rules.json'],
  [CLI, 'redaction', 'try', '--draft', 'DIR/rules.json'],
  [CLI, 'redaction', 'put', '--draft', 'DIR/rules.json', '--based-on', '0', '--reason', 'for this run'],
  [CLI, ...RECONCILE, 'DIR/findings.csv', '--memory', 'DIR/memory'],
  [CLI, 'retry', '--ids', 'f1', '--plan', '--reason', 'again'],
  [CLI, 'retry', 'show', 'PLAN'],
  [CLI, 'retry', 'approve', 'PLAN'],
  [CLI, 'retry', 'reject', 'PLAN'],
  [CLI, 'retry', 'pause', 'PLAN'],
  [CLI, 'retry', 'outcome', 'PLAN'],
  [CLI, 'retry', 'withdraw', 'PLAN'],
  [CLI, 'retry', 'stop', 'PLAN'],
  [CLI, 'retry', 'run', 'PLAN'],
  [CLI, 'retry', 'run', '0123456789abcdef'],
  [CLI, 'runners'],
  [CLI, 'runners', 'pause', 'nobody'],
  [CLI, 'why', 'f1'],
  [CLI, 'why', 'nobody'],
  [CLI, 'verify-audit'],
  [DOCTOR, '--data-dir', 'DIR/data'],
  [DEMO, '--jobs', '3', '--json'],
];

/** One command of each of the ways in which an address is read; the others share them. */
const EACH_WAY = COMMANDS.filter(([program, name]) => program !== CLI || name === 'reconcile' || name === 'why');

/** Commands that connect to nothing. */
const WITHOUT_ADDRESS: ReadonlySet<string> = new Set(['roles', 'verify-pack']);

/** The names of the commands below one, as its help lists them. */
async function commandsBelow(names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runProgram(CLI, [...names, '--help']);
  const [, listed = ''] = stdout.split('Commands:\n');
  return [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gmu)].flatMap(([, name = '']) => (name === 'help' ? [] : [name]));
}

it('no command is left out of what follows', { timeout: 120_000 }, async () => {
  const named: string[] = [];
  for (const name of await commandsBelow([])) {
    if (WITHOUT_ADDRESS.has(name)) continue;
    const below = await commandsBelow([name]);
    named.push(name, ...below.map((sub) => `${name} ${sub}`));
  }
  const driven = COMMANDS.filter(([program]) => program === CLI).map(([, ...args]) => args.join(' '));
  // A command that shows where none of its own is named is driven by its name alone.
  const isDriven = (name: string): boolean => name.endsWith(' show') || driven.some((line) => line.startsWith(name));
  expect(named.filter((name) => !isDriven(name))).toEqual([]);
  expect(named).toEqual(expect.arrayContaining(['why', 'retry outcome', 'redaction diff']));
});

function filesWithMark(): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = path.join(folder, name);
    return statSync(file).isFile() && readFileSync(file).includes(MARK);
  });
}

describe.each([
  { way: 'that is right', commands: COMMANDS, address: () => uri, wrongStatus: null },
  { way: 'that is wrong', commands: COMMANDS, address: () => addressWith(`${MARK}-wrong`), wrongStatus: 0 },
  {
    way: 'for a server that is not there',
    commands: EACH_WAY,
    address: () => addressWith(PASSWORD, 1),
    wrongStatus: 0,
  },
  {
    way: 'in an address that is none',
    commands: EACH_WAY,
    address: () => `mongodb://sue:${PASSWORD}@127.0.0.1:x/?no=1`,
    wrongStatus: 0,
  },
])('a password $way', ({ address, commands, wrongStatus }) => {
  it.each(commands.map((command) => ({ command, name: command.slice(1).join(' ') })))(
    'is neither printed nor written by $name',
    { timeout: 60_000 },
    async ({ command: [program = '', ...args] }) => {
      const own = args.map((arg) => arg.replace('DIR', folder).replace('PLAN', planId));
      // The demo takes a database of its own.
      const database = program === DEMO ? [] : ['--db', DB];
      const { stdout, stderr, status } = await runProgram(program, [...own, '--uri', address(), ...database]);
      expect(stdout + stderr).not.toContain(MARK);
      // It came as far as saying something, and a server that was not reached is no success.
      expect((stdout + stderr).trim()).not.toBe('');
      expect(status).not.toBe(wrongStatus);
      expect(filesWithMark()).toEqual([]);
    },
  );
});

describe('a password that is given where nothing expects it', () => {
  const PROGRAMS = [
    [CLI],
    [CLI, 'why'],
    [CLI, 'retry', 'run'],
    [CLI, 'redaction', 'put'],
    [DOCTOR],
    [DEMO],
    [RUNNER],
    [START],
  ];
  const programs = PROGRAMS.map((command) => ({ command, name: command.join(' ') }));

  it.each(programs)('is not repeated by $name', { timeout: 60_000 }, async ({ command: [program = '', ...args] }) => {
    for (const wrong of [`--urii=${uri}`, uri, `--password=${PASSWORD}`, `--urii=mongodb://sue:${PASSWORD}@h/?no`]) {
      const { stdout, stderr, status } = await runProgram(program, [...args, wrong, '--no-such-option']);
      expect(status).toBe(1);
      expect(stderr).toContain('error:');
      expect(stdout + stderr).not.toContain(MARK);
    }
  });

  it.each(programs)(
    'is not in the help of $name',
    { timeout: 60_000 },
    async ({ command: [program = '', ...args] }) => {
      const { stdout, stderr, status } = await runProgram(program, [...args, '--help'], { env: { MONGODB_URI: uri } });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toContain('Usage:');
      expect(stdout).not.toContain(MARK);
    },
  );
});
