import { readFileSync } from 'node:fs';
import { decodeSeen, decodeView } from '#console/reconciliation/view-file.ts';
import { reconcile } from '#domain/reconciliation/reconcile.ts';
import { AS_OF_MS, WORLD_PRICES } from '../worlds/clean-job.ts';
import { digestOf } from './findings-digest.ts';

/** Opens kept columns, runs every rule and prints what it came to: what a cold start of a reconciliation takes. */
const [viewFile = '', seenFile = '', ...closedPeriods] = process.argv.slice(2);
const startedAt = performance.now();
const view = decodeView(readFileSync(viewFile), true);
const seen = decodeSeen(readFileSync(seenFile));
if (!view.ok || !seen.ok) throw new Error('the kept columns cannot be read');
const readAt = performance.now();
const { findings } = reconcile(view.value, {
  asOfMs: AS_OF_MS,
  pendingMsMax: 15 * 60_000,
  leaseGraceMs: 10 * 60_000,
  prices: WORLD_PRICES,
  closedPeriods,
  seen: seen.value,
});
const rulesMs = performance.now() - readAt;
console.log(
  JSON.stringify({
    findings: findings.length,
    digest: digestOf(findings.map(({ id, credits }) => `${id}|${credits}`).toSorted()),
    readMs: readAt - startedAt,
    rulesMs,
    rssMb: Math.round(process.memoryUsage.rss() / 1_000_000),
  }),
);
