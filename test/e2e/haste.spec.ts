import { expect, test } from './application.ts';
import { rowOf } from './job.page.ts';

/** Somebody is faster than the window, or presses a key more often than is needed. */
test.describe('in a hurry', () => {
  test('a dialog takes the letters that come as it opens, and gives the keyboard back to where it was', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'waits-1' });
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'waits-1')).toBeVisible();
    const open = page.getByRole('button', { name: /^Save this view…|^Views…/ });
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    for (const name of ['gamma jobs', 'going late']) {
      await open.focus();
      await page.keyboard.press('Enter');
      // The first two letters are the way to the alerts, and to nowhere.
      await page.keyboard.type(name, { delay: 0 });
      await page.keyboard.press('Alt+ArrowLeft');
      await expect(dialog.getByLabel('Name of what is on screen now')).toHaveValue(name);
      await page.keyboard.press('Enter');
      await expect(dialog).toHaveCount(0);
      await expect(open).toBeFocused();
    }
    await open.press('Enter');
    await dialog.getByRole('button', { name: 'Delete gamma jobs' }).focus();
    await page.keyboard.type('gh', { delay: 0 });
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(open).toBeFocused();
    await page.keyboard.type('ga', { delay: 0 });
    await expect(page.getByRole('heading', { name: 'There is no rule yet' })).toBeVisible();
  });
});
