import { Command } from 'commander';
import { startSandbox } from '#sandbox/server.ts';
import { runSuite, type Report } from './suite.ts';

/**
 * `npm run conformance -- --dir DIR [--uri URI] [--json]`: runs every file in MongoDB's unified test format below DIR with the
 * official driver against the sandbox server, or the server at URI. Exit code 0 where none failed, 1 where one did, 2 where the
 * tests could not be run.
 */
const program = new Command('conformance')
  .description("Runs tests in MongoDB's unified test format against the sandbox server, or a server of your own.")
  .requiredOption('--dir <folder>', 'the folder whose .json files are run, with all below it')
  .option('--uri <uri>', 'a server of your own; its databases are dropped and written as the tests say')
  .option('--only <text>', 'only tests whose file or description contains this text')
  .option('--json', 'print the report as one JSON object and nothing else', false)
  .parse();
const options = program.opts<{ dir: string; uri?: string; only?: string; json: boolean }>();

try {
  const report = await run();
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : asText(report));
  if (report.passed + report.failed + report.skipped === 0) throw new Error(`no test was found below ${options.dir}`);
  process.exitCode = report.failed === 0 ? 0 : 1;
} catch (cause) {
  process.stderr.write(`The tests could not be run: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 2;
}

async function run(): Promise<Report> {
  const sandbox = options.uri === undefined ? await startSandbox({ dataDir: 'memory' }) : null;
  try {
    return await runSuite({
      dir: options.dir,
      uri: sandbox?.uri ?? options.uri ?? '',
      ...(options.only === undefined ? {} : { only: options.only }),
    });
  } finally {
    await sandbox?.stop();
  }
}

function asText(report: Report): string {
  const skips = new Map<string, number>();
  for (const skip of report.skips) skips.set(skip.reason, (skips.get(skip.reason) ?? 0) + 1);
  return [
    ...report.failures.map((one) => `FAILED  ${one.file}: ${one.test}\n        ${one.reason}`),
    ...[...skips].map(([reason, count]) => `skipped ${count}: ${reason}`),
    `${report.passed} passed, ${report.failed} failed, ${report.skipped} skipped`,
    '',
  ].join('\n');
}
