import { systemCodeOf } from '#domain/errors.ts';

/** More than a process's number ever is: what stands above it in a version counts the versions. */
const PROCESSES = 2 ** 32;

/**
 * The version that a process writes next, beside the one that stands: no other process writes the same, so that two runs in one folder
 * never mix their files.
 */
export function versionAfter(version: number, pid: number): number {
  return (Math.floor(version / PROCESSES) + 1) * PROCESSES + pid;
}

/** True where nobody works on files of that version any more: their process has ended, or it is this one and begins anew. */
export function isAbandoned(version: number, pid: number): boolean {
  // Older builds counted versions alone.
  if (version < PROCESSES) return true;
  const writer = version % PROCESSES;
  return writer === pid || !isAlive(writer);
}

/** True while there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    // It is there, and somebody else's.
    return systemCodeOf(cause) === 'EPERM';
  }
}
