import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BookSpill } from '#console/reconciliation/blocks/book-spill.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { benchCase, lineOf, machineOf, type BenchCase } from '../figures.ts';
import { AS_OF_MS, WORLD_PRICES } from '../worlds/clean-job.ts';
import { blockCountOf, keepBlocks } from './block-books.ts';
import { reconcileInDuckDb } from './duckdb-books.ts';
import { digestOf } from './findings-digest.ts';
import { judgeAll } from '#domain/reconciliation/standing/judge.ts';
import { makeLargeBooks, type LargeBooks } from './large-books.ts';
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

/** How often each engine's rules are run in this process; the best counts for both. */
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
  const say = (line: string): void => {
    if (!values.json) console.log(line);
  };
  if (values.product) return runProductBenchmark(jobs, values.seed, values.json);
  if (values.bounded) return runBounded(jobs, values.seed, values.json);
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  const map = new BlockMap(blockCountOf(jobs));
  const spill = new BookSpill(path.join(folder, 'spill'), map);
  const books = makeLargeBooks(jobs, Number(values.seed), spill);
  const options = optionsOf(books);
  const ours = measureRules(books, options);
  say(`${jobs} jobs, ${books.view.entries.count} entries, ${ours.findings.length} findings`);
  const repeat = measureRepeat(judgeAll(books.view, options), options, CHANGED);
  const cold = await measureCold({ folder, map, spill, books });
  const duckdb = values.duckdb ? await measureDuckDb(books, options) : null;
  const isColdSame = cold.digest === digestOf(ours.findings);
  const isSame = duckdb === null || digestOf(duckdb.findings) === digestOf(ours.findings);
  const cases = casesOf({ buildMs: books.buildMs, rulesMs: ours.rulesMs, cold, repeat, duckdb });
  for (const one of cases) say(lineOf(one));
  if (duckdb !== null && !isSame) say(`they differ: ${differences(ours.findings, duckdb.findings)}`);
  if (!repeat.isSame) say('the repeat found something else than a full run');
  if (!isColdSame) say('the cold process found something else');
  const setUp = {
    jobs,
    entries: books.view.entries.count,
    findings: ours.findings.length,
    changes: repeat.changes,
    duckdb: duckdb?.version ?? null,
  };
  if (values.json) console.log(JSON.stringify({ benchmark: 'reconcile', machine: machineOf(), setUp, cases }));
  return isSame && isColdSame && repeat.isSame ? 0 : 1;
}

function casesOf(measured: {
  readonly buildMs: number;
  readonly rulesMs: number;
  readonly cold: { readonly totalMs: number; readonly peakMb: number };
  readonly repeat: { readonly repeatMs: number; readonly firstMs: number; readonly changes: number };
  readonly duckdb: { readonly loadMs: number; readonly queryMs: number } | null;
}): readonly BenchCase[] {
  const { buildMs, rulesMs, cold, repeat, duckdb } = measured;
  const beside = (ms: number | null, peerName: string) => (ms === null ? {} : { peer: ms, peerName });
  const queryMs = duckdb?.queryMs ?? null;
  const wholeMs = duckdb === null ? null : duckdb.loadMs + duckdb.queryMs;
  return [
    benchCase({
      name: 'all rules in a cold process over kept blocks, with its start and their reading',
      unit: 'ms',
      ours: cold.totalMs,
      ...beside(wholeMs, 'DuckDB with its loading'),
      aim: 'under 2000 ms, and faster than the peer',
      isReached: cold.totalMs < 2000 && cold.totalMs < (wholeMs ?? Infinity),
    }),
    benchCase({
      name: 'all rules over columns in memory, the best of three',
      unit: 'ms',
      ours: rulesMs,
      ...beside(queryMs, 'DuckDB without its loading'),
      aim: 'within 1.5 times the peer',
      isReached: rulesMs <= 1.5 * (queryMs ?? Infinity),
    }),
    benchCase({
      name: 'rows to sorted columns and all rules',
      unit: 'ms',
      ours: buildMs + rulesMs,
      ...beside(wholeMs, 'DuckDB with its loading'),
    }),
    benchCase({
      name: `repeat after ${repeat.changes} changes`,
      unit: 'ms',
      ours: repeat.repeatMs,
      aim: 'under 200 ms',
      isReached: repeat.repeatMs < 200,
    }),
    benchCase({ name: `the first repeat, which makes its indexes`, unit: 'ms', ours: repeat.firstMs }),
    benchCase({ name: 'peak memory of the cold process', unit: 'MB', ours: cold.peakMb }),
  ];
}

function optionsOf(books: LargeBooks): RuleOptions {
  return {
    asOfMs: AS_OF_MS,
    pendingMsMax: 15 * 60_000,
    leaseGraceMs: 10 * 60_000,
    prices: WORLD_PRICES,
    closedPeriods: books.closedPeriods,
    seen: books.seen,
  };
}

function measureRules(books: LargeBooks, options: RuleOptions): { rulesMs: number; findings: readonly string[] } {
  let rulesMs = Infinity;
  let findings: readonly string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    const found = reconcile(books.view, options).findings;
    rulesMs = Math.min(rulesMs, performance.now() - startedAt);
    findings = found.map(({ id, credits }) => `${id}|${credits}`).toSorted();
  }
  return { rulesMs, findings };
}

/** A fresh process that opens the kept blocks and runs every rule, from its start to its end. */
async function measureCold({
  folder,
  map,
  spill,
  books,
}: {
  readonly folder: string;
  readonly map: BlockMap;
  readonly spill: BookSpill;
  readonly books: LargeBooks;
}): Promise<z.infer<typeof coldSchema> & { readonly totalMs: number }> {
  try {
    const blocks = path.join(folder, 'blocks');
    const { accounts, seen: memory } = books;
    const { seen: _seen, ...options } = optionsOf(books);
    await keepBlocks(blocks, { map, spill, accounts, options, seenOf: (_view, block) => map.seenOf(memory, block) });
    const startedAt = performance.now();
    const printed = runProgram('./cold-run.ts', [blocks, ...books.closedPeriods]);
    return { ...coldSchema.parse(printed), totalMs: performance.now() - startedAt };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
  if (isJson)
    console.log(JSON.stringify({ benchmark: 'reconcile', machine: machineOf(), setUp: { jobs, large }, cases }));
  else for (const one of cases) console.log(lineOf(one));
  return 0;
}

function runProgram(name: string, args: readonly string[]): unknown {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const child = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.stderr}`);
  return JSON.parse(child.stdout);
}

async function measureDuckDb(books: LargeBooks, options: RuleOptions): ReturnType<typeof reconcileInDuckDb> {
  let best = await reconcileInDuckDb(books, options);
  for (let round = 1; round < ROUNDS; round += 1) {
    const next = await reconcileInDuckDb(books, options);
    best = { ...best, loadMs: Math.min(best.loadMs, next.loadMs), queryMs: Math.min(best.queryMs, next.queryMs) };
  }
  return best;
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
