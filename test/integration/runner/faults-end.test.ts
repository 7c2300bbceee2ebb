import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../faults/run.ts', import.meta.url));
const POLLING = { timeout: 20_000, interval: 100 };
/** The server and three runners. */
const PROCESSES = 4;

let ids: readonly number[] = [];
afterEach(() => {
  for (const id of ids.filter(isAlive)) process.kill(id, 'SIGKILL');
});

function childrenOf(parent: number | undefined): readonly number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, ppid] = /^\s*(\d+)\s+(\d+)\s.*-process\.ts/v.exec(line) ?? [];
    return Number(ppid) === parent ? [Number(pid)] : [];
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it.each(['SIGTERM', 'SIGINT'] as const)('the faults, ended by %s, leave no process behind', async (signal) => {
  const faults = spawn(process.execPath, [PROGRAM, '--rounds', '1', '--jobs', '400', '--plans', '0'], {
    stdio: 'ignore',
  });
  const ended = once(faults, 'exit');
  try {
    await expect.poll(() => (ids = childrenOf(faults.pid)).length, POLLING).toBe(PROCESSES);
    process.kill(ids[1] ?? 0, 'SIGSTOP');
    faults.kill(signal);
    await ended;
    await expect.poll(() => ids.filter(isAlive), POLLING).toEqual([]);
    expect(faults.exitCode).toBe(128 + constants.signals[signal]);
  } finally {
    faults.kill('SIGKILL');
  }
});

it('the faults, killed, leave no process behind that works on', async () => {
  const faults = spawn(process.execPath, [PROGRAM, '--rounds', '1', '--jobs', '400', '--plans', '0'], {
    stdio: 'ignore',
  });
  try {
    await expect.poll(() => (ids = childrenOf(faults.pid)).length, POLLING).toBe(PROCESSES);
  } finally {
    faults.kill('SIGKILL');
  }
  await expect.poll(() => ids.filter(isAlive), POLLING).toEqual([]);
});
