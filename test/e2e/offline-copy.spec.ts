import { expect, test } from './application.ts';
import { openJob, rowOf } from './job.page.ts';
import { startProduction } from './production.ts';
import { keepScreen } from './screens.ts';

/** The copy on this machine: shown, compared, limited; searched with marks; and what one wanted done while the server was away. */
test.describe('the offline copy', () => {
  // Pictures in every size and theme, each held against axe, take most of it.
  test.describe.configure({ timeout: 300_000 });

  test('is shown with how it stands, compared by a button, and keeps no prompts when it is told so', async ({
    start,
  }) => {
    const production = await startProduction();
    try {
      const { page } = await start({ env: production.env });
      await production.order({ id: 'tea-1', prompt: 'A page about green tea from Uji' });
      await expect(rowOf(page, 'tea-1')).toBeVisible();
      await page.getByRole('combobox', { name: 'Filter the jobs' }).fill('green te');
      await expect(rowOf(page, 'tea-1').locator('mark')).toHaveText(['green', 'tea']);
      await keepScreen(page, 'search-marks');
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Offline copy' }).click();
      await page.getByRole('button', { name: 'Compare with the server' }).click();
      await expect(page.getByText(/documents compared: nothing differs/)).toBeVisible();
      await keepScreen(page, 'offline-copy');
      await page.getByLabel('Keep prompts').uncheck();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: 'Wipe prompts' }).click();
      await expect(page.getByText('left out')).toBeVisible();
      await page.goto(`${page.url().split('#')[0] ?? ''}#/jobs/tea-1`);
      await expect(page.getByText(/copy leaves prompts and texts of options out/)).toBeVisible();
    } finally {
      await production.stop();
    }
  });

  test('what is asked for while the server is away is a draft, and sent by the person once it was checked anew', async ({
    start,
  }) => {
    const production = await startProduction();
    try {
      const { page } = await start({ env: production.env });
      await production.order({ id: 'away-1' });
      await openJob(page, 'away-1');
      await production.serverGoes();
      await expect(page.getByRole('alert')).toContainText('The MongoDB server does not answer.');
      await page.getByRole('button', { name: 'Cancel…' }).click();
      await page.getByLabel('Reason').fill('the customer called');
      await page.getByRole('button', { name: 'Keep as a draft' }).click();
      await page.getByRole('dialog').getByRole('link', { name: 'Drafts' }).click();
      await expect(page.getByText('It is checked when the server is back.')).toBeVisible();
      await expect(page.getByRole('button', { name: 'Send the cancellation' })).toBeDisabled();
      await production.serverReturns();
      await page.getByRole('button', { name: 'Send the cancellation' }).click();
      await expect(page.getByText('Cancelled:')).toBeVisible();
      expect(await production.jobOf('away-1')).toMatchObject({ state: 'failed', failure: { class: 'cancelled' } });
      await keepScreen(page, 'drafts-sent');
    } finally {
      await production.stop();
    }
  });
});
