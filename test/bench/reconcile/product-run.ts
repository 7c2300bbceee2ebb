import { openCache } from '#cache/open-cache.ts';
import { CacheBooks } from '#cache/books.ts';
import type { CacheChange } from '#cache/changes.ts';
import { runRulesAt } from '#console/reconciliation/run.ts';
import { BlockKeeper } from '#console/reconciliation/blocks/block-keeper.ts';
import type { LedgerEntry } from '#domain/ledger.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { BOOKS_AS_OF_MS } from '../cache/seeded-books.ts';
import { worldChargeRule } from '../worlds/clean-job.ts';
import { peakMemoryMb } from '../peak-memory.ts';

/**
 * What a run does in the application, on its own offline copy and folder of runs, up to where it asks the server: judges the copy,
 * and keeps what it has read and seen. Arguments: file of the copy, folder, how many entries change before, how often it is repeated
 * in this process. Prints what each took.
 */
const [file = '', folder = '', changes = '0', rounds = '1'] = process.argv.slice(2);
const lines: Record<string, unknown>[] = [];
const keeper = new BlockKeeper(folder);
for (let round = 0; round < Number(rounds); round += 1) {
  const writtenMs = Number(changes) > 0 ? rewrite(Number(changes), round) : 0;
  // The first run counts from the start of the program, without what was written for it.
  const startedAt = round === 0 ? writtenMs : performance.now();
  const books = expectOk(CacheBooks.open(file));
  expectOk(books.begin());
  const judgement = expectOk(
    await keeper.judge(books, {
      rules: runRulesAt(BOOKS_AS_OF_MS, { prices: [], closedPeriods: [], memories: [] }),
      chargeRule: worldChargeRule,
      chargeBasis: 'bench',
      signal: new AbortController().signal,
      onProgress: () => undefined,
    }),
  );
  const judgedMs = performance.now() - startedAt;
  books.close();
  expectOk(await judgement.remember());
  const { verdict } = judgement.judged;
  lines.push({
    judgedMs: Math.round(judgedMs),
    keptMs: Math.round(performance.now() - startedAt - judgedMs),
    documentsRead: judgement.documentsRead,
    entries: verdict.inputs.counts.entries,
    findings: verdict.findings.length,
    peakMb: peakMemoryMb(),
  });
}
console.log(JSON.stringify(lines));

/** Writes grants that are new into the copy, as the monitor does. @returns what it took, in milliseconds */
function rewrite(count: number, round: number): number {
  const startedAt = performance.now();
  const cache = expectOk(openCache({ path: file, now: () => BOOKS_AS_OF_MS }));
  const written = Array.from({ length: count }, (_, nth): CacheChange => {
    const at = new Date(BOOKS_AS_OF_MS - 60_000);
    const entry: LedgerEntry = {
      _id: `bench-${process.pid}-${round}-${nth}:grant:1`,
      workspaceId: `bench-${nth % 500}`,
      jobId: null,
      generationId: null,
      attempt: null,
      type: 'grant',
      credits: 1,
      at,
      actor: { type: 'user', id: 'bench' },
      reason: 'bench',
      period: at.toISOString().slice(0, 7),
    };
    return { type: 'entry', entry };
  });
  expectOk(cache.writer.apply(written, null));
  cache.close();
  return performance.now() - startedAt;
}
