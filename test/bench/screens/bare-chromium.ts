import { chromium, type Browser } from '@playwright/test';
import { findOrFetchChromium } from '#cli/chromium.ts';

/** The window of every measurement, in pixels. */
export const VIEW = { width: 1280, height: 800 } as const;

/** A Chromium of its own, without the application. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = await findOrFetchChromium({ env: process.env, say: () => undefined });
  if (executablePath === null) throw new Error('there is no Chromium');
  return chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}

/** What no window on this Chromium can be quicker than: from its start to a page with nothing in it, in milliseconds, three times. */
export async function bareStartTimes(): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const startedAt = performance.now();
    const browser = await launchChromium();
    const page = await browser.newPage({ viewport: VIEW });
    await page.setContent('<!doctype html><html lang="en"><head><title>Empty</title></head><body></body></html>');
    times.push(performance.now() - startedAt);
    await browser.close();
  }
  return times;
}

/** What the browser that draws calls itself. */
export async function chromiumVersion(): Promise<string> {
  const browser = await launchChromium();
  const version = browser.version();
  await browser.close();
  return version;
}
