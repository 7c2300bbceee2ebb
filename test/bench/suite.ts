import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { machineOf } from './figures.ts';
import { keepRun, OWN_PLACES, reportSchema, SUITE, tableOf, type KeptReport, type KeptRun } from './kept-results.ts';
import { readVersion } from '#cli/version.ts';

const program = fileURLToPath(new URL('./run.ts', import.meta.url));
const hook = new URL('./profile-hook.ts', import.meta.url).href;

/**
 * `npm run bench -- all [--only A,B] [--with 'A=ARGUMENTS'] [--quick] [--save] [--json]`: every benchmark after the other, each in a
 * process of its own, so that none measures what another left behind. `--with` hands a benchmark arguments of its own, as its size;
 * the report names them. `--save` writes the figures to `test/bench/results/` and into the README, beside those of other benchmarks of the same day and
 * machine, so that a run may be made in parts; `--quick` is for function only.
 * Exits 1 where a benchmark's check did not hold; a figure fails nothing.
 */
export async function runSuite(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const names = SUITE.filter((name) => values.only?.split(',').some((one) => isOf(name, one)) ?? true);
  const own = new Map(values.with.map((one) => splitOnce(one, '=')));
  const failed: string[] = [];
  const reports: KeptReport[] = [];
  for (const name of names) {
    const startedAt = performance.now();
    const given = [
      ...(values.quick ? ['--quick'] : []),
      ...[...own].flatMap(([one, args]) => (isOf(name, one) ? args.split(' ') : [])),
    ];
    const report = await reportOf(name, given);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    console.error(`${name}: ${report === null ? 'FAILED' : `${report.cases.length} cases`}, ${seconds} s`);
    if (report === null) {
      failed.push(name);
      continue;
    }
    reports.push(report);
    if (!values.json) console.log(tableOf(report));
    // After each of them: a run that is stopped has kept what it had.
    if (values.save) console.error(`kept in ${await keepRun(OWN_PLACES, runOf([report], values.quick))}.json and .md`);
  }
  if (values.json) console.log(JSON.stringify(runOf(reports, values.quick)));
  // Once more at the end, for whoever sees only the end of a long log.
  if (failed.length > 0) console.error(`FAILED: ${failed.join(', ')}; what each said stands above its line`);
  return failed.length === 0 ? 0 : 1;
}

function runOf(reports: readonly KeptReport[], isQuick: boolean): KeptRun {
  return { at: new Date().toISOString(), version: readVersion(), machine: machineOf(), isQuick, reports: [...reports] };
}

/** The sources that are measured: a commit, and whether something was changed since. */
function commitOf(): string {
  const git = (...args: readonly string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  const commit = git('rev-parse', '--short', 'HEAD');
  if (commit === '') return 'unknown';
  return git('status', '--porcelain', '--untracked-files=no', '--', 'electron', 'renderer', 'test') === ''
    ? commit
    : `${commit} and changes`;
}

/** Runs a benchmark under a profiler: a CPU profile and a summary of the heap of each of its processes and threads, in a folder. */
export async function runProfiled(name: string, args: readonly string[]): Promise<number> {
  const folder = path.resolve(`test/output/profiles/${name}-${new Date().toISOString().replaceAll(':', '-')}`);
  const { NODE_OPTIONS = '' } = process.env;
  const env = { RUNLEDGER_PROFILES: folder, NODE_OPTIONS: `${NODE_OPTIONS} --import ${hook}`.trim() };
  const { code } = await run([name, ...args], env, 'inherit');
  const count = existsSync(folder) ? readdirSync(folder).length : 0;
  console.error(
    `${count} files in ${path.relative(process.cwd(), folder)}; Chromium's developer tools open the profiles`,
  );
  return code;
}

async function reportOf(name: string, args: readonly string[]): Promise<KeptReport | null> {
  const [benchmark = name, part] = name.split(' ');
  const only = part === undefined ? [] : ['--only', part];
  const { code, output } = await run([benchmark, '--json', ...only, ...args], {}, 'pipe');
  if (code !== 0) return null;
  const report = reportSchema.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
  // Where a copy is kept says nothing of a figure.
  return {
    ...report,
    commit: commitOf(),
    args: args.filter((one, n) => ![one, args[n - 1]].some((name) => /^--(data|copy)-dir$/.test(name ?? ''))),
  };
}

/** True for a benchmark and for each of its parts. */
function isOf(name: string, wanted: string): boolean {
  return name === wanted || name.startsWith(`${wanted} `);
}

function splitOnce(text: string, by: string): readonly [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + by.length)];
}

function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  stdout: 'pipe' | 'inherit',
): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', stdout, 'inherit'],
    });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
