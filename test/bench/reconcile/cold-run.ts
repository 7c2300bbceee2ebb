import { AS_OF_MS, WORLD_PRICES } from '../worlds/clean-job.ts';
import { judgeBlocks } from './block-books.ts';
import { digestOf } from './findings-digest.ts';
import { peakMemoryMb } from '../peak-memory.ts';

/** Opens kept blocks, runs every rule and prints what it came to: what a cold start of a reconciliation takes. */
const [folder = '', ...closedPeriods] = process.argv.slice(2);
const startedAt = performance.now();
const { findings } = judgeBlocks(folder, {
  asOfMs: AS_OF_MS,
  pendingMsMax: 15 * 60_000,
  leaseGraceMs: 10 * 60_000,
  prices: WORLD_PRICES,
  closedPeriods,
});
const judgedMs = performance.now() - startedAt;
console.log(
  JSON.stringify({
    findings: findings.length,
    digest: digestOf(findings.map(({ id, credits }) => `${id}|${credits}`).toSorted()),
    judgedMs,
    peakMb: peakMemoryMb(),
  }),
);
