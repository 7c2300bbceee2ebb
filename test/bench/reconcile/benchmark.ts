import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { encodeSeen, encodeView } from '#console/reconciliation/view-file.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import type { RuleOptions } from '#domain/reconciliation/rule.ts';
import { AS_OF_MS, WORLD_PRICES } from '../worlds/clean-job.ts';
import { reconcileInDuckDb } from './duckdb-books.ts';
import { digestOf } from './findings-digest.ts';
import { judgeAll } from '#domain/reconciliation/standing/judge.ts';
import { makeLargeBooks, type LargeBooks } from './large-books.ts';
import { measureRepeat } from './repeat.ts';

/** What the cold process prints. */
const coldSchema = z.object({
  findings: z.number(),
  digest: z.string(),
  readMs: z.number(),
  rulesMs: z.number(),
  rssMb: z.number(),
});

/** How often each engine's rules are run in this process; the best counts for both. */
const ROUNDS = 3;
/** Documents that change before a repeat. */
const CHANGED = 1000;

/**
 * `npm run bench -- reconcile [--jobs N] [--seed S] [--no-duckdb] [--json]`: N jobs (one million) and 3N entries, all rules,
 * beside the same joins in DuckDB over the same rows. Exits 1 when the two do not find the same.
 */
export async function runReconcileBenchmark(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      jobs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      duckdb: { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
    },
  });
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 100 || jobs > 10_000_000) {
    console.error('--jobs is a number from 100 to 10000000');
    return 2;
  }
  const say = (line: string): void => {
    if (!values.json) console.log(line);
  };
  const books = makeLargeBooks(jobs, Number(values.seed));
  const options = optionsOf(books);
  say(`${jobs} jobs, ${books.view.entries.count} entries, ${books.seen.count} entries seen before`);
  const ours = measureRules(books, options);
  say(
    `rows to sorted columns ${seconds(books.buildMs)}, all rules ${seconds(ours.rulesMs)}, ${ours.findings.length} findings`,
  );
  const repeat = measureRepeat(judgeAll(books.view, options), options, CHANGED);
  say(
    `repeat after ${repeat.changes} changes ${seconds(repeat.repeatMs)} (the first ${seconds(repeat.firstMs)}), ${repeat.isSame ? 'the same as a full run' : 'NOT the same as a full run'}`,
  );
  const cold = measureCold(books);
  say(
    `cold process over kept columns ${seconds(cold.totalMs)} (read ${seconds(cold.readMs)}, rules ${seconds(cold.rulesMs)}), ${cold.rssMb} MB`,
  );
  const duckdb = values.duckdb ? await measureDuckDb(books, options) : null;
  const isColdSame = cold.digest === digestOf(ours.findings);
  const isSame = duckdb === null || digestOf(duckdb.findings) === digestOf(ours.findings);
  if (duckdb !== null) {
    say(
      `DuckDB ${duckdb.version}: loading ${seconds(duckdb.loadMs)}, all rules ${seconds(duckdb.queryMs)}, ${duckdb.findings.length} findings`,
    );
    say(
      `without loading: ${ratio(ours.rulesMs, duckdb.queryMs)} of DuckDB's time; with loading: ${ratio(books.buildMs + ours.rulesMs, duckdb.loadMs + duckdb.queryMs)}; cold process beside DuckDB with loading: ${ratio(cold.totalMs, duckdb.loadMs + duckdb.queryMs)}`,
    );
    say(isSame ? 'both found the same' : `they differ: ${differences(ours.findings, duckdb.findings)}`);
  }
  if (!isColdSame) say('the cold process found something else');
  if (values.json) {
    console.log(
      JSON.stringify({
        jobs,
        entries: books.view.entries.count,
        findings: ours.findings.length,
        buildMs: Math.round(books.buildMs),
        rulesMs: Math.round(ours.rulesMs),
        coldMs: Math.round(cold.totalMs),
        coldRssMb: cold.rssMb,
        repeatMs: Math.round(repeat.repeatMs),
        repeatFirstMs: Math.round(repeat.firstMs),
        repeatChanges: repeat.changes,
        duckdb:
          duckdb === null
            ? null
            : { version: duckdb.version, loadMs: Math.round(duckdb.loadMs), queryMs: Math.round(duckdb.queryMs) },
        ratioWithoutLoading: duckdb === null ? null : ours.rulesMs / duckdb.queryMs,
        ratioWithLoading: duckdb === null ? null : (books.buildMs + ours.rulesMs) / (duckdb.loadMs + duckdb.queryMs),
        isSame: isSame && isColdSame && repeat.isSame,
      }),
    );
  }
  return isSame && isColdSame && repeat.isSame ? 0 : 1;
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

/** A fresh process that opens the kept columns and runs every rule, from its start to its end. */
function measureCold(books: LargeBooks): z.infer<typeof coldSchema> & { readonly totalMs: number } {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bench-'));
  try {
    const viewFile = path.join(folder, 'view.cols');
    const seenFile = path.join(folder, 'seen.cols');
    writePieces(viewFile, encodeView(books.view, { source: 'bench', asOfMs: AS_OF_MS }));
    writePieces(seenFile, encodeSeen(books.seen));
    const program = fileURLToPath(new URL('./cold-run.ts', import.meta.url));
    const startedAt = performance.now();
    const child = spawnSync(process.execPath, [program, viewFile, seenFile, ...books.closedPeriods], {
      encoding: 'utf8',
    });
    const totalMs = performance.now() - startedAt;
    if (child.status !== 0) throw new Error(`the cold process failed: ${child.stderr}`);
    return { ...coldSchema.parse(JSON.parse(child.stdout)), totalMs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writePieces(file: string, pieces: readonly Uint8Array[]): void {
  const handle = openSync(file, 'w');
  try {
    for (const piece of pieces)
      for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at, piece.length - at);
  } finally {
    closeSync(handle);
  }
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

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function ratio(ours: number, theirs: number): string {
  return `${(ours / theirs).toFixed(2)}x`;
}
