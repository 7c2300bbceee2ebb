import { expect, test } from './application.ts';
import { keepScreen } from './screens.ts';

test.describe('runners', () => {
  test('a runner is scaled, paused and drained through the server, by keyboard alone', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'sound-1', priceCredits: 500 });
    await page.getByRole('link', { name: 'Runners' }).focus();
    await page.keyboard.press('Enter');
    const runner = page.getByRole('table', { name: 'Runners' }).getByRole('row').nth(1);
    await expect(runner).toContainText('this machine');
    await expect(runner).toContainText('of 4');
    await expect(page.getByRole('table', { name: 'Providers' })).toContainText('openai');
    await keepScreen(page, 'runners');

    await page.getByRole('button', { name: 'Change limits…' }).focus();
    await page.keyboard.press('Enter');
    const limits = page.getByRole('dialog', { name: 'Limits of the fleet' });
    await limits.getByLabel('At most').fill('0');
    await page.keyboard.press('Enter');
    await expect(limits).toContainText('all attempts together: no limit → nothing may begin');
    await expect(limits.getByRole('note')).toContainText('No runner begins any job');
    await limits.getByRole('button', { name: 'Undo all' }).focus();
    await page.keyboard.press('Enter');
    await limits.getByRole('combobox').selectOption('provider');
    await limits.getByLabel('Named').fill('openai');
    await limits.getByLabel('At most').fill('3');
    await page.keyboard.press('Enter');
    await limits.getByRole('textbox', { name: 'Provider' }).fill('openai');
    await limits.getByLabel('Requests').fill('60');
    await page.keyboard.press('Enter');
    await expect(limits).toContainText('provider openai: no limit → 60 requests a minute');
    await keepScreen(page, 'runner-limits');
    await limits.getByRole('button', { name: 'Put in force' }).focus();
    await page.keyboard.press('Enter');
    await expect(limits).toBeHidden();
    const inForce = page.getByRole('table', { name: 'Limits in force' });
    await expect(inForce.getByRole('row', { name: /provider openai 3 at once/ })).toContainText('0 in use');
    await expect(inForce).toContainText('60 requests a minute');

    await runner.getByRole('spinbutton').fill('2');
    await page.keyboard.press('Enter');
    await expect(runner).toContainText('of 2');
    await expect(runner).toContainText('obeyed');
    await runner.getByRole('button', { name: /^Pause/ }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('region', { name: 'Runner', exact: true })).toContainText('Runner paused');
    await runner.getByRole('button', { name: /^Drain/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Drain the runner' }).getByRole('button', { name: 'Drain it' }).focus();
    await page.keyboard.press('Enter');
    await expect(runner).toContainText('ended');
  });
});
