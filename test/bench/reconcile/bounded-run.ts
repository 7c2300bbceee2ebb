import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BookSpill } from '#console/reconciliation/blocks/book-spill.ts';
import { BlockMap } from '#domain/reconciliation/blocks/block-map.ts';
import { AS_OF_MS, WORLD_PRICES } from '../worlds/clean-job.ts';
import { blockCountOf, keepBlocks } from './block-books.ts';
import { CLOSED_PERIODS, makeDocuments, makeMemory } from './large-books.ts';
import { peakMemoryMb } from '../peak-memory.ts';

/** Makes the documents of large books, sorts them into blocks and judges these, and prints how much memory it had at most. */
const jobs = Number(process.argv[2]);
const seed = Number(process.argv[3]);
const folder = mkdtempSync(path.join(tmpdir(), 'runledger-bounded-'));
try {
  const map = new BlockMap(blockCountOf(jobs));
  const spill = new BookSpill(path.join(folder, 'spill'), map);
  const { accounts } = makeDocuments(jobs, seed, [spill]);
  const { findings, inputs } = await keepBlocks(path.join(folder, 'blocks'), {
    map,
    spill,
    accounts,
    seenOf: (view) => makeMemory(view).seen,
    options: {
      asOfMs: AS_OF_MS,
      pendingMsMax: 15 * 60_000,
      leaseGraceMs: 10 * 60_000,
      prices: WORLD_PRICES,
      closedPeriods: CLOSED_PERIODS,
    },
  });
  const peakMb = peakMemoryMb();
  console.log(JSON.stringify({ findings: findings.length, entries: inputs.counts.entries, peakMb }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
