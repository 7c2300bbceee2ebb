import type { Locator, Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { keepScreen } from './screens.ts';

function group(page: Page, code: string): Locator {
  return page.getByRole('list', { name: 'Groups of failures' }).getByRole('listitem').filter({ hasText: code });
}

/** Support groups what failed, decides about it, and sees it come back. */
test.describe('failures', () => {
  test('a cause is resolved for everybody, and a failure after that is a regression', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await page.getByRole('link', { name: 'Failures' }).click();
    await expect(page.getByRole('heading', { name: 'Nothing to look at' })).toBeVisible();
    await production.order({ id: 'lost-1', model: 'bad-input', priceCredits: 300 });
    await production.order({ id: 'lost-2', model: 'content-refused', priceCredits: 200 });
    const cause = group(page, 'bad-input');
    await expect(cause).toContainText('3.00credits at risk');
    await expect(group(page, 'content-refused')).toContainText('1customer');
    await expect(cause.getByRole('link', { name: /^Plan a retry/ })).toHaveAttribute(
      'href',
      /#\/plans\/new\?where=state/,
    );
    await keepScreen(page, 'failures');

    await cause.getByRole('button', { name: /^Resolve/ }).click();
    const resolve = page.getByRole('dialog', { name: 'Resolve the group' });
    await resolve.getByLabel('Note for colleagues').fill('the form checks it now');
    await resolve.getByRole('button', { name: 'Resolve' }).click();
    await expect(cause).toHaveCount(0);
    await page.getByRole('button', { name: 'Resolved (1)' }).click();
    await expect(cause).toContainText('the form checks it now');
    await expect(cause).toContainText('No job of it failed since.');

    await production.order({ id: 'lost-3', model: 'bad-input', priceCredits: 300 });
    await page.getByRole('button', { name: /^To look at/ }).click();
    await expect(cause).toContainText('regression');
    await expect(cause).toContainText('1 job of 1 customer failed since.');
    await cause.getByRole('link', { name: /^Jobs: / }).click();
    await expect(page.getByRole('grid', { name: 'Jobs' }).getByRole('link', { name: 'lost-3' })).toBeVisible();
  });

  test('groups are merged, split and ignored by keyboard alone', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'lost-1', model: 'bad-input', priceCredits: 300 });
    await production.order({ id: 'lost-2', model: 'content-refused', priceCredits: 200 });
    await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    const groups = page.getByRole('list', { name: 'Groups of failures' }).locator(':scope > li');
    await expect(groups).toHaveCount(2);
    for (const box of await page.getByRole('checkbox').all()) {
      await box.focus();
      await page.keyboard.press('Space');
    }
    await page.getByRole('button', { name: 'Merge them into one' }).focus();
    await page.keyboard.press('Enter');
    await expect(groups).toHaveCount(1);
    await expect(groups.first()).toContainText('2jobs');
    await expect(groups.first()).toContainText('5.00credits at risk');
    const plans = groups.first().getByRole('link', { name: /^Plan a retry of / });
    await expect(plans).toHaveCount(2);
    await keepScreen(page, 'failures-merged');
    await page.goto(`${page.url()}?workspace=acorn-studio`);
    await expect(plans.first()).toHaveAttribute('href', /workspace%3Aacorn-studio/);

    await page.getByRole('button', { name: /^Split/ }).focus();
    await page.keyboard.press('Enter');
    await expect(groups).toHaveCount(2);

    const cause = group(page, 'bad-input');
    await cause.getByRole('button', { name: /^Ignore/ }).focus();
    // It has the keyboard from what has gone already: Enter again, so soon, were one press.
    await page.keyboard.press('Space');
    const ignore = page.getByRole('dialog', { name: 'Ignore the group' });
    await ignore.getByRole('radio', { name: 'for a week' }).focus();
    await page.keyboard.press('ArrowDown');
    await ignore.getByRole('spinbutton', { name: 'More jobs' }).fill('1');
    await page.keyboard.press('Enter');
    await expect(cause).toHaveCount(0);
    await production.order({ id: 'lost-3', model: 'bad-input', priceCredits: 300 });
    await expect(cause).toContainText('came back');
    await expect(cause).toContainText('until 1 more job.');
  });
});
