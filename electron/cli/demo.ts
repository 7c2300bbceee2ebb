import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SingleBar, Presets } from 'cli-progress';
import { Command } from 'commander';
import { appError, explainError, systemCodeOf, type AppError } from '#domain/errors.ts';
import { formatCredits } from '#domain/credits.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { goOnUnread } from '#engine/unread-output.ts';
import { startDemoProvider } from '#sandbox/demo/provider-server.ts';
import { hostSandbox } from '#sandbox/worker-host.ts';
import { openProcessStore } from '#store/process-store.ts';
import { runDemo, type DemoReport } from './demo-run.ts';
import { withQuietUsage } from './quiet-usage.ts';
import { readOnlyAsked } from './read-only-asked.ts';
import { readVersion } from './version.ts';
import { wholeNumber } from './whole-number.ts';

/** `npm run demo`: the whole of it without a window. Exit status 1 on any violation, 2 where it could not run or was stopped. */
const JOBS_MAX = 1_000_000;

interface DemoFlags {
  readonly jobs: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly json: boolean;
  readonly uri?: string;
}

const flags = withQuietUsage(new Command('npm run demo --'))
  .description(
    'Seeds jobs of several kinds on a fresh sandbox server, runs them to their end, and checks every credit.',
  )
  .option('--jobs <number>', 'how many jobs', wholeNumber(1, JOBS_MAX), 2000)
  .option('--concurrency <number>', 'attempts at once', wholeNumber(1, 1000), 64)
  .option('--seed <number>', 'the same seed makes the same jobs', wholeNumber(0, 2 ** 32 - 1), 1)
  .option('--uri <uri>', 'run on this MongoDB instead, in a new database that is left there to look at')
  .option('--json', 'print one JSON object and nothing else', false)
  .parse()
  .opts<DemoFlags>();

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort());
goOnUnread();
process.exitCode = await main();

async function main(): Promise<number> {
  const forbidden = flags.uri === undefined ? null : readOnlyAsked();
  if (forbidden !== null) return fail(forbidden);
  const folder = outputFolder();
  if (!folder.ok) return fail(folder.error);
  const provider = await startDemoProvider();
  const sandbox =
    flags.uri === undefined
      ? await hostSandbox(new URL('../sandbox/worker.ts', import.meta.url), { dataDir: 'memory', port: 0 })
      : null;
  try {
    if (sandbox !== null && !sandbox.ok) return fail(sandbox.error);
    return await runOn(sandbox?.value.uri ?? flags.uri ?? '', folder.value, provider);
  } finally {
    if (sandbox?.ok === true) await sandbox.value.stop();
    await provider.stop();
    rmSync(folder.value, { recursive: true, force: true });
  }
}

function outputFolder(): Result<string, AppError> {
  try {
    return ok(mkdtempSync(path.join(tmpdir(), 'runledger-demo-')));
  } catch (cause) {
    const code = systemCodeOf(cause) ?? 'unknown';
    return err(appError('invalid_request', `no folder for outputs can be made in ${tmpdir()}, ${code}`, cause));
  }
}

async function runOn(
  uri: string,
  artefactDir: string,
  provider: Awaited<ReturnType<typeof startDemoProvider>>,
): Promise<number> {
  // A database of its own: the demo never mixes with what is there.
  const dbName = `runledger_demo_${randomUUID().slice(0, 8)}`;
  const store = await openProcessStore({
    uri,
    dbName,
    appName: 'Runledger demo',
  });
  if (!store.ok) return fail(store.error);
  if (flags.uri !== undefined) process.stderr.write(`The data of this run stands in the database ${dbName}.\n`);
  const bar = flags.json
    ? null
    : new SingleBar(
        { format: '{bar} {value} of {total} jobs at their end | {duration_formatted}' },
        Presets.shades_classic,
      );
  try {
    bar?.start(flags.jobs, 0);
    const report = await runDemo({
      ...flags,
      store: store.value,
      provider,
      artefactDir,
      version: readVersion(),
      onProgress: (finished) => bar?.update(finished),
      signal: stopping.signal,
    });
    bar?.stop();
    if (!report.ok) return fail(report.error);
    process.stdout.write(flags.json ? `${JSON.stringify(report.value)}\n` : tableOf(report.value));
    if (stopping.signal.aborted) {
      process.stderr.write('Stopped before every job came to its end; the figures are those of what there was.\n');
      return 2;
    }
    return report.value.violations.length > 0 ? 1 : 0;
  } finally {
    bar?.stop();
    await store.value.close();
  }
}

function fail(error: AppError): number {
  process.stderr.write(`${explainError(error)}\n`);
  return 2;
}

function tableOf(report: DemoReport): string {
  const lines: (readonly [string, string | number])[] = [
    ['jobs', report.jobs],
    ...Object.entries(report.states).map(([state, count]) => [`  ${state}`, count] as const),
    ...Object.entries(report.failures).map(([name, count]) => [`  failed: ${name}`, count] as const),
    ['attempts', report.attempts],
    ...Object.entries(report.ledger).map(([type, credits]) =>
      type === 'entries' ? (['ledger entries', credits] as const) : ([`  ${type}`, formatCredits(credits, 2)] as const),
    ),
    ['violations', report.violations.length],
    ...report.violations.slice(0, 20).map((violation) => [`  ${violation.invariant}`, violation.detail] as const),
    ['elapsed', `${(report.elapsedMs / 1000).toFixed(1)} s`],
  ];
  return lines.map(([name, value]) => `${name.padEnd(24)}${String(value).padStart(16)}\n`).join('');
}
