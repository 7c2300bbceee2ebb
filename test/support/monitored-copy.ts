import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCache, type Cache } from '#cache/open-cache.ts';
import type { MonitorStatus } from '#contract/status.ts';
import type { MonitorLimits } from '#monitor/ports.ts';
import { startMonitor, type Monitor } from '#monitor/start-monitor.ts';
import type { PageEntries } from '#monitor/threads/page-thread-host.ts';
import type { ChangeSource } from '#store/change-source.ts';
import { expectOk } from './expect-ok.ts';

/** The modules of the threads that write a snapshot. */
export const PAGE_ENTRIES: PageEntries = {
  pages: new URL('../../electron/monitor/threads/page-thread.ts', import.meta.url),
  log: new URL('../../electron/cache/threads/log-thread.ts', import.meta.url),
};

/** Times that make a test quick and change nothing of what is done. */
export const QUICK_LIMITS: Partial<MonitorLimits> = {
  pageRows: 20,
  pollMs: 50,
  sweepMs: 200,
  backOffMsMax: 500,
  streamAnswerMs: 5000,
};

/** Waits, and ends early when the signal is aborted. */
export function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** A copy in a folder of its own, and monitors that keep it. */
export interface MonitoredCopy {
  readonly file: string;
  readonly cache: Cache;
  readonly statuses: MonitorStatus[];
  readonly changed: Set<string>;
  start(changes: ChangeSource): Monitor;
  end(): Promise<void>;
}

/** @param standing the file of a copy that was left behind, which stays; null makes one that goes with its folder */
export function setupCopy(standing: string | null = null): MonitoredCopy {
  const folder = standing === null ? mkdtempSync(path.join(tmpdir(), 'runledger-copy-')) : null;
  const file = standing ?? path.join(folder ?? '', 'copy.sqlite');
  const cache = expectOk(openCache({ path: file, now: Date.now }));
  if (cache.setAside !== null) throw new Error(cache.setAside);
  const monitors: Monitor[] = [];
  const statuses: MonitorStatus[] = [];
  const changed = new Set<string>();
  return {
    file,
    cache,
    statuses,
    changed,
    start: (changes) => {
      const monitor = startMonitor({
        changes,
        writer: cache.writer,
        clock: { monotonicMs: () => performance.now() },
        wait: waitFor,
        random: Math.random,
        onChange: (ids) => ids.forEach((id) => changed.add(id)),
        onStatus: (status) => statuses.push(status),
        limits: QUICK_LIMITS,
      });
      monitors.push(monitor);
      return monitor;
    },
    end: async () => {
      await Promise.all(monitors.map((monitor) => monitor.stop()));
      cache.close();
      if (folder !== null) rmSync(folder, { recursive: true, force: true });
    },
  };
}
