/**
 * Runs everything there is to check and adds the counts up: type check, lint and format, unit tests and guards, integration
 * tests, end-to-end specs in a real Chromium, rounds of faults, and each benchmark for function only. Goes on after a failure, so that one run tells everything. At the end
 * it names what failed once more, for whoever sees only the end of a long log; the last line is `N passed, N failed`; the exit status is 1
 * when anything failed or a suite ran no test.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { readPlaywrightReport, readVitestReport, type Counts } from './test-reports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const outputDir = path.join(root, 'test', 'output');

interface Suite {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Where the suite leaves its report; a suite without one counts as one check. */
  readonly report: { readonly file: string; readonly read: (text: string) => Counts } | null;
}

function vitestSuite(project: string): Suite {
  const file = path.join(outputDir, `${project}.json`);
  return {
    name: `${project} tests`,
    command: [
      'vitest',
      'run',
      '--config',
      'test/vitest.config.ts',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ],
    report: {
      file,
      read: readVitestReport,
    },
  };
}

const SUITES: readonly Suite[] = [
  { name: 'type check', command: ['npm', 'run', '-s', 'typecheck'], report: null },
  { name: 'lint and format', command: ['npm', 'run', '-s', 'lint'], report: null },
  vitestSuite('unit'),
  vitestSuite('integration'),
  {
    name: 'end-to-end specs',
    command: ['npm', 'run', '-s', 'test:e2e'],
    report: {
      file: path.join(outputDir, 'e2e.json'),
      read: readPlaywrightReport,
    },
  },
  // Twenty rounds of kills, cuts and lies: what is found fails, and so does a benchmark that does not do its work. No figure does.
  { name: 'faults', command: ['npm', 'run', '-s', 'faults', '--', '--rounds', '20', '--json'], report: null },
  {
    name: 'faults through a mapping',
    command: ['npm', 'run', '-s', 'faults', '--', '--mapped', '--rounds', '2', '--plans', '0', '--json'],
    report: null,
  },
  { name: 'benchmarks', command: ['npm', 'run', '-s', 'bench', '--', 'all', '--quick'], report: null },
];

function run(command: readonly [string, ...string[]]): Promise<number> {
  const [file, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => {
      console.error(`${file} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function runSuite(suite: Suite): Promise<Counts> {
  const status = await run(suite.command);
  if (suite.report === null) {
    return status === 0 ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: [] };
  }
  try {
    const counts = suite.report.read(readFileSync(suite.report.file, 'utf8'));
    const ranNothing = counts.passed + counts.failed === 0;
    // A suite may fail outside any test (a crash, an import error, an unhandled rejection); that counts too.
    return (status !== 0 || ranNothing) && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch (cause) {
    return { passed: 0, failed: 1, failures: [`no readable report (${String(cause)})`] };
  }
}

// Before anything is begun: it takes many minutes.
new Command('npm test').description('Runs everything there is to check; exits 1 where anything failed.').parse();

rmSync(outputDir, { recursive: true, force: true });
mkdirSync(outputDir, { recursive: true });
const results: { readonly name: string; readonly counts: Counts; readonly seconds: number }[] = [];
for (const suite of SUITES) {
  console.log(`\n== ${suite.name}`);
  const startedAt = performance.now();
  const counts = await runSuite(suite);
  results.push({ name: suite.name, counts, seconds: (performance.now() - startedAt) / 1000 });
}

console.log('');
for (const { name, counts } of results) {
  for (const failure of counts.failures) console.log(`${name}: failed: ${failure}`);
}
for (const { name, counts, seconds } of results) {
  console.log(`${name.padEnd(20)} ${counts.passed} passed, ${counts.failed} failed  (${seconds.toFixed(0)} s)`);
}
const total = results.reduce(
  (sum, { counts }) => ({ passed: sum.passed + counts.passed, failed: sum.failed + counts.failed }),
  { passed: 0, failed: 0 },
);
process.exitCode = total.failed === 0 ? 0 : 1;
console.log(`${total.passed} passed, ${total.failed} failed`);
