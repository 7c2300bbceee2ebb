import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, IS_ELECTRON, test } from './application.ts';
import { expectState, openJob } from './job.page.ts';
import { keepScreen } from './screens.ts';
import type { Page } from '@playwright/test';

async function exportCase(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Export case…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click();
  return (await page.locator('.exported-file bdi').textContent()) ?? '';
}

test.describe('an export', () => {
  test.skip(IS_ELECTRON, "the system's own dialog stands outside of any page, and nobody is here to answer it");
  test.beforeEach(async ({ production }) => {
    await production.order({ id: 'page-1', priceCredits: 100 });
  });

  test('is kept where the person says, and shown in its folder', async ({ start, production }, testInfo) => {
    const desk = testInfo.outputPath('desk');
    mkdirSync(desk, { recursive: true });
    const env = { ...production.env, ELECTRON_STAND_IN_SAVE_FOLDER: desk };
    const app = await start({ env, args: ['--runner'] });
    await openJob(app.page, 'page-1');
    await expectState(app.page, 'completed');
    const file = await exportCase(app.page);
    const dialog = app.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Save as…' }).click();
    const saved = path.join(desk, path.basename(file));
    await expect(dialog.getByText(`Saved to ${saved}`)).toBeVisible();
    expect(readFileSync(saved).equals(readFileSync(file))).toBe(true);
    await dialog.getByRole('button', { name: 'Show in its folder' }).click();
    await expect.poll(() => app.log()).toContain(`file manager would show ${file}`);
    await keepScreen(app.page, 'case-saved');
  });

  test('is kept nowhere else where the person changes their mind', async ({ start, production }, testInfo) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await openJob(page, 'page-1');
    await expectState(page, 'completed');
    await exportCase(page);
    await page.getByRole('dialog').getByRole('button', { name: 'Save as…' }).click();
    await expect(page.getByRole('dialog').getByText('Saved nowhere else.')).toBeVisible();
    expect(readdirSync(path.dirname(testInfo.outputDir)).filter((name) => name.endsWith('.zip'))).toEqual([]);
  });
});
