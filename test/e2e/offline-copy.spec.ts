import { readdirSync } from 'node:fs';
import path from 'node:path';
import { damagePage } from '../support/damage-file.ts';
import { expect, test } from './application.ts';
import { openJob, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

/** The copy on this machine: shown, compared, limited; searched with marks; and what one wanted done while the server was away. */
test.describe('the offline copy', () => {
  // Pictures in every size and theme, each held against axe, take most of it.
  test.describe.configure({ timeout: 300_000 });

  test('is shown with how it stands, compared by a button, and keeps no prompts when it is told so', async ({
    start,
    production,
  }) => {
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
    await expect(page.getByText('Saved.')).toBeVisible();
    await page.goto(`${page.url().split('#')[0] ?? ''}#/jobs/tea-1`);
    await expect(page.getByText(/copy leaves prompts and texts of options out/)).toBeVisible();
  });

  test('is set aside where it is found damaged while it is in use, says so, and is built anew by itself', async ({
    start,
    production,
  }) => {
    const { page, dataDir } = await start({ env: production.env });
    await production.order({ id: 'tea-1' });
    await expect(rowOf(page, 'tea-1')).toBeVisible();
    const folder = path.join(dataDir, 'copies');
    const copy = readdirSync(folder).find((name) => name.endsWith('.sqlite'));
    damagePage(path.join(folder, copy ?? 'none'), 'jobs');
    await production.order({ id: 'tea-2' });
    const note = page.locator('.banner').filter({ hasText: 'found damaged while it was in use' });
    await expect(note).toContainText('A new copy is built from the server by itself.');
    await expect(rowOf(page, 'tea-1')).toBeVisible();
    await expect(rowOf(page, 'tea-2')).toBeVisible();
    await keepScreen(page, 'copy-set-aside');
    await note.getByRole('button', { name: 'I have read it' }).click();
    await expect(note).toBeHidden();
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Offline copy' }).click();
    await expect(page.getByText('Begun anew')).toBeVisible();
    await page.getByRole('button', { name: 'Compare with the server' }).click();
    await expect(page.getByText(/documents compared: nothing differs/)).toBeVisible();
  });

  test('what is asked for while the server is away is a draft, and sent by the person once it was checked anew', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await production.order({ id: 'away-1' });
    await openJob(page, 'away-1');
    await production.serverGoes();
    await expect(page.locator('.banner')).toContainText('The MongoDB server does not answer.');
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
  });

  test('a plan of retries and a mend that are wanted while the server is away are drafts too, and say what they would do when it is back', async ({
    start,
    production,
  }) => {
    await production.plantLastMonth('old-1', 1);
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'old-1')).toBeVisible();
    const screens = page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: /^Reconciliation/ }).click();
    await page.getByRole('button', { name: 'Run the rules' }).click();
    await expect(page.getByRole('region', { name: 'Last run' })).toBeVisible();
    await production.serverGoes();
    await expect(page.locator('.banner')).toContainText('The MongoDB server does not answer.');

    await page.getByLabel('All shown').check();
    await page.getByRole('button', { name: 'Propose mends…' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('captured although it failed');
    await keepScreen(page, 'draft-of-a-mend');
    await page.getByRole('button', { name: 'Keep as a draft' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();

    await screens.getByRole('link', { name: 'Retry plans' }).click();
    await page.getByRole('link', { name: 'New plan' }).click();
    const form = page.getByRole('form', { name: 'New plan' });
    await form.getByLabel('Which jobs').fill('state:failed');
    await form.getByLabel('Reason').fill('the provider is back');
    await form.getByRole('button', { name: 'Keep as a draft' }).click();
    await page.getByRole('main').getByRole('link', { name: 'Drafts' }).click();
    const plan = page.getByRole('region', { name: 'Plan a retry' });
    const mend = page.getByRole('region', { name: 'Propose a mend' });
    await expect(plan.getByRole('button', { name: 'Plan, retry nothing yet' })).toBeDisabled();
    await expect(mend.getByRole('button', { name: 'Propose' })).toBeDisabled();

    await production.serverReturns();
    await expect(mend.getByRole('table', { name: 'What would be written' })).toContainText('Refund');
    await keepScreen(page, 'drafts-of-plan-and-mend');
    await mend.getByRole('button', { name: 'Propose' }).click();
    await expect(page.getByText('1 proposed, nothing is posted yet:')).toBeVisible();
    await plan.getByRole('button', { name: 'Plan, retry nothing yet' }).click();
    await page.getByRole('link', { name: 'Look at the plan' }).click();
    await expect(page.getByRole('table', { name: 'Groups of jobs' })).toBeVisible();
    expect((await production.ledgerOf('old-1')).map(({ type }) => type)).not.toContain('refund');
    expect(await production.jobOf('old-1')).toMatchObject({ state: 'failed' });
  });
});
