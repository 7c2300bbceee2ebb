import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { benchCase } from '../figures.ts';
import { printReport } from '../report.ts';

const runsSchema = z.array(
  z.object({
    judgedMs: z.number(),
    keptMs: z.number(),
    documentsRead: z.number(),
    entries: z.number(),
    findings: z.number(),
    peakMb: z.number(),
  }),
);
type ProductRun = z.infer<typeof runsSchema>[number];

/** Documents that change before a run that goes on. */
const CHANGED = 1000;

/**
 * What a run takes in the application itself, on an offline copy of N jobs and 3N entries: the first one, one after a new start of the
 * program, and repeats after changes. Exits 1 where one of them has other findings than the first.
 */
export function runProductBenchmark(jobs: number, seed: string, isJson: boolean): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'runledger-product-'));
  try {
    const file = path.join(folder, 'copy.db');
    runProgram('../cache/fill-process.ts', [file, String(jobs), seed]);
    // What was not brought by a snapshot is complete as well, and from here on its changes are noted.
    const copy = new Database(file);
    copy.exec('UPDATE book_log SET is_on = 1');
    copy.close();
    const run = (changes: number, rounds: number): readonly ProductRun[] =>
      runsSchema.parse(
        runProgram('./product-run.ts', [file, path.join(folder, 'runs'), String(changes), String(rounds)]),
      );
    const [first] = run(0, 1);
    const [started] = run(0, 1);
    const changed = run(CHANGED, 3);
    const [afterChanges] = changed;
    if (first === undefined || started === undefined || afterChanges === undefined) throw new Error('runs were made');
    const cases = [
      benchCase({ name: 'the first run, which reads the whole copy', unit: 'ms', ours: first.judgedMs }),
      benchCase({ name: 'its peak memory', unit: 'MB', ours: first.peakMb }),
      benchCase({
        name: 'a run after a new start of the program',
        unit: 'ms',
        ours: started.judgedMs,
        aim: 'under 2000 ms',
        isReached: started.judgedMs < 2000,
      }),
      benchCase({
        name: `the same after ${CHANGED} changes`,
        unit: 'ms',
        ours: afterChanges.judgedMs,
        aim: 'under 2000 ms',
        isReached: afterChanges.judgedMs < 2000,
      }),
      benchCase({
        name: `a repeat in the same program after ${CHANGED} further changes, the best of two`,
        unit: 'ms',
        ours: Math.min(...changed.slice(1).map(({ judgedMs }) => judgedMs)),
      }),
    ];
    const setUp = { jobs, entries: first.entries, findings: first.findings, documentsRead: afterChanges.documentsRead };
    printReport({ benchmark: 'reconcile product', setUp, cases }, isJson);
    return started.findings === first.findings && started.entries === first.entries ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runProgram(name: string, args: readonly string[]): unknown {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const child = spawnSync(process.execPath, ['--max-old-space-size=6000', program, ...args], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(`${name} failed: ${child.stderr}`);
  return JSON.parse(child.stdout);
}
