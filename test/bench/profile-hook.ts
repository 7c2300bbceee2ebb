import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import path from 'node:path';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { isMainThread, threadId } from 'node:worker_threads';
import { peakMemoryBytes } from './peak-memory.ts';

/**
 * Loaded before a program by `npm run bench -- NAME --profile`, in each of its processes and threads: writes a CPU profile and a
 * summary of the heap when it ends. Where a process is killed there is none.
 */
const folder = process.env['RUNLEDGER_PROFILES'];
if (folder !== undefined) profileInto(folder);

function profileInto(into: string): void {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  process.once('exit', () => {
    const program = path.basename(process.argv[1] ?? 'node').replace(/\.[cm]?[jt]s$/, '');
    const name = `${program}-${process.pid}${isMainThread ? '' : `-thread-${threadId}`}`;
    mkdirSync(into, { recursive: true });
    // Within its own thread a session answers at once.
    session.post('Profiler.stop', (error, answer) => {
      if (error === null) writeFileSync(path.join(into, `${name}.cpuprofile`), JSON.stringify(answer.profile));
    });
    const heap = {
      ...getHeapStatistics(),
      spaces: getHeapSpaceStatistics(),
      peakRssBytes: peakMemoryBytes(),
    };
    writeFileSync(path.join(into, `${name}.heap.json`), JSON.stringify(heap, null, 1));
  });
}
