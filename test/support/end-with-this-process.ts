import type { ChildProcess } from 'node:child_process';

const living = new Set<ChildProcess>();
let isWatching = false;

/**
 * Ends a process with the one that started it, however that leaves but by SIGKILL, which the process itself notices unless it is frozen
 * (`endWithParent`): one that is frozen or works on would do so for ever.
 */
export function endWithThisProcess(child: ChildProcess): void {
  living.add(child);
  child.once('exit', () => living.delete(child));
  if (isWatching) return;
  isWatching = true;
  process.once('exit', () => {
    for (const one of living) one.kill('SIGKILL');
  });
}
