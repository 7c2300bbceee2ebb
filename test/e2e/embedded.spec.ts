import { expect, IS_ELECTRON, test } from './application.ts';
import { openJob, part, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

/** `npm start` with nothing configured: the sandbox server, demo data and a runner. */
test.describe('the first start, with nothing configured', () => {
  test('shows jobs that change state by themselves, and finds one by state, kind and words', async ({ start }) => {
    const application = await start();
    const { page } = application;
    await expect(page.getByRole('region', { name: 'Connection', exact: true })).toContainText('Live');
    await expect(page.getByRole('region', { name: 'Runner' })).toContainText('Runner on');
    const states = page.getByRole('group', { name: 'State' });
    const completed = states.getByRole('button', { name: /^completed/ });
    await expect(completed).not.toHaveText(/completed(0|–)$/);
    const before = Number((await completed.textContent())?.replace(/\D/g, ''));
    await expect.poll(async () => Number((await completed.textContent())?.replace(/\D/g, ''))).toBeGreaterThan(before);
    await keepScreen(page, 'jobs');

    await completed.click();
    const grid = page.getByRole('grid', { name: 'Jobs' });
    const rows = grid.locator('[data-job-id]');
    await expect(rows.filter({ hasText: 'queued' })).toHaveCount(0);
    await expect(rows.first()).toContainText('completed');
    await page.getByRole('search', { name: 'Jobs' }).getByRole('button', { name: 'Kind' }).click();
    await page.getByRole('menuitemcheckbox', { name: /image/ }).click();
    await page.keyboard.press('Escape');
    await expect(rows.filter({ hasText: 'website' })).toHaveCount(0);
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.getByRole('combobox', { name: 'Filter the jobs' }).fill('bakery');
    // A job that failed shows why in the place of its prompt.
    const withPrompt = rows.filter({ hasNot: page.locator('.failure-class') });
    await expect(withPrompt.filter({ hasNotText: 'bakery' })).toHaveCount(0);
    await expect(withPrompt.first()).toContainText('bakery');
    await page.getByRole('combobox', { name: 'Filter the jobs' }).fill('nobody ordered this');
    await expect(page.getByRole('heading', { name: 'No job matches' })).toBeVisible();
    await keepScreen(page, 'jobs-no-match');
    // The system's tray, where the stand-in has none.
    if (!IS_ELECTRON) expect(application.log()).toContain('it would say: Runledger: connected to Sandbox server');
  });

  test('lists documents that are no jobs with the path and the reason', async ({ start }) => {
    const { page } = await start();
    await page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: /^Malformed/ })
      .click();
    const list = page.getByRole('list', { name: 'Malformed documents' });
    const paused = list.getByRole('listitem').filter({ hasText: 'legacy-0002' });
    await expect(paused.getByRole('row', { name: /state/ }).first()).toBeVisible();
    await expect(paused).toContainText('no job, seen');
    await keepScreen(page, 'malformed');
  });

  test('is used from end to end without a mouse', async ({ start }) => {
    const { page } = await start();
    const grid = page.getByRole('grid', { name: 'Jobs' });
    await expect(grid.locator('[data-job-id]').first()).toBeVisible();
    await page.keyboard.press('/');
    await page.keyboard.type('demo-000200');
    await expect(rowOf(page, 'demo-000200')).toBeVisible();
    await expect(grid.locator('[data-job-id]')).toHaveCount(1);
    await grid.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'demo-000200' })).toBeFocused();
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
    await keepScreen(page, 'keyboard-help');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(rowOf(page, 'demo-000200')).toBeVisible();
  });

  test('goes on where it was after every process of it was killed', async ({ start }) => {
    const first = await start();
    await expect(rowOf(first.page, 'demo-000240')).toBeVisible();
    await first.kill();
    const second = await start({ dataDir: first.dataDir });
    await expect(second.page.getByRole('region', { name: 'Connection', exact: true })).toContainText('Live');
    await openJob(second.page, 'demo-000240');
    await expect(part(second.page, 'Charge')).toBeVisible();
    expect(await second.stop()).toBe(0);
  });
});
