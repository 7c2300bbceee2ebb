import type { Locator, Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { part } from './job.page.ts';
import { keepScreen } from './screens.ts';

/** A bucket of the chart over one hour, in milliseconds. */
const BUCKET_MS = 300_000;

async function openHealth(page: Page): Promise<Locator> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Health' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Health' })).toBeVisible();
  return page.getByRole('list', { name: 'Figures of the period' });
}

async function choosePeriod(page: Page, period: string): Promise<void> {
  await page.getByRole('group', { name: 'Period' }).getByRole('button', { name: period }).click();
}

test.describe('health of the demonstration', () => {
  test('shows a founder how generation does, now and over a period', async ({ start }) => {
    const { page } = await start();
    const tiles = await openHealth(page);
    await expect(part(page, 'Now')).toContainText('1runner alive');
    await choosePeriod(page, '1 hour');
    await expect(page).toHaveURL(/health\?period=1h$/);
    await expect(tiles.getByRole('button', { name: /^Completed [1-9]/ })).toBeVisible();
    await expect(tiles.getByRole('button', { name: /^Success rate \d/ })).toBeVisible();
    await expect(
      page.getByRole('table', { name: 'Health by kind' }).getByRole('link', { name: 'image' }),
    ).toBeVisible();
    await keepScreen(page, 'health');
  });
});

test.describe('health of a deployment', () => {
  test('a mark of a chart is clicked, and the jobs that it counts are there', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    const tiles = await openHealth(page);
    await expect(page.getByRole('heading', { name: 'No jobs yet' })).toBeVisible();
    await production.order({ id: 'sound-1', priceCredits: 500 });
    await production.order({ id: 'lost-1', model: 'bad-input', priceCredits: 300 });
    await choosePeriod(page, '1 hour');
    await expect(tiles.getByRole('button', { name: /^Success rate 50 %/ })).toBeVisible();
    await expect(tiles.getByRole('button', { name: /^Lost to failures 3\.00/ })).toBeVisible();

    const plot = page.getByRole('figure', { name: /^Credits: a chart/ }).locator('.u-over');
    await plot.scrollIntoViewIfNeeded();
    const box = await plot.boundingBox();
    if (box === null) throw new Error('the chart has no place');
    // The last of thirteen buckets, or the one before where it has just begun; what was lost stands on what was earned.
    const lostAt = (await production.jobOf('lost-1')).failure?.at ?? new Date();
    const bucketsSince = Math.floor(Date.now() / BUCKET_MS) - Math.floor(lostAt.getTime() / BUCKET_MS);
    await plot.click({ position: { x: box.width * ((12.4 - bucketsSince) / 13), y: box.height * 0.2 } });
    const failed = page.getByRole('dialog', { name: 'Jobs that failed' });
    await expect(failed.getByRole('link')).toHaveText(['lost-1']);
    await keepScreen(page, 'health-jobs');
    await failed.getByRole('link').click();
    await expect(page).toHaveURL(/#\/jobs\/lost-1$/);
  });

  test('its oldest waiting job is the first of the list behind it', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await production.order({ id: 'young', createdAt: new Date(Date.now() - 3_600_000) });
    await production.order({ id: 'old', createdAt: new Date(Date.now() - 7_200_000) });
    await openHealth(page);
    await part(page, 'Now')
      .getByRole('link', { name: /^2 h.* the oldest waits: show the jobs$/ })
      .click();
    await expect(page.getByRole('grid', { name: 'Jobs' }).locator('[data-job-id]').first()).toHaveAttribute(
      'data-job-id',
      'old',
    );
  });

  test('is read and used by keyboard alone, and without the server', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'sound-1', kind: 'image', priceCredits: 500 });
    await production.order({ id: 'sound-2', kind: 'website', priceCredits: 500 });
    await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    const tiles = page.getByRole('list', { name: 'Figures of the period' });
    await expect(tiles.getByRole('button', { name: /^Completed 2/ })).toBeVisible();
    await page.getByRole('button', { name: 'As a table: Jobs' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await expect(page.getByRole('region', { name: 'Figures of Jobs' })).toBeFocused();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const jobs = page.getByRole('dialog', { name: 'Jobs that were completed' });
    await expect(jobs.getByRole('link')).toHaveCount(2);
    await page.keyboard.press('Escape');
    await expect(jobs).toHaveCount(0);

    const kinds = page.getByRole('table', { name: 'Health by kind' });
    await kinds.getByRole('link', { name: 'image' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('button', { name: /^Kind image/ })).toBeVisible();
    await expect(kinds.getByRole('row')).toHaveCount(2);
    await expect(tiles.getByRole('button', { name: /^Completed 1/ })).toBeVisible();

    await production.serverGoes();
    await expect(page.locator('.banner')).toContainText('You see the offline copy as of');
    await expect(part(page, 'Now')).toContainText('runners: the server is not there');
    await expect(tiles.getByRole('button', { name: /^Completed 1/ })).toBeVisible();
    await keepScreen(page, 'health-offline');
  });
});
