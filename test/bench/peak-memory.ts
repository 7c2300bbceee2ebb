import { existsSync, readFileSync } from 'node:fs';

const STATUS = '/proc/self/status';

/**
 * The most memory that this process has had resident, in bytes. Linux counts into a process's `maxRSS` what its parent had when it
 * was started (getrusage(2), kept over execve), which tells of the parent where that is larger; the peak in /proc is its own.
 */
export function peakMemoryBytes(): number {
  const status = existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : '';
  const own = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return (own === undefined ? process.resourceUsage().maxRSS : Number(own)) * 1024;
}

/** The same in whole MB of a million bytes. */
export function peakMemoryMb(): number {
  return Math.round(peakMemoryBytes() / 1_000_000);
}
