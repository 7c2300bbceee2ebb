import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
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

/**
 * A run beside what was kept before: a benchmark that ran again takes the place of its last report. What was measured on another
 * machine, or for function only, goes.
 */
export function mergedRun(kept: KeptRun | null, run: KeptRun): KeptRun {
  const isSame = kept !== null && isDeepStrictEqual(kept.machine, run.machine) && kept.isQuick === run.isQuick;
  const others = isSame
    ? kept.reports.filter(({ benchmark }) => run.reports.every((one) => one.benchmark !== benchmark))
    : [];
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
 * Writes a run beside what the same day has kept already, for machines and for people, and its figures with an aim into the README.
 * @returns the file, without its ending
 */
export async function keepRun({ results, readme }: KeptPlaces, run: KeptRun): Promise<string> {
  mkdirSync(results, { recursive: true });
  const file = path.join(results, run.at.slice(0, 10));
  const kept = existsSync(`${file}.json`) ? runSchema.parse(JSON.parse(readFileSync(`${file}.json`, 'utf8'))) : null;
  const whole = mergedRun(kept, run);
  writeFileSync(`${file}.json`, `${JSON.stringify(whole, null, 1)}\n`);
  writeFileSync(`${file}.md`, await formatted(pageOf(whole), `${file}.md`));
  writeFileSync(readme, await readmeOf({ results, readme }));
  return path.relative(process.cwd(), file);
}

/** The text of the README with the last figures of each benchmark in it. */
async function readmeOf({ results, readme }: KeptPlaces): Promise<string> {
  const last = lastOfEach(results);
  const text = readFileSync(readme, 'utf8');
  return formatted(last === null ? text : withFigures(text, last), readme);
}

/** The last report of each benchmark, whatever day it is of, on the machine of the last run; null where nothing is kept. */
function lastOfEach(results: string): KeptRun | null {
  return readdirSync(results)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => runSchema.parse(JSON.parse(readFileSync(path.join(results, name), 'utf8'))))
    .reduce<KeptRun | null>(mergedRun, null);
}

/** Whether the figures in the README are the last kept ones, as `--save` writes them. */
export async function hasLatestFigures(places: KeptPlaces): Promise<boolean> {
  return (await readmeOf(places)) === readFileSync(places.readme, 'utf8');
}

async function formatted(text: string, file: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}

const [FIGURES_BEGIN, FIGURES_END] = ['<!-- the last kept figures -->', '<!-- end of the figures -->'];

/** A text with the figures of a run between its two marks. Throws where it has none. */
export function withFigures(text: string, run: KeptRun): string {
  const [begin, end] = [text.indexOf(FIGURES_BEGIN), text.indexOf(FIGURES_END)];
  if (begin < 0 || end < begin) throw new Error('there is no place for the figures of a run');
  return `${text.slice(0, begin + FIGURES_BEGIN.length)}\n\n${figuresOf(run)}\n\n${text.slice(end)}`;
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
