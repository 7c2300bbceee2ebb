import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BookSpill } from '#console/reconciliation/blocks/book-spill.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { benchCase, medianCase, type BenchCase } from '../figures.ts';
import { printReport } from '../report.ts';
import { blockCountOf, keepBlocks } from './block-books.ts';
import { reconcileInDuckDb, type DuckDbResult } from './duckdb-books.ts';
import { digestOf } from './findings-digest.ts';
import { judgeAll } from '#domain/reconciliation/standing/judge.ts';
import { makeLargeBooks, optionsOf, type LargeBooks } from './large-books.ts';
import { runProductBenchmark } from './product.ts';
import { measureRepeat } from './repeat.ts';

/** What the cold process prints. */
const coldSchema = z.object({
  findings: z.number(),
  digest: z.string(),
  judgedMs: z.number(),
  peakMb: z.number(),
});

/** What the process prints that sorts and judges books without ever having them in memory. */
const boundedSchema = z.object({ findings: z.number(), entries: z.number(), peakMb: z.number() });

/** Rounds in which ours and DuckDB take turns; the medians count. */
const ROUNDS = 3;
/** Documents that change before a repeat. */
const CHANGED = 1000;

/**
 * `npm run bench -- reconcile [--jobs N] [--seed S] [--no-duckdb] [--bounded|--product] [--quick] [--json]`: N jobs (one million) and 3N entries,
 * all rules, beside the same joins in DuckDB over the same rows. `--bounded` measures the memory of N jobs (3,333,334: ten million
 * entries) and of a tenth of them, read and judged in blocks, and nothing else; `--product` what a run takes in the application, on an offline copy. Exits 1 when two ways do not find the same.
 */
export async function runReconcileBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      jobs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      duckdb: { type: 'boolean', default: true },
      bounded: { type: 'boolean', default: false },
      product: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs ?? (values.quick ? 2000 : values.bounded ? 3_333_334 : 1_000_000));
  if (!Number.isInteger(jobs) || jobs < 100 || jobs > 10_000_000) {
    console.error('--jobs is a number from 100 to 10000000');
    return 2;
  }
  if (values.product) return runProductBenchmark(jobs, values.seed, values.json);
  if (values.bounded) return runBounded(jobs, values.seed, values.json);
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  try {
    return await runBeside({ folder, jobs, seed: Number(values.seed), hasDuckDb: values.duckdb, isJson: values.json });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ours and DuckDB in turns over the same rows. @returns 1 where two of the ways do not find the same */
async function runBeside({
  folder,
  jobs,
  seed,
  hasDuckDb,
  isJson,
}: {
  readonly folder: string;
  readonly jobs: number;
  readonly seed: number;
  readonly hasDuckDb: boolean;
  readonly isJson: boolean;
}): Promise<number> {
  const map = new BlockMap(blockCountOf(jobs));
  const spill = new BookSpill(path.join(folder, 'spill'), map);
  const books = makeLargeBooks(jobs, seed, spill);
  const options = optionsOf(books);
  const blocks = await keptBlocks({ folder, map, spill, books });
  // What is compiled in the first round counts in none.
  const { findings } = measureRules(books, options);
  const [rules, cold, duckdb, reads]: [number[], Cold[], DuckDbResult[], number[]] = [[], [], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    rules.push(measureRules(books, options).rulesMs);
    cold.push(measureCold(blocks, books.closedPeriods));
    reads.push(readAll(blocks));
    if (hasDuckDb) duckdb.push(await reconcileInDuckDb(books, options));
  }
  const repeat = measureRepeat(judgeAll(books.view, options), options, CHANGED);
  const complaints = [
    ...duckdb.flatMap((one) =>
      digestOf(one.findings) === digestOf(findings) ? [] : [`they differ: ${differences(findings, one.findings)}`],
    ),
    ...(repeat.isSame ? [] : ['the repeat found something else than a full run']),
    ...(cold.every((one) => one.digest === digestOf(findings)) ? [] : ['the cold process found something else']),
  ];
  for (const complaint of complaints) console.error(complaint);
  const setUp = {
    jobs,
    entries: books.view.entries.count,
    findings: findings.length,
    changes: repeat.changes,
    rounds: ROUNDS,
    duckdb: duckdb[0]?.version ?? null,
  };
  const cases = casesOf({ buildMs: books.buildMs, rules, cold, reads, repeat, duckdb });
  printReport({ benchmark: 'reconcile', setUp, cases }, isJson);
  return complaints.length === 0 ? 0 : 1;
}

function casesOf(measured: {
  readonly buildMs: number;
  readonly rules: readonly number[];
  readonly cold: readonly Cold[];
  readonly reads: readonly number[];
  readonly repeat: { readonly repeatMs: number; readonly firstMs: number; readonly changes: number };
  readonly duckdb: readonly DuckDbResult[];
}): readonly BenchCase[] {
  const { buildMs, rules, cold, reads, repeat, duckdb } = measured;
  const beside = (of: (result: DuckDbResult) => number, peerName: string) =>
    duckdb.length === 0 ? {} : { peer: duckdb.map(of), peerName };
  const whole = beside(({ loadMs, queryMs }) => loadMs + queryMs, 'DuckDB with its loading');
  const coldCase = medianCase({
    name: 'all rules in a cold process over kept blocks, with its start and their reading',
    unit: 'ms',
    ours: cold.map(({ totalMs }) => totalMs),
    ...whole,
    limit: reads,
    limitName: 'reading the bytes of the same files, and nothing else',
    aim: 'under 2000 ms, and faster than the peer',
  });
  const rulesCase = medianCase({
    name: 'all rules over columns in memory',
    unit: 'ms',
    ours: rules,
    ...beside(({ queryMs }) => queryMs, 'DuckDB without its loading'),
    aim: 'within 1.5 times the peer',
  });
  return [
    { ...coldCase, isReached: coldCase.ours < 2000 && (coldCase.ratio ?? 0) < 1 },
    { ...rulesCase, isReached: (rulesCase.ratio ?? 0) <= 1.5 },
    medianCase({
      name: 'rows to sorted columns and all rules',
      unit: 'ms',
      ours: rules.map((ms) => ms + buildMs),
      ...whole,
    }),
    benchCase({
      name: `repeat after ${repeat.changes} changes`,
      unit: 'ms',
      ours: repeat.repeatMs,
      aim: 'under 200 ms',
      isReached: repeat.repeatMs < 200,
    }),
    benchCase({ name: `the first repeat, which makes its indexes`, unit: 'ms', ours: repeat.firstMs }),
    benchCase({
      name: 'peak memory of the cold process',
      unit: 'MB',
      ours: Math.max(...cold.map(({ peakMb }) => peakMb)),
    }),
  ];
}

/** Runs every rule once over the columns. */
function measureRules(books: LargeBooks, options: RuleOptions): { rulesMs: number; findings: readonly string[] } {
  const startedAt = performance.now();
  const found = reconcile(books.view, options).findings;
  const rulesMs = performance.now() - startedAt;
  return { rulesMs, findings: found.map(({ id, credits }) => `${id}|${credits}`).toSorted() };
}

/** Keeps the books as blocks in a folder of their own. @returns the folder */
async function keptBlocks({
  folder,
  map,
  spill,
  books,
}: {
  readonly folder: string;
  readonly map: BlockMap;
  readonly spill: BookSpill;
  readonly books: LargeBooks;
}): Promise<string> {
  const blocks = path.join(folder, 'blocks');
  const { accounts, seen: memory } = books;
  const { seen: _seen, ...options } = optionsOf(books);
  await keepBlocks(blocks, { map, spill, accounts, options, seenOf: (_view, block) => map.seenOf(memory, block) });
  return blocks;
}

/** How long it takes to read every file of a folder, in milliseconds. */
function readAll(folder: string): number {
  const startedAt = performance.now();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) readFileSync(path.join(entry.parentPath, entry.name));
  return performance.now() - startedAt;
}

type Cold = z.infer<typeof coldSchema> & { readonly totalMs: number };

/** A fresh process that opens the kept blocks and runs every rule, from its start to its end. */
function measureCold(blocks: string, closedPeriods: readonly string[]): Cold {
  const startedAt = performance.now();
  const printed = runProgram('./cold-run.ts', [blocks, ...closedPeriods]);
  return { ...coldSchema.parse(printed), totalMs: performance.now() - startedAt };
}

/** Ten times the books must not take ten times the memory: each is sorted and judged by a process of its own. */
function runBounded(jobs: number, seed: string, isJson: boolean): number {
  const [small, large] = [Math.ceil(jobs / 10), jobs].map((count) =>
    boundedSchema.parse(runProgram('./bounded-run.ts', [String(count), seed])),
  );
  if (small === undefined || large === undefined) throw new Error('two processes were run');
  const cases = [
    benchCase({
      name: `peak memory of sorting and judging ${large.entries} entries in blocks`,
      unit: 'MB',
      ours: large.peakMb,
      peer: small.peakMb,
      peerName: `with ${small.entries} entries`,
      aim: 'bounded: less than twice that of a tenth of the books',
      isReached: large.peakMb < 2 * small.peakMb,
    }),
  ];
  printReport({ benchmark: 'reconcile', setUp: { jobs, large }, cases }, isJson);
  return 0;
}

function runProgram(name: string, args: readonly string[]): unknown {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const child = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.stderr}`);
  return JSON.parse(child.stdout);
}

function differences(ours: readonly string[], theirs: readonly string[]): string {
  const [left, right] = [new Set(ours), new Set(theirs)];
  const only = (list: readonly string[], other: ReadonlySet<string>): string =>
    list
      .filter((finding) => !other.has(finding))
      .slice(0, 5)
      .join(', ') || 'nothing';
  return `only here ${only(ours, right)}; only in DuckDB ${only(theirs, left)}`;
}
