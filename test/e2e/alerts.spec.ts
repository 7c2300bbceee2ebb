import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from './application.ts';
import { part } from './job.page.ts';
import { keepScreen } from './screens.ts';

test.describe('alerts of a deployment', () => {
  test('a rule is tried, switched on, fires on the desktop and clears, by keyboard alone', async ({
    start,
    production,
  }) => {
    // Nobody runs the jobs of this deployment, so that one waits.
    const application = await start({ env: production.env });
    const { page } = application;
    await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
    await page.keyboard.press('g');
    await page.keyboard.press('a');
    await expect(page.getByRole('heading', { name: 'There is no rule yet' })).toBeVisible();
    await keepScreen(page, 'alerts-empty');

    await page.getByRole('list', { name: 'Begin with' }).getByRole('button', { name: 'Oldest queued job' }).focus();
    await page.keyboard.press('Enter');
    const form = page.getByRole('dialog', { name: 'Rule' });
    await form.getByLabel('Fires at (minutes)').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('0.001');
    await form.getByLabel('When it holds for (minutes)').focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('0');
    await form.getByRole('button', { name: 'Try on the last 30 days' }).focus();
    await page.keyboard.press('Enter');
    await expect(form.getByRole('region', { name: 'On the last 30 days' })).toContainText('It would not have fired.');
    await keepScreen(page, 'alerts-form');

    await production.order({ id: 'waits-1', priceCredits: 100 });
    await form.getByLabel('Fires at (minutes)').focus();
    await page.keyboard.press('Enter');
    await expect(form).toHaveCount(0);
    const rules = page.getByRole('table', { name: 'Rules of alerts' });
    await expect(rules.getByRole('row').nth(1)).toContainText('Fires since');
    await expect(page.getByRole('link', { name: /^Alerts 1 alerts firing/ })).toBeVisible();
    await expect(part(page, 'Log')).toContainText('Fired');
    await expect
      .poll(() => application.log())
      .toContain('notification: Oldest queued job: A job that could be begun waits for');
    await keepScreen(page, 'alerts');

    await rules.getByRole('checkbox', { name: 'Oldest queued job: switched on' }).focus();
    await page.keyboard.press('Space');
    await expect(rules.getByRole('row').nth(1)).toContainText('Off');
    await expect(part(page, 'Log')).toContainText('Cleared');
    await rules.getByRole('button', { name: 'Delete Oldest queued job' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Delete the rule' }).getByRole('button', { name: 'Delete' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'There is no rule yet' })).toBeVisible();
  });

  test('in the quiet time what fires is logged and nobody is told', async ({ start, production }) => {
    const application = await start({ env: production.env });
    const { page } = application;
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Alerts' }).click();
    const quiet = part(page, 'Quiet time');
    await quiet.getByLabel('Tell nobody every day').check();
    await quiet.getByLabel('from').fill('00:00');
    await quiet.getByLabel('to').fill('23:59');
    await quiet.getByRole('button', { name: 'Set' }).click();
    await expect(quiet).toContainText('It is quiet now');
    await page.getByRole('list', { name: 'Begin with' }).getByRole('button', { name: 'Oldest queued job' }).click();
    const form = page.getByRole('dialog', { name: 'Rule' });
    await form.getByLabel('Fires at (minutes)').fill('');
    await form.getByRole('button', { name: 'Keep the rule' }).click();
    await expect(form.getByRole('alert')).toHaveText('The threshold must be a number above zero.');
    await form.getByLabel('Fires at (minutes)').fill('0.001');
    await form.getByLabel('When it holds for (minutes)').fill('0');
    await production.order({ id: 'waits-1', priceCredits: 100 });
    await form.getByRole('button', { name: 'Keep the rule' }).click();
    await expect(part(page, 'Log')).toContainText('in the quiet time');
    expect(application.log()).not.toContain('notification:');
  });

  test('a change that cannot be kept is said where it was made, and nothing looks changed', async ({
    start,
    production,
  }) => {
    const { page, dataDir } = await start({ env: production.env });
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Alerts' }).click();
    await page.getByRole('list', { name: 'Begin with' }).getByRole('button', { name: 'Oldest queued job' }).click();
    await page.getByRole('dialog', { name: 'Rule' }).getByRole('button', { name: 'Keep the rule' }).click();
    const rules = part(page, 'Rules');
    const isOn = rules.getByRole('checkbox', { name: 'Oldest queued job: switched on' });
    await expect(isOn).toBeVisible();
    const before = await isOn.isChecked();

    const other = new DatabaseSync(path.join(dataDir, 'own.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    await isOn.click();
    await expect(rules.getByRole('alert')).toBeVisible();
    await expect(isOn).toBeChecked({ checked: before });
    const quiet = part(page, 'Quiet time');
    await quiet.getByLabel('Tell nobody every day').check();
    await quiet.getByRole('button', { name: 'Set' }).click();
    await expect(quiet.getByRole('alert')).toBeVisible();
    await rules.getByRole('button', { name: 'Delete Oldest queued job' }).click();
    const leaving = page.getByRole('dialog', { name: 'Delete the rule' });
    await leaving.getByRole('button', { name: 'Delete' }).click();
    await expect(leaving.getByRole('alert')).toBeVisible();
    await keepScreen(page, 'alerts-not-kept');

    other.exec('ROLLBACK');
    other.close();
    await leaving.getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('heading', { name: 'There is no rule yet' })).toBeVisible();
  });
});
