import { setTimeout as delay } from 'node:timers/promises';
import { openCache } from '#cache/open-cache.ts';
import { beginPageThread } from '#monitor/threads/page-thread-host.ts';
import { startMonitor } from '#monitor/start-monitor.ts';
import { openProcessStore } from '#store/process-store.ts';
import { expectOk } from '../../support/expect-ok.ts';
import { PAGE_ENTRIES } from '../../support/monitored-copy.ts';
import { peakMemoryMb } from '../peak-memory.ts';

/**
 * Copies a database as the engine does, in a process of its own, so that its memory is its own too. Arguments: URI, database, file.
 * Prints how long it took, what it copied and what it needed; with `follow` it goes on, and prints a line for each change.
 */
const [uri = '', dbName = '', file = '', then = 'stop'] = process.argv.slice(2);
const store = expectOk(await openProcessStore({ uri, dbName, appName: 'runledger-bench' }));
const cache = expectOk(openCache({ path: file, now: Date.now }));
const startedAt = performance.now();
const following = Promise.withResolvers<string>();
const monitor = startMonitor({
  changes: store.changes,
  writer: cache.writer,
  clock: { monotonicMs: () => performance.now() },
  wait: async (ms, signal) => {
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
  random: Math.random,
  onChange: (jobIds) => {
    if (then === 'follow') process.stdout.write(`${JSON.stringify({ atMs: Date.now(), jobIds })}\n`);
  },
  onStatus: ({ mode }) => {
    if (mode === 'stream' || mode === 'polling') following.resolve(mode);
  },
  beginPageThread: () => beginPageThread(PAGE_ENTRIES, file),
  log: (line, cause) => process.stderr.write(`${line}: ${String(cause)}\n`),
});
const mode = await following.promise;
const counts = expectOk(cache.reader.documentCounts());
process.stdout.write(
  `${JSON.stringify({
    mode,
    tookMs: performance.now() - startedAt,
    documents: counts.jobs + counts.accounts + counts.ledger,
    maxRssMb: peakMemoryMb(),
  })}\n`,
);
if (then === 'stop') {
  await monitor.stop();
  cache.close();
  await store.close();
}
