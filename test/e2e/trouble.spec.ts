import { expect, test } from './application.ts';
import { openJob, part, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

/** Each kind of trouble is one sentence with what to do, in the window and on the command line, and the application stays up. */
test.describe('trouble', () => {
  test('a connection string that is none is said, without showing what may be a password', async ({ start }) => {
    const app = await start({ env: { MONGODB_URI: 'mongo://admin:s3cret@db' } });
    // The screen below the banner says it too.
    await expect(app.page.locator('.banner')).toContainText('The connection string is not a MongoDB URI.');
    await keepScreen(app.page, 'trouble-uri');
    await expect.poll(() => app.log()).toContain('The connection string is not a MongoDB URI.');
    expect(app.log()).not.toContain('s3cret');
    expect(await app.page.content()).not.toContain('s3cret');
  });

  test('a server that does not answer is said, and tried again', async ({ start }) => {
    const app = await start({ env: { MONGODB_URI: 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=500' } });
    await expect(app.page.locator('.banner')).toContainText('The MongoDB server does not answer.');
    await expect(app.page.locator('.banner')).toContainText(/Next try in|Trying again/);
    await keepScreen(app.page, 'trouble-server');
    await expect.poll(() => app.log()).toContain('The MongoDB server does not answer.');
  });

  test('a server that goes away leaves the offline copy to read, and is found again when it returns', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await production.order({ id: 'kept-1', prompt: 'A page that stays readable' });
    await openJob(page, 'kept-1');
    await expect(page.getByText(/^as of \d/)).toBeVisible();
    await production.serverGoes();
    const banner = page.locator('.banner');
    await expect(banner).toContainText('The MongoDB server does not answer.');
    await expect(banner).toContainText(/You see the offline copy as of \d/);
    // What the server would be asked for on this screen says so beside it, and does not raise the alarm a second time.
    await expect(part(page, 'Why is it not moving?')).toContainText('the server is away');
    await expect(page.getByRole('alert')).toHaveCount(1);
    await expect(part(page, 'Prompt and options')).toContainText('A page that stays readable');
    await keepScreen(page, 'trouble-offline');
    await production.serverReturns();
    await expect(page.getByRole('alert')).toHaveCount(0);
    await production.order({ id: 'kept-2' });
    await page.getByRole('link', { name: 'Jobs 2 jobs' }).click();
    // The list is found with its cursor on the row that was opened; where it was drawn before it was read anew, what is new waits.
    const news = page.getByRole('button', { name: '1 new' });
    await expect(rowOf(page, 'kept-2').or(news)).toBeVisible();
    if (await news.isVisible()) await news.click();
    await expect(rowOf(page, 'kept-2')).toBeVisible();
  });

  test('a document that is no job is listed and stops nobody', async ({ start, production }) => {
    await production.writeRaw({ _id: 'broken-1', state: 'queued', version: 'one', kind: 42 });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'sound-1' });
    await expect(rowOf(page, 'sound-1')).toContainText('completed');
    await page
      .getByRole('navigation', { name: 'Screens' })
      .getByRole('link', { name: /^Malformed/ })
      .click();
    await expect(page.getByRole('list', { name: 'Malformed documents' })).toContainText('broken-1');
  });
});
