import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { rangeOf, rounded } from './figures.ts';
import { setUpText } from './report.ts';

/** The benchmarks of a whole run; behind a space stands the part of one that is run by itself. */
export const SUITE = [
  'transport',
  'claims',
  'reconcile',
  'retry',
  'cache',
  'screens',
  'sandbox',
  'runner',
  'growth rules',
  'growth copy',
  'growth server',
  'growth claims',
  'growth runner',
] as const;

const rangeSchema = z.tuple([z.number(), z.number()]);
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
  spread: rangeSchema.optional(),
  peerSpread: rangeSchema.optional(),
});
/** What a benchmark prints. */
export const reportSchema = z.looseObject({
  benchmark: z.string(),
  at: z.string(),
  setUp: z.record(z.string(), z.unknown()),
  cases: z.array(caseSchema).min(1),
});
/** What a benchmark said, the arguments that it was given, and the sources that it ran from. */
const keptReportSchema = reportSchema.extend({ args: z.array(z.string()), commit: z.string() });
export type KeptReport = z.infer<typeof keptReportSchema>;

const runSchema = z.object({
  at: z.string(),
  version: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
    node: z.string(),
    platform: z.string(),
  }),
  isQuick: z.boolean(),
  reports: z.array(keptReportSchema),
});
/** A run of several benchmarks on one machine. */
export type KeptRun = z.infer<typeof runSchema>;

/** A run beside what was kept of the same machine before: a benchmark that ran again takes the place of its last report. */
export function mergedRun(kept: KeptRun | null, run: KeptRun): KeptRun {
  const others = kept?.reports.filter(({ benchmark }) => run.reports.every((one) => one.benchmark !== benchmark)) ?? [];
  const order = ({ benchmark }: KeptReport): number => SUITE.findIndex((name) => name === benchmark);
  return { ...run, reports: [...others, ...run.reports].toSorted((left, right) => order(left) - order(right)) };
}

/** Where runs are kept: a folder of results, and the README that has the last figures of each benchmark. */
export interface KeptPlaces {
  readonly results: string;
  readonly readme: string;
}

/** The places of this program's own runs. */
export const OWN_PLACES: KeptPlaces = {
  results: fileURLToPath(new URL('./results', import.meta.url)),
  readme: fileURLToPath(new URL('../../README.md', import.meta.url)),
};

/**
 * Writes a run beside what the same day and machine have kept already, for machines and for people, and its figures with an aim into
 * the README.
 * @returns the file, without its ending
 */
export async function keepRun({ results, readme }: KeptPlaces, run: KeptRun): Promise<string> {
  mkdirSync(results, { recursive: true });
  const { file, kept } = placeOf(results, run);
  const whole = mergedRun(kept, run);
  writeFileSync(`${file}.json`, `${JSON.stringify(whole, null, 1)}\n`);
  writeFileSync(`${file}.md`, await formatted(pageOf(whole), `${file}.md`));
  writeFileSync(readme, await readmeOf({ results, readme }));
  return path.relative(process.cwd(), file);
}

/** The file of a run's day and machine with what it has kept; a day's second machine has a file of its own, so that none goes. */
function placeOf(results: string, run: KeptRun): { readonly file: string; readonly kept: KeptRun | null } {
  const day = path.join(results, run.at.slice(0, 10));
  for (let nth = 1; ; nth += 1) {
    const file = nth === 1 ? day : `${day}-${nth}`;
    const kept = existsSync(`${file}.json`) ? readRun(`${file}.json`) : null;
    const isSame = kept === null || (machineText(kept) === machineText(run) && kept.isQuick === run.isQuick);
    if (isSame) return { file, kept };
  }
}

function readRun(file: string): KeptRun {
  return runSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

/** The text of the README with the last figures of each benchmark in it. */
async function readmeOf({ results, readme }: KeptPlaces): Promise<string> {
  const last = lastOfEach(results);
  const text = readFileSync(readme, 'utf8');
  return formatted(last.length === 0 ? text : withFigures(text, last), readme);
}

/**
 * The last report of each benchmark, whatever day and machine it is of: a run for each machine that has any, the last one first. What
 * ran for function only has no figures.
 */
function lastOfEach(results: string): readonly KeptRun[] {
  const last = new Map<string, { readonly run: KeptRun; readonly report: KeptReport }>();
  const runs = readdirSync(results)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readRun(path.join(results, name)))
    .filter(({ isQuick }) => !isQuick);
  for (const run of runs) {
    for (const report of run.reports) {
      const before = last.get(report.benchmark);
      if (before === undefined || before.report.at < report.at) last.set(report.benchmark, { run, report });
    }
  }
  const byMachine = Map.groupBy(last.values(), ({ run }) => machineText(run));
  return [...byMachine.values()]
    .map((of) =>
      of
        .toSorted((left, right) => (left.report.at < right.report.at ? -1 : 1))
        .reduce<KeptRun | null>((merged, { run, report }) => mergedRun(merged, { ...run, reports: [report] }), null),
    )
    .filter((run) => run !== null)
    .toSorted((left, right) => (left.at > right.at ? -1 : 1));
}

/** Whether the figures in the README are the last kept ones, as `--save` writes them. */
export async function hasLatestFigures(places: KeptPlaces): Promise<boolean> {
  return (await readmeOf(places)) === readFileSync(places.readme, 'utf8');
}

async function formatted(text: string, file: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

const [FIGURES_BEGIN, FIGURES_END] = ['<!-- the last kept figures -->', '<!-- end of the figures -->'];

/** A text with the figures of runs between its two marks, a table each. Throws where it has none. */
export function withFigures(text: string, runs: readonly KeptRun[]): string {
  const [begin, end] = [text.indexOf(FIGURES_BEGIN), text.indexOf(FIGURES_END)];
  if (begin < 0 || end < begin) throw new Error('there is no place for the figures of a run');
  return `${text.slice(0, begin + FIGURES_BEGIN.length)}\n\n${runs.map(figuresOf).join('\n\n')}\n\n${text.slice(end)}`;
}

/** What has an aim, a line each. */
function figuresOf(run: KeptRun): string {
  const lines = run.reports.flatMap(({ benchmark, at, cases }) =>
    cases.flatMap((one) => {
      if (one.aim === null || one.aim === undefined) return [];
      // The figures of each size stand in the results.
      const name = one.name.replace(/ \(\d+: .*\)$/, '');
      const beside = [
        ...(one.peer === null ? [] : [`${one.peerName ?? 'peer'} ${rounded(one.peer)}`]),
        ...(one.limit === null ? [] : [`${one.limitName ?? 'limit'} ${rounded(one.limit)}`]),
      ].join('; ');
      const aim = `${one.aim}${one.isReached === true ? '' : ': **not reached**'}`;
      return [
        `| ${benchmark} | ${at.slice(5, 10)} | ${name} | ${rounded(one.ours)} ${one.unit} | ${beside} | ${aim} |`,
      ];
    }),
  );
  const head = '| Benchmark | Day | What | Ours | Beside | Aim |\n| --- | --- | --- | --- | --- | --- |';
  const of = `Up to ${run.at.slice(0, 10)}: Runledger ${run.version} on ${machineText(run)}; \`npm run bench -- all --save\` repeats it.`;
  return `${of}\n\n${head}\n${lines.join('\n')}`;
}

/** What is said of a machine, and what tells one from another: its memory by GiB, because it changes by a few bytes from start to start. */
function machineText({ machine }: KeptRun): string {
  const gib = Math.round(machine.memoryBytes / 2 ** 30);
  return `${machine.cores} cores of ${machine.cpu.trim()}, ${gib} GiB, ${machine.platform}, Node ${machine.node}`;
}

/** A whole run for people. */
function pageOf(run: KeptRun): string {
  const tables = run.reports.map((report) => {
    const [name, part] = report.benchmark.split(' ');
    const only = part === undefined ? [] : ['--only', part];
    const command = `npm run bench -- ${[name, ...only, ...report.args].join(' ')}`;
    const taken = `\`${command}\` at ${report.at.slice(0, 16).replace('T', ' ')} UTC, of ${report.commit}.`;
    return `## ${report.benchmark}\n\n${taken}\n\nMeasured on ${setUpText(report.setUp)}.\n\n${tableOf(report)}`;
  });
  return `# Benchmarks of ${run.at.slice(0, 10)}\n\nRunledger ${run.version} on ${machineText(run)}.\n\n${tables.join('\n')}`;
}

/** A benchmark's cases as the README shows them. */
export function tableOf({ benchmark, cases }: KeptReport): string {
  const lines = cases.map((one) =>
    [
      '',
      one.name,
      `${rounded(one.ours)} ${one.unit}${rangeOf(one.spread)}`,
      one.peer === null ? '' : `${rounded(one.peer)}${rangeOf(one.peerSpread)}: ${one.peerName ?? ''}`,
      one.ratio === null ? '' : `${rounded(one.ratio)}x`,
      one.limit === null ? '' : `${rounded(one.limit)}: ${one.limitName ?? ''}`,
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
