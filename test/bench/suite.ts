import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { machineOf, rounded } from './figures.ts';
import { readVersion } from '#cli/version.ts';

/** The benchmarks of a whole run, those first that are over soon. */
export const SUITE = ['transport', 'claims', 'reconcile', 'retry', 'cache', 'screens', 'sandbox', 'runner'] as const;

const caseSchema = z.object({
  name: z.string(),
  unit: z.string(),
  ours: z.number(),
  peer: z.number().nullable(),
  peerName: z.string().nullable(),
  ratio: z.number().nullable(),
  limit: z.number().nullable(),
  limitName: z.string().nullable(),
  aim: z.string().nullable().optional(),
  isReached: z.boolean().nullable().optional(),
});
const reportSchema = z.looseObject({ benchmark: z.string(), cases: z.array(caseSchema).min(1) });
/** What a benchmark said, and the arguments that it was given. */
type Report = z.infer<typeof reportSchema> & { readonly args: readonly string[] };

interface Run {
  readonly at: string;
  readonly version: string;
  readonly machine: ReturnType<typeof machineOf>;
  readonly isQuick: boolean;
  readonly reports: readonly Report[];
}

const program = fileURLToPath(new URL('./run.ts', import.meta.url));
const hook = new URL('./profile-hook.ts', import.meta.url).href;
const results = fileURLToPath(new URL('./results', import.meta.url));

/**
 * `npm run bench -- all [--only A,B] [--with 'A=ARGUMENTS'] [--quick] [--save] [--json]`: every benchmark after the other, each in a
 * process of its own, so that none measures what another left behind. `--with` hands a benchmark arguments of its own, as its size;
 * the report names them. `--save` writes the figures to `test/bench/results/`, `--quick` is for function only.
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
  const names = values.only === undefined ? SUITE : SUITE.filter((name) => values.only?.split(',').includes(name));
  const own = new Map(values.with.map((one) => splitOnce(one, '=')));
  const failed: string[] = [];
  const reports: Report[] = [];
  for (const name of names) {
    const startedAt = performance.now();
    const given = [...(values.quick ? ['--quick'] : []), ...(own.get(name)?.split(' ') ?? [])];
    const report = await reportOf(name, given);
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    if (report === null) failed.push(name);
    else reports.push(report);
    console.error(`${name}: ${report === null ? 'FAILED' : `${report.cases.length} cases`}, ${seconds} s`);
    if (report !== null && !values.json) console.log(tableOf(report));
  }
  const whole: Run = {
    at: new Date().toISOString(),
    version: readVersion(),
    machine: machineOf(),
    isQuick: values.quick,
    reports,
  };
  if (values.json) console.log(JSON.stringify(whole));
  if (values.save && failed.length === 0) {
    mkdirSync(results, { recursive: true });
    const file = path.join(results, whole.at.slice(0, 10));
    writeFileSync(`${file}.json`, `${JSON.stringify(whole, null, 1)}\n`);
    writeFileSync(`${file}.md`, pageOf(whole));
    console.error(`kept in ${path.relative(process.cwd(), file)}.json and .md`);
  }
  return failed.length === 0 ? 0 : 1;
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

async function reportOf(name: string, args: readonly string[]): Promise<Report | null> {
  const { code, output } = await run([name, '--json', ...args], {}, 'pipe');
  if (code !== 0) return null;
  const report = reportSchema.parse(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
  // Where a copy is kept says nothing of a figure.
  return {
    ...report,
    args: args.filter((one, n) => ![one, args[n - 1]].some((name) => /^--(data|copy)-dir$/.test(name ?? ''))),
  };
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

/** A whole run for people. */
function pageOf({ at, version, machine, reports }: Run): string {
  const gib = Math.round(machine.memoryBytes / 2 ** 30);
  const where = `${machine.cores} cores of ${machine.cpu.trim()}, ${gib} GiB, ${machine.platform}, Node ${machine.node}`;
  const tables = reports.map(
    (report) => `## ${report.benchmark}\n\n\`${report.args.join(' ')}\`\n\n${tableOf(report)}`,
  );
  return `# Benchmarks of ${at.slice(0, 10)}\n\nRunledger ${version} on ${where}.\n\n${tables.join('\n')}`;
}

/** A benchmark's cases as the README shows them. */
function tableOf({ benchmark, cases }: Report): string {
  const lines = cases.map((one) =>
    [
      '',
      one.name,
      `${rounded(one.ours)} ${one.unit}`,
      one.peer === null ? '' : `${rounded(one.peer)} (${one.peerName ?? ''})`,
      one.ratio === null ? '' : `${rounded(one.ratio)}x`,
      one.limit === null ? '' : `${rounded(one.limit)} (${one.limitName ?? ''})`,
      one.aim === null || one.aim === undefined
        ? ''
        : `${one.isReached === true ? 'reached' : 'not reached'}: ${one.aim}`,
      '',
    ]
      .join(' | ')
      .trim(),
  );
  const head = `| ${benchmark} | ours | peer | ratio | limit | aim |`;
  return [head, '| --- | --- | --- | --- | --- | --- |', ...lines, ''].join('\n');
}
