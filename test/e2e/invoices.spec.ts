import type { Locator, Page } from '@playwright/test';
import { CONFIGURED_PROVIDER } from '#engine/provider-settings.ts';
import { expect, test } from './application.ts';
import { rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

const MINUTE_MS = 60_000;

/** When the attempts ran; the lines of the invoice name the same minutes. */
const FROM_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;

function minute(n: number): Date {
  return new Date(FROM_MS + n * MINUTE_MS);
}

async function openScreen(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Finance' }).getByRole('link', { name }).click();
}

async function chooseFile(page: Page, name: string, lines: readonly string[]): Promise<void> {
  const form = page.getByRole('form', { name: 'Import' });
  await form.getByLabel('Provider').fill(CONFIGURED_PROVIDER);
  await form
    .getByLabel('Invoice')
    .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(`${lines.join('\n')}\n`, 'utf8') });
  await form.getByRole('button', { name: 'Import' }).click();
}

function cellsOf(row: Locator): Promise<string[]> {
  return row.getByRole('cell').allTextContents();
}

/** Finance imports a provider's invoice and sees what does not match, on either side. */
test.describe('invoices', () => {
  test('a chosen file is matched with the attempts, and what is left on either side is a finding of the next run', async ({
    start,
    production,
  }) => {
    test.slow();
    for (const [n, costMicroUsd] of [
      [1, 40_000],
      [2, 70_000],
      [3, 30_000],
      [4, 55_000],
    ] as const) {
      const id = `bought-${n}`;
      const accepted = { acceptanceId: `acc-${n}`, costMicroUsd, at: minute(n * 10) };
      await production.plantFailed({ id, failureClass: 'provider', priceCredits: 500, ...accepted });
    }
    const { page } = await start({ env: production.env });
    for (const n of [1, 2, 3, 4]) await expect(rowOf(page, `bought-${n}`)).toBeVisible();
    await page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: /^Reconciliation/ })
      .click();
    await openScreen(page, 'Invoices');
    await expect(page.getByRole('heading', { name: 'No invoice was imported yet' })).toBeVisible();
    await keepScreen(page, 'invoices-empty');

    await chooseFile(page, 'broken.csv', ['acceptance_id,cost_usd', 'acc-1,much']);
    await expect(page.getByRole('alert')).toContainText('line 1 below the titles: the cost');

    const lines = [
      'acceptance_id,time,cost_usd',
      `acc-1,${minute(10).toISOString()},0.04`,
      `acc-2,${minute(20).toISOString()},0.09`,
      // Without an id, but at the time and for the amount of the fourth.
      `,${minute(41).toISOString()},0.055`,
      `acc-nobody,${minute(45).toISOString()},0.01`,
      `acc-1,${minute(46).toISOString()},0.04`,
    ];
    await chooseFile(page, 'october.csv', lines);
    await expect(page.getByText('5 lines imported.')).toBeVisible();
    const invoices = page.getByRole('table', { name: 'Imported invoices' });
    const row = invoices.getByRole('row').filter({ hasText: 'october.csv' });
    expect((await cellsOf(row)).slice(0, 4)).toEqual([CONFIGURED_PROVIDER, '5', '3', '4']);
    const unmatched = page.getByRole('table', { name: 'What does not match' });
    await expect(unmatched.locator('tbody tr')).toHaveText([
      /^Invoice and attempt do not name the same cost\..*\$0\.090000.*\$0\.070000.*bought-2/,
      /^The provider has accepted the attempt, and neither the invoice of its time nor another has it\..*\$0\.030000.*bought-3/,
      /^The attempt is charged already, by another line of the invoice or by another invoice\..*Line 5.*bought-1/,
      /^The invoice has a line that belongs to no attempt\..*Line 4.*–/,
    ]);
    await keepScreen(page, 'invoices');

    // The same file is the same invoice, whoever imports it how often.
    await chooseFile(page, 'october.csv', lines);
    await expect(invoices.getByRole('row')).toHaveCount(2);

    await openScreen(page, 'Findings');
    await page.getByRole('button', { name: 'Run the rules' }).click();
    const table = page.getByRole('table', { name: 'Findings by rule' });
    await expect(table.getByRole('rowheader', { name: /20\. Invoice differs from the attempts/ })).toBeVisible();
    await expect(table.getByRole('rowheader')).toHaveCount(1);
    await expect(page.getByRole('region', { name: 'Last run' })).toContainText('4');
    await expect(table.getByRole('link', { name: 'bought-3' })).toBeVisible();
    await keepScreen(page, 'invoices-findings');

    await openScreen(page, 'Invoices');
    await page.getByRole('button', { name: 'Remove october.csv' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove an invoice' });
    await expect(dialog).toContainText('5 lines, of which 3 belong to an attempt');
    await expect(dialog).toContainText('Its 4 findings are not in the next run any more');
    await keepScreen(page, 'invoices-remove');
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await expect(invoices.getByRole('row')).toHaveCount(2);
    await page.getByRole('button', { name: 'Remove october.csv' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await expect(page.getByRole('heading', { name: 'No invoice was imported yet' })).toBeVisible();
    await openScreen(page, 'Findings');
    await page.getByRole('button', { name: 'Run the rules' }).click();
    await expect(page.getByRole('heading', { name: 'Every credit is explained' })).toBeVisible();
  });
});
