import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';

const MEBIBYTE = 1024 * 1024;

/** What a page holds, in MiB. */
export interface PageMemory {
  /** Its program's heap, after a collection of garbage. */
  readonly heapMiB: number;
  /** The largest of the processes that draw the browser's pages: what is its own, and its share of what others have too (`Pss` of Linux). */
  readonly processMiB: number;
}

/** Measures a page of a browser that shows no other. */
export async function pageMemory(page: Page): Promise<PageMemory> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  const browser = page.context().browser();
  if (browser === null) throw new Error('the page belongs to no browser');
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
  await whole.detach();
  const drawing = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => shareMiB(id));
  return { heapMiB: usedSize / MEBIBYTE, processMiB: Math.max(...drawing) };
}

function shareMiB(pid: number): number {
  const kibibytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  if (kibibytes === undefined) throw new Error(`no memory is told of process ${pid}`);
  return Number(kibibytes) / 1024;
}
