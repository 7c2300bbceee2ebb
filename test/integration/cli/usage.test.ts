import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../support/run-program.ts';
import { startTestServer } from '../../support/test-server.ts';

const entry = (file: string): string => fileURLToPath(new URL(`../../../electron/cli/${file}`, import.meta.url));

/** Nobody is named by the environment of whoever runs the tests. */
const env = { MONGODB_URI: '', RUNLEDGER_PROVIDER_URL: '', RUNLEDGER_PROVIDERS: '' };

describe('a command that is used in another way than it can be', () => {
  it.each<[string, readonly string[], string]>([
    ['start.ts', ['--concurrency', 'many'], 'A whole number from 1 to 1000 is expected.'],
    ['start.ts', ['http://job/j1'], 'An address begins with runledger://.'],
    ['start.ts', ['--sandbox', '--profile', 'production'], "option '--sandbox' cannot be used with option '--profile"],
    ['start.ts', ['--uri', ''], "option '--uri <uri>' argument '' is invalid. It is empty"],
    ['start.ts', ['--data-dir', ' '], 'It is empty; leave the option out'],
    ['runner.ts', ['--callback-url', 'runner.example:8080'], 'An address such as https://runner.example is expected.'],
    ['runner.ts', [], 'no --uri and no MONGODB_URI'],
    ['runner.ts', ['--uri', 'mongodb://127.0.0.1:1', '--artefacts', ''], 'It is empty; leave the option out'],
    [
      'runner.ts',
      ['--uri', 'mongodb://127.0.0.1:1'],
      'neither RUNLEDGER_PROVIDER_URL nor --providers names a provider',
    ],
  ])('%s %j says what to put right', async (program, args, sentence) => {
    const { status, stdout, stderr } = await runProgram(entry(program), args, { env });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(sentence);
    // What a person mistyped has nothing to do with versions of the program.
    expect(stderr).not.toContain('Update Runledger');
  });

  it.each<[readonly string[], string]>([
    [['retry'], 'say --plan to plan'],
    [['retry', '--where', '', '--plan'], "option '--where <query>' argument '' is invalid. It is empty"],
    [['reconcile', '--workspace', ''], 'It is empty; leave the option out'],
    [['retry', '--where', 'state:failed', '--plan'], 'no job matches'],
    [['runners', 'halt', 'r1'], 'pause, resume, drain or scale is expected'],
    [['runners', 'pause'], 'pause takes the id of a runner'],
    [['limits', 'set', 'total', 'many'], 'a whole number or none is expected'],
    [['limits', 'rate', 'films', '--requests', '-1'], "option '--requests <number>' argument '-1' is invalid"],
    [['limits', 'rate', 'films', '--tokens-per-request', '5'], 'counts against --tokens, which is not given'],
    [['reconcile', '--as-of', '2026-11-01T00:00:00'], 'a time with its zone such as 2026-11-01T00:00:00Z'],
    [['reconcile', '--as-of', '2026-02-30'], 'a time with its zone such as'],
    [['reconcile', '--csv', '/no/such/findings.csv'], '--csv: /no/such/findings.csv cannot be written, ENOENT'],
    [['artefacts', '--artefacts', '/no/such/folder'], '--artefacts: there is no folder /no/such/folder'],
    [['reconcile', '--as-of', '11'], 'a time with its zone such as'],
    [['policy', 'diff', '--draft', '/no/such/draft.json'], 'there is no file /no/such/draft.json'],
    [['policy', 'diff', '--draft', fileURLToPath(import.meta.url)], 'usage.test.ts is no JSON that can be read'],
    [['policy', 'diff', '--draft', fileURLToPath(new URL('.', import.meta.url))], 'cannot be read, EISDIR'],
  ])('cli %j says what to put right', async (args, sentence) => {
    const server = await startTestServer();
    try {
      const where = ['--uri', server.uri, '--db', server.dbName];
      const { status, stdout, stderr } = await runProgram(entry('cli.ts'), [...args, ...where]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toContain(sentence);
      expect(stderr).not.toContain('Update Runledger');
    } finally {
      await server.stop();
    }
  });
});
