import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { expectState, openJob, part } from './job.page.ts';
import { startProduction, WORKSPACE, type Production } from './production.ts';
import { keepScreen } from './screens.ts';

async function openReconciliation(page: Page): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Screens' })
    .getByRole('link', { name: /^Reconciliation/ })
    .click();
  await expect(page.getByRole('heading', { level: 1, name: 'Reconciliation' })).toBeVisible();
}

async function runRules(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run the rules' }).click();
  await expect(page.getByRole('region', { name: 'Last run' })).toBeVisible();
}

/** Waits until the planted capture, which came without its job, is on the job's screen. */
async function seeCapture(page: Page): Promise<void> {
  await expect(part(page, 'Charge').getByText('capture', { exact: true })).toBeVisible();
}

/** Finance runs the rules, finds what was planted in the books, and follows it to the job. */
test.describe('reconciliation', () => {
  let production: Production;
  test.beforeEach(async () => {
    production = await startProduction();
  });
  test.afterEach(() => production.stop());

  test('clean books are said to be clean, after an invitation to look', async ({ start }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'sound-1', priceCredits: 500 });
    await openJob(page, 'sound-1');
    await expectState(page, 'completed');
    await openReconciliation(page);
    await expect(page.getByRole('heading', { name: 'No run yet' })).toBeVisible();
    await keepScreen(page, 'reconciliation-empty');
    await runRules(page);
    await expect(page.getByRole('heading', { name: 'Every credit is explained' })).toBeVisible();
    await keepScreen(page, 'reconciliation-clean');
  });

  test('a capture of a job that failed is found, explained, exported, and leads to its job', async ({ start }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'lost-1', model: 'bad-input', priceCredits: 500 });
    await openJob(page, 'lost-1');
    await expectState(page, 'failed');
    await expect(part(page, 'Charge')).toContainText('not charged');
    await expect.poll(async () => (await production.ledgerOf('lost-1')).length).toBe(2);
    await production.plantCapture('lost-1');
    await seeCapture(page);

    await openReconciliation(page);
    await runRules(page);
    const table = page.getByRole('table', { name: 'Findings by rule' });
    await expect(table.getByRole('rowheader', { name: /7\. Refund owed by class and not made/ })).toBeVisible();
    await expect(table.getByRole('rowheader', { name: /14\. Account differs from its ledger/ })).toBeVisible();
    await expect(table.getByRole('link', { name: 'lost-1' })).toBeVisible();
    await expect(table).toContainText('+5.00');
    await keepScreen(page, 'reconciliation-findings');

    await page.getByRole('button', { name: 'Export CSV' }).click();
    const written = page.getByRole('status').filter({ hasText: 'written to' });
    const file = (await written.locator('code').textContent()) ?? '';
    const lines = readFileSync(file, 'utf8').trimEnd().split('\r\n');
    expect(lines.map((line) => line.split(',')[1])).toEqual(['rule', 'refund_owed', 'account_differs']);

    await page.getByRole('button', { name: /^Rule/ }).click();
    await page.getByRole('menuitemcheckbox', { name: /Account differs/ }).click();
    await page.keyboard.press('Escape');
    await expect(table.getByRole('rowheader')).toHaveCount(1);
    await table.getByRole('link', { name: /Available and held together/ }).click();
    const entries = part(page, 'Entries of the workspace').getByRole('table').locator('tbody strong');
    await expect(entries).toHaveText(['grant', 'reserve', 'release', 'capture']);
    await expect(part(page, 'Entries of the workspace').getByRole('row').last()).toContainText('995.00');
    await keepScreen(page, 'reconciliation-workspace');

    await page.getByRole('link', { name: 'Reconciliation' }).last().click();
    await expect(table.getByRole('rowheader')).toHaveCount(1);
    await openReconciliation(page);
    await table.getByRole('link', { name: 'What was captured is not refunded.' }).click();
    await expect(part(page, 'What was found')).toContainText('the customer is owed this');
    await expect(part(page, 'What was found')).toContainText(WORKSPACE);
    const named = part(page, 'Entries of the generation').getByRole('row').filter({ hasText: 'named by the finding' });
    await expect(named.locator('strong')).toHaveText(['capture']);
    await keepScreen(page, 'reconciliation-finding');
    await page.getByRole('link', { name: 'Open the job' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'lost-1' })).toBeVisible();
  });

  test('without the server the last run stays to read, and a new one waits', async ({ start }) => {
    const { page } = await start({ env: production.env });
    await production.order({ id: 'kept-1', priceCredits: 500 });
    await openJob(page, 'kept-1');
    await production.plantCapture('kept-1');
    await seeCapture(page);
    await openReconciliation(page);
    await runRules(page);
    const table = page.getByRole('table', { name: 'Findings by rule' });
    await expect(table).toBeVisible();
    await production.serverGoes();
    await expect(page.getByRole('alert')).toContainText('The MongoDB server does not answer.');
    await expect(page.getByRole('button', { name: 'Run the rules' })).toBeDisabled();
    await expect(page.getByRole('form', { name: 'Run' })).toContainText('A run needs the server');
    await expect(table).toBeVisible();
    await keepScreen(page, 'reconciliation-offline');
    await production.serverReturns();
    await expect(page.getByRole('button', { name: 'Run the rules' })).toBeEnabled();
  });
});
