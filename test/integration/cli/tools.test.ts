import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../support/run-program.ts';

const entry = (file: string): string => fileURLToPath(new URL(`../../../${file}`, import.meta.url));

/** Nothing listens there. */
const NOWHERE = 'mongodb://somebody:marked@127.0.0.1:1';

describe('a tool that tests or measures', () => {
  it.concurrent.each([
    ['test/faults/run.ts', ['--rounds', '1']],
    ['test/bench/run.ts', ['sandbox', '--quick']],
    ['test/engines/run.ts', []],
  ])('%s says so where the server that was named does not answer', async (program, args) => {
    const { status, stdout, stderr } = await runProgram(entry(program), [...args, '--uri', NOWHERE]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^Nothing was run\. The MongoDB server does not answer\. .*\n$/u);
    expect(stderr).not.toContain('marked');
  });

  it('does not take it for passed where there was nothing to run', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'runledger-no-tests-'));
    try {
      const conformance = await runProgram(entry('test/conformance/run.ts'), ['--dir', folder, '--json']);
      expect(conformance).toMatchObject({ status: 2, stderr: expect.stringContaining('no test was found') as unknown });
      expect(conformance.stdout.trimEnd().split('\n')).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(await runProgram(entry('test/faults/mutations.ts'), ['--only', 'no guard'])).toMatchObject({ status: 1 });
    expect(await runProgram(entry('test/faults/simulate.ts'), ['--runs', '0'])).toMatchObject({ status: 1 });
  });

  it('tells the options of a benchmark to who mistypes one', async () => {
    const { status, stderr } = await runProgram(entry('test/bench/run.ts'), ['growth', '--large']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/'--large'[\s\S]*\nUsage: npm run bench -- growth \[--max N\]/u);
  });

  it.each([
    ['npm start --', ['electron/cli/start.ts']],
    ['npm run demo --', ['electron/cli/demo.ts']],
    ['npm run runner --', ['electron/cli/runner.ts']],
    ['npm run sandbox --', ['electron/sandbox/main.ts']],
    ['npm run doctor --', ['electron/cli/doctor/doctor.ts']],
    ['npm run package --', ['electron/cli/package.ts']],
    ['npm run cli --', ['electron/cli/cli.ts']],
    ['npm run cli -- limits set', ['electron/cli/cli.ts', 'limits', 'set']],
  ])('is told to be used as %s, which is how it is called', async (call, [program = '', ...args]) => {
    const { stdout } = await runProgram(entry(program), [...args, '--help']);
    expect(stdout).toMatch(new RegExp(`^Usage: ${call} \\[`, 'u'));
  });

  it('is asked for help without doing anything', async () => {
    for (const [program, ...args] of [
      ['electron/cli/audit.ts'],
      ['test/support/run-electron-specs.ts'],
      ['test/support/run-all.ts'],
      ['test/bench/run.ts', 'growth'],
    ]) {
      expect(await runProgram(entry(program ?? ''), [...args, '--help'])).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^Usage: /u) as unknown,
        stderr: '',
      });
    }
  });
});
