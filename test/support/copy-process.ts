import { openCache } from '#cache/open-cache.ts';
import { beginPageThread } from '#monitor/threads/page-thread-host.ts';
import { startMonitor } from '#monitor/start-monitor.ts';
import { openProcessStore } from '#store/process-store.ts';
import { endWithParent } from './end-with-parent.ts';
import { expectOk } from './expect-ok.ts';
import { PAGE_ENTRIES, QUICK_LIMITS, waitFor } from './monitored-copy.ts';

/**
 * A process that keeps a copy until it is killed; the test kills it wherever it happens to be. It writes a line for each
 * thing that it tells.
 */
const [uri = '', dbName = '', file = ''] = process.argv.slice(2);
endWithParent();

const cache = expectOk(openCache({ path: file, now: Date.now }));
if (cache.setAside !== null) throw new Error(cache.setAside);
const store = expectOk(
  await openProcessStore({
    uri,
    dbName,
    appName: 'runledger-test-copy',
  }),
);
startMonitor({
  changes: store.changes,
  writer: cache.writer,
  clock: { monotonicMs: () => performance.now() },
  wait: waitFor,
  random: Math.random,
  onChange: () => process.stdout.write('change\n'),
  onStatus: ({ mode }) => process.stdout.write(`${mode}\n`),
  limits: { ...QUICK_LIMITS, threadRows: 0 },
  beginPageThread: () => beginPageThread(PAGE_ENTRIES, file),
});
