import { expect, test } from './application.ts';
import { keepScreen } from './screens.ts';

test.describe('the doctor', () => {
  test('says of each part how it is, and what to do where it could be better', async ({ start, production }) => {
    const app = await start({ env: production.env });
    const { page } = app;
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Doctor' }).focus();
    await page.keyboard.press('Enter');
    const found = page.getByRole('list', { name: 'Findings of the doctor' });
    for (const name of ['runtime', 'server', 'privileges', 'indexes', 'clock', 'documents', 'copy', 'disk']) {
      await expect(found.getByRole('listitem').filter({ hasText: new RegExp(`^${name}`) })).toBeVisible();
    }
    await expect(found.locator('[data-level="error"]')).toHaveCount(0);
    await keepScreen(page, 'doctor');
    // A command is read sign by sign: two hyphens that are drawn as one dash are typed as one.
    const command = found.getByText('npm run cli -- roles --db DATABASE');
    await expect(command).toHaveCSS('font-variant-ligatures', 'none');
    const home = page.url();
    const more = found.getByRole('link', { name: 'MongoDB on indexes' });
    await more.focus();
    await page.keyboard.press('Enter');
    const docs = 'https://www.mongodb.com/docs/manual/indexes/';
    await expect.poll(() => app.log()).toContain(`opening ${docs} in the system's browser`);
    expect(page.url()).toBe(home);
    expect(page.context().pages()).toHaveLength(1);
    // Whoever holds the page leads nobody elsewhere; the answer comes by the way that the wish went.
    await page.evaluate(async () => {
      for (const url of ['https://example.com/docs/', 'https://www.mongodb.com/login']) window.open(url);
      await (Reflect.get(window, 'runledger') as { invoke(name: string, params: unknown): Promise<unknown> }).invoke(
        'status.get',
        {},
      );
    });
    expect(app.log().match(/opening \S+ in the system's browser/g)).toHaveLength(1);
  });
});
