import type { Locator, Page } from '@playwright/test';
import { queuedJob } from '../support/job-builder.ts';
import { expect, test } from './application.ts';
import { placesOfRows, rowOf } from './job.page.ts';
import { WORKSPACE } from './production.ts';

const JOBS = 1500;
const grid = (page: Page): Locator => page.getByRole('grid', { name: 'Jobs' });
const scrollTop = (page: Page): Promise<number> => grid(page).evaluate((element) => element.scrollTop);
const idOf = (n: number): string => `job-${String(n).padStart(4, '0')}`;

/** Jobs that nobody runs; the one with the lowest number is the oldest and stands at the end. */
test.describe('a long list of jobs', () => {
  test.beforeEach(async ({ production }) => {
    const now = Date.now();
    for (let from = 1; from <= JOBS; from += 250) {
      await Promise.all(
        Array.from({ length: 250 }, (_, n) => {
          const id = idOf(from + n);
          const { _id, ...job } = queuedJob({
            id,
            workspaceId: WORKSPACE,
            createdAt: new Date(now - (JOBS - from - n) * 1000),
          });
          return production.writeRaw({ _id, ...job });
        }),
      );
    }
  });

  test('is read to its last row by the keyboard and the wheel, and stands still while jobs arrive', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(grid(page)).toHaveAttribute('aria-rowcount', String(JOBS + 1));
    await expect(rowOf(page, idOf(JOBS))).toBeVisible();
    await grid(page).focus();
    await page.keyboard.press('End');
    await expect(rowOf(page, idOf(1))).toBeVisible();
    await expect(rowOf(page, idOf(1))).toHaveAttribute('data-active', 'true');
    await expect(rowOf(page, idOf(1))).toHaveAttribute('aria-rowindex', String(JOBS + 1));
    await expect(page.getByText(`of ${JOBS.toLocaleString('en')}`)).toBeVisible();

    // Upwards through several stretches: nothing is left out and nothing comes twice.
    const seen = new Set<string>();
    await grid(page).hover();
    for (let n = 0; n < 30; n += 1) {
      const before = await scrollTop(page);
      await page.mouse.wheel(0, -700);
      // The wheel is turned, and the list moves when it gets to it.
      await expect.poll(() => scrollTop(page)).toBeLessThan(before);
      await expect(grid(page).locator('.is-empty')).toHaveCount(0);
      for (const id of await grid(page)
        .locator('[data-job-id]')
        .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-job-id') ?? ''))) {
        seen.add(id);
      }
    }
    const numbers = [...seen].map((id) => Number(id.slice(4))).toSorted((left, right) => left - right);
    const [first = 0] = numbers;
    expect(numbers).toEqual(numbers.map((_, n) => first + n));
    // More than two stretches of two hundred; how far the last turns of the wheel have come depends on the machine.
    expect(numbers.length).toBeGreaterThan(450);

    // At rest the page has the rows in their order, however they were placed in motion.
    const ranks = (): Promise<readonly number[]> =>
      grid(page)
        .locator('[data-job-id]')
        .evaluateAll((rows) => rows.map((row) => Number(row.getAttribute('aria-rowindex'))));
    await expect.poll(async () => isInOrder(await ranks())).toBe(true);

    // In the middle of the list a job arrives at its top: what is in sight stays where it is.
    const before = await placesOfRows(page);
    await production.order({ id: 'new-1', priceCredits: 100 });
    await expect(grid(page)).toHaveAttribute('aria-rowcount', String(JOBS + 2));
    expect(await placesOfRows(page)).toEqual(before);

    await page.keyboard.press('Home');
    await expect(rowOf(page, 'new-1')).toBeVisible();
  });

  test('is found again where it was left, by the way back', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await expect(grid(page)).toHaveAttribute('aria-rowcount', String(JOBS + 1));
    await expect(rowOf(page, idOf(JOBS))).toBeVisible();
    await grid(page).evaluate((element) => element.scrollTo({ top: 36 * 900 }));
    await expect(rowOf(page, idOf(JOBS - 905))).toBeVisible();
    await rowOf(page, idOf(JOBS - 905))
      .getByRole('link')
      .first()
      .click();
    await expect(page.getByRole('heading', { level: 1, name: idOf(JOBS - 905) })).toBeVisible();
    await page.goBack();
    await expect(rowOf(page, idOf(JOBS - 905))).toBeInViewport();
    await page.goForward();
    await expect(page.getByRole('heading', { level: 1, name: idOf(JOBS - 905) })).toBeVisible();
  });

  test('is shown from its top, and at once, after another filter was looked at', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, idOf(JOBS))).toBeVisible();
    // Beyond the pages that are loaded one behind the other, so that another stretch is begun.
    await grid(page).evaluate((element) => element.scrollTo({ top: element.scrollHeight / 2 }));
    await expect(grid(page).locator('[data-job-id]').first()).not.toHaveAttribute('data-job-id', idOf(JOBS));
    await page.evaluate(() => {
      location.hash = '#/jobs?state=queued';
    });
    await expect(rowOf(page, idOf(JOBS))).toBeInViewport();
    await page.evaluate(() => {
      const seen = { empty: 0 };
      Object.assign(window, { seen });
      new MutationObserver(() => {
        seen.empty = Math.max(seen.empty, document.querySelectorAll('.jobs-row.is-empty').length);
      }).observe(document.body, { childList: true, subtree: true });
    });
    await page.goBack();
    await expect(rowOf(page, idOf(JOBS))).toBeInViewport();
    expect(await page.evaluate(() => Reflect.get(window, 'seen') as unknown)).toEqual({ empty: 0 });
  });
});

function isInOrder(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
}
