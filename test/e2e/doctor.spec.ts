import { expect, test } from './application.ts';
import { startProduction } from './production.ts';
import { keepScreen } from './screens.ts';

test.describe('the doctor', () => {
  test('says of each part how it is, and what to do where it could be better', async ({ start }) => {
    const production = await startProduction();
    try {
      const { page } = await start({ env: production.env });
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Doctor' }).focus();
      await page.keyboard.press('Enter');
      const found = page.getByRole('list', { name: 'Findings of the doctor' });
      for (const name of ['runtime', 'server', 'privileges', 'indexes', 'clock', 'documents', 'copy', 'disk']) {
        await expect(found.getByRole('listitem').filter({ hasText: new RegExp(`^${name}`) })).toBeVisible();
      }
      await expect(found.locator('[data-level="error"]')).toHaveCount(0);
      await keepScreen(page, 'doctor');
    } finally {
      await production.stop();
    }
  });
});
