import type { Page } from '@playwright/test';

const STATES = ['queued', 'running', 'validating', 'completed', 'failed', 'retrying'];
const KINDS = ['website', 'image', 'video', 'document'];

/** What a window does when it was opened or scrolled is done after so long, and is measured by other cases; in milliseconds. */
const SETTLED_MS = 3000;

const FILTERS = [
  ...STATES.map((state) => ({ address: `state=${state}`, query: `state:${state}` })),
  ...KINDS.map((kind) => ({ address: `kind=${kind}`, query: `kind:${kind}` })),
  ...STATES.flatMap((state) =>
    KINDS.map((kind) => ({ address: `state=${state}&kind=${kind}`, query: `state:${state} kind:${kind}` })),
  ),
];

/**
 * How long each of many filters takes to its rows on the screen, in milliseconds; each is asked for once, behind the other.
 * @param by `link` from its address on, `entered` from Enter on with its text in the field
 */
export async function answerTimes(page: Page, by: 'link' | 'entered'): Promise<readonly number[]> {
  await page.waitForTimeout(SETTLED_MS);
  const times: number[] = [];
  for (const { address, query } of FILTERS) {
    times.push(
      await page.evaluate(
        async ([wanted, typed]) => {
          const ids = (): string =>
            [...document.querySelectorAll('.jobs-scroll [data-job-id]')]
              .map((row) => row.getAttribute('data-job-id') ?? '')
              .join(' ');
          const before = ids();
          const startedAt = performance.now();
          if (typed === null) location.hash = `#/jobs?${wanted}`;
          else {
            const field = document.querySelector('.query-field input');
            if (!(field instanceof HTMLInputElement)) throw new Error('there is no field for filters');
            Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(field, typed);
            field.dispatchEvent(new Event('input', { bubbles: true }));
            field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
          }
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
        },
        [address, by === 'link' ? null : query] as const,
      ),
    );
  }
  return times;
}
