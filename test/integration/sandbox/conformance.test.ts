import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { runSuite, type Report } from '../../conformance/suite.ts';

const CASES = join(import.meta.dirname, '../../conformance/cases');
/** A folder with MongoDB's own tests in the unified format; they are run where it is named. */
const SPEC_TESTS = process.env['RUNLEDGER_SPEC_TESTS'];
/** What a skip may give as its reason: the file's own words, or what the sandbox does not have by decision. */
const STATED = /^(runOnRequirements: |skipReason: |the sandbox refuses |client-side |the operation loop )/;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory' });
});
afterAll(() => sandbox.stop());

function run(dir: string): Promise<Report> {
  return runSuite({ dir, uri: sandbox.uri });
}

describe('the runner of unified tests', () => {
  it('passes what holds', async () => {
    const report = await run(join(CASES, 'hold'));
    expect(report).toEqual({ passed: 30, failed: 0, skipped: 0, failures: [], skips: [] });
  });

  it('fails every test that does not hold, and a file that is no test', async () => {
    const { passed, failures } = await run(join(CASES, 'fail'));
    expect({ passed, failed: failures.length }).toEqual({ passed: 0, failed: 35 });
    expect(failures.filter((one) => one.test === '(the file)').map((one) => one.file)).toEqual(['no-test-file.json']);
  });

  it('skips only with a reason, and runs nothing of what it skips', async () => {
    const { passed, failed, skips } = await run(join(CASES, 'skip'));
    expect({ passed, failed }).toEqual({ passed: 0, failed: 0 });
    expect(skips.map((one) => one.reason)).toEqual([
      'runOnRequirements: minServerVersion 99.0, this server is 7.0.14',
      'runOnRequirements: maxServerVersion 3.4.99, this server is 7.0.14',
      'runOnRequirements: topologies sharded, load-balanced, this server is a replicaset',
      'runOnRequirements: serverless require, this server is not serverless',
      'client-side time limits of operations (timeoutMS) have no effect in this driver, whatever the server does',
      'client-side types of the content of files (contentType) are none of this driver',
      'skipReason: not yet',
      'the sandbox refuses transactions of several documents by decision',
    ]);
  });
});

describe.runIf(SPEC_TESTS !== undefined)("MongoDB's own tests", () => {
  it('hold on the sandbox server, and none is skipped without a stated reason', { timeout: 300_000 }, async () => {
    const { passed, failures, skips } = await run(SPEC_TESTS ?? '');
    expect(failures).toEqual([]);
    expect(skips.filter((one) => !STATED.test(one.reason))).toEqual([]);
    expect(passed).toBeGreaterThan(0);
  });
});
