import type { Page } from '@playwright/test';

const STATES = ['queued', 'running', 'validating', 'completed', 'failed', 'retrying'];
const KINDS = ['website', 'image', 'video', 'document'];

/** What a window does when it was opened or scrolled is done after so long, and is measured by other cases; in milliseconds. */
const SETTLED_MS = 3000;

/** How long each of many filters takes from the click to its rows on the screen, in milliseconds; each is asked for once, behind the other. */
export async function answerTimes(page: Page): Promise<readonly number[]> {
  await page.waitForTimeout(SETTLED_MS);
  const filters = [
    ...STATES.map((state) => `state=${state}`),
    ...KINDS.map((kind) => `kind=${kind}`),
    ...STATES.flatMap((state) => KINDS.map((kind) => `state=${state}&kind=${kind}`)),
  ];
  const times: number[] = [];
  for (const filter of filters) {
    times.push(
      await page.evaluate(async (wanted) => {
        const ids = (): string =>
          [...document.querySelectorAll('.jobs-scroll [data-job-id]')]
            .map((row) => row.getAttribute('data-job-id') ?? '')
            .join(' ');
        const before = ids();
        const startedAt = performance.now();
        location.hash = `#/jobs?${wanted}`;
        // Behind every change of the page's content is a frame; what is there in it is on the screen.
        for (;;) {
          await new Promise((resolve) => {
            requestAnimationFrame(resolve);
          });
          const table = document.querySelector('.jobs-table');
          const isAnswered = table === null || table.getAttribute('data-updating') === 'false';
          const isNone =
            document.querySelector('.jobs-table') === null && document.querySelector('.screen-message') !== null;
          if (isAnswered && (isNone || (ids() !== before && ids() !== ''))) return performance.now() - startedAt;
          if (performance.now() - startedAt > 30_000) throw new Error(`no answer to ${wanted} in 30 s`);
        }
      }, filter),
    );
  }
  return times;
}
