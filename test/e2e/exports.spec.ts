import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CASE_JOBS_MAX } from '#contract/requests/jobs.ts';
import { exportedTexts } from '../support/exported-texts.ts';
import { expect, IS_ELECTRON, test } from './application.ts';
import { expectState, openJob, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';
import type { Page } from '@playwright/test';

const program = fileURLToPath(new URL('../../electron/cli/cli.ts', import.meta.url));

/** What the command that checks a case pack says of a file, and its exit status. */
async function verifyPack(file: string): Promise<{ readonly status: number; readonly verdict: unknown }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'verify-pack', file, '--json'], (error, stdout) => {
      resolve({ status: error === null ? 0 : Number(error.code), verdict: JSON.parse(stdout) });
    });
  });
}

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

test.describe('a case of what is chosen in the list', () => {
  test.beforeEach(async ({ production }) => {
    for (const [id, kind] of [
      ['order-1', 'website'],
      ['order-2', 'website'],
      ['order-3', 'image'],
    ] as const) {
      await production.order({ id, kind });
    }
  });

  test('is packed by keyboard alone, and the command that checks it finds just these jobs, unchanged', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'order-1')).toBeVisible();
    await page.getByRole('grid', { name: 'Jobs' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowDown');
    const chosen = page.getByRole('region', { name: 'Chosen jobs' });
    await expect(chosen).toContainText('2 chosen');
    await chosen.getByRole('button', { name: 'Export case…' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Export 2 jobs' });
    await expect(dialog).toBeVisible();
    await dialog.getByRole('button', { name: 'Export', exact: true }).focus();
    await page.keyboard.press('Enter');
    await expect(dialog.getByText(/^[0-9a-f]{64}$/)).toBeVisible();
    const file = (await dialog.locator('.exported-file bdi').textContent()) ?? '';
    const contentHash = await dialog.getByText(/^[0-9a-f]{64}$/).textContent();
    const { status, verdict } = await verifyPack(file);
    expect(verdict).toMatchObject({ contentHash, jobs: 2, faults: [] });
    expect(status).toBe(0);
    const [text] = exportedTexts(path.dirname(file)).map((exported) => exported.text);
    for (const id of ['order-3', 'order-2']) expect(text).toContain(id);
    expect(text).not.toContain('order-1');

    const bytes = readFileSync(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
    writeFileSync(file, bytes);
    expect((await verifyPack(file)).status).toBe(3);
  });

  test('holds all that match a filter, and says why it holds none where they are too many', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'order-1')).toBeVisible();
    const field = page.getByRole('combobox', { name: 'Filter the jobs' });
    await field.fill('kind:website');
    await field.press('Enter');
    await expect(rowOf(page, 'order-3')).toBeHidden();
    await page.getByRole('grid', { name: 'Jobs' }).focus();
    await page.keyboard.press('Control+a');
    const chosen = page.getByRole('region', { name: 'Chosen jobs' });
    await expect(chosen).toContainText('All 2 that match are chosen');
    const file = await exportCase(page);
    expect(await verifyPack(file)).toMatchObject({ status: 0, verdict: { jobs: 2, faults: [] } });
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toBeHidden();

    const now = Date.now();
    await Promise.all(
      Array.from({ length: CASE_JOBS_MAX - 1 }, (_, n) =>
        production.order({ id: `more-${n}`, kind: 'website', createdAt: new Date(now - n * 1000) }),
      ),
    );
    const button = chosen.getByRole('button', { name: 'Export case…' });
    await expect(button).toBeDisabled();
    await expect(button).toHaveAccessibleDescription(`A case holds at most ${CASE_JOBS_MAX} jobs.`);
    await keepScreen(page, 'jobs-chosen-too-many');
  });
});
