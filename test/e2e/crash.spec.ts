import { expect, test } from './application.ts';
import { openJob, part } from './job.page.ts';

/** A part of the application that dies is there again by itself, and nothing that somebody did is lost. */
test.describe('a crash', () => {
  test('of the page brings it back on the same screen, with the drafts that were kept', async ({
    start,
    production,
  }) => {
    const app = await start({ env: production.env });
    await production.order({ id: 'away-1' });
    await openJob(app.page, 'away-1');
    await production.serverGoes();
    await expect(app.page.locator('.banner')).toContainText('The MongoDB server does not answer.');
    await app.page.getByRole('button', { name: 'Cancel…' }).click();
    await app.page.getByLabel('Reason').fill('kept through a crash');
    await app.page.getByRole('button', { name: 'Keep as a draft' }).click();
    await app.page.getByRole('dialog').getByRole('link', { name: 'Drafts' }).click();
    await expect(app.page.getByRole('heading', { name: 'Cancel away-1' })).toBeVisible();
    const address = app.page.url();

    const isGone = app.page.waitForEvent('crash');
    await app.crash('page');
    await isGone;
    await expect.poll(() => app.log()).toContain('it is loaded again');
    const page = await app.pageAgain();
    await expect(page.getByRole('heading', { name: 'Cancel away-1' })).toBeVisible();
    expect(page.url()).toBe(address);
    await expect(page.getByRole('main')).toContainText('kept through a crash');

    await production.serverReturns();
    await page.getByRole('button', { name: 'Send the cancellation' }).click();
    await expect(page.getByText('Cancelled:')).toBeVisible();
    expect(await production.jobOf('away-1')).toMatchObject({ state: 'failed', failure: { class: 'cancelled' } });
  });

  test('of the engine is said, mended, and leaves the window where it was with what it shows going on', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'before-1', prompt: 'A prompt from before' });
    const app = await start({ env: production.env });
    await openJob(app.page, 'before-1');
    await expect(part(app.page, 'Prompt and options')).toContainText('A prompt from before');
    const address = app.page.url();

    await app.crash('engine');
    await expect.poll(() => app.log()).toMatch(/the engine ended/);
    await production.order({ id: 'after-1' });
    await expect(app.page.getByRole('link', { name: 'Jobs 2 jobs' })).toBeVisible();
    expect(app.page.url()).toBe(address);
    await expect(part(app.page, 'Prompt and options')).toContainText('A prompt from before');
  });

  test('that is none, an engine which hears nothing any more, does not keep the application from ending', async ({
    start,
  }) => {
    const app = await start();
    await expect(app.page.getByRole('grid', { name: 'Jobs' })).toBeVisible();
    await app.freezeEngine();
    expect(await app.stop()).toBe(0);
  });
});
