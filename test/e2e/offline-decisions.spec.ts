import { expect, test } from './application.ts';
import { openJob, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

/** Decisions that are made while the server is away: kept, held against what the server says later, and sent by a person. */
test.describe('decisions while the server is away', () => {
  test.describe.configure({ timeout: 180_000 });

  test('about a group of failures, a finding and a proposal are drafts, each sent on what the server says when it is back', async ({
    start,
    production,
  }) => {
    await production.plantLastMonth('old-1', 1);
    await production.plantFailed({ id: 'lost-1', kind: 'website', failureClass: 'provider', priceCredits: 300 });
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'lost-1')).toBeVisible();
    const screens = page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: /^Reconciliation/ }).click();
    await page.getByRole('button', { name: 'Run the rules' }).click();
    await expect(page.getByRole('region', { name: 'Last run' })).toBeVisible();
    await page.getByLabel('All shown').check();
    await page.getByRole('button', { name: 'Propose mends…' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Propose/ })
      .click();
    await page.getByRole('link', { name: 'Show the proposals' }).click();
    await expect(page.getByRole('table', { name: 'Open proposals' })).toBeVisible();
    await production.serverGoes();
    await expect(page.locator('.banner')).toContainText('The MongoDB server does not answer.');

    // A proposal of one's own can be withdrawn; posting moves credits and is refused with why.
    await page.getByRole('toolbar', { name: 'Chosen proposals' }).getByLabel('All').check();
    await page.getByLabel('Note').fill('found twice');
    await expect(page.getByRole('button', { name: 'Post' })).toBeDisabled();
    await expect(page.getByText(/posting moves credits/)).toBeVisible();
    await keepScreen(page, 'decision-away');
    await page.getByRole('button', { name: 'Withdraw' }).click();
    await expect(page.getByText('Kept. Nothing was sent')).toBeVisible();

    await screens.getByRole('link', { name: /^Reconciliation/ }).click();
    await page.getByLabel('All shown').check();
    await page.getByLabel('Reason to accept').fill('too small to mend');
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await expect(page.getByText('Kept. Nothing was sent')).toBeVisible();

    await screens.getByRole('link', { name: 'Failures' }).click();
    await expect(page.getByText(/all are shown as open. What you decide is kept as a draft/)).toBeVisible();
    await page
      .getByRole('button', { name: /^Resolve…/ })
      .first()
      .click();
    const resolve = page.getByRole('dialog', { name: 'Resolve the group' });
    await resolve.getByLabel('Note for colleagues').fill('the form checks it now');
    await keepScreen(page, 'group-decision-away');
    await resolve.getByRole('button', { name: 'Keep as a draft' }).click();
    await resolve.getByRole('link', { name: 'Drafts' }).click();
    const group = page.getByRole('region', { name: 'Resolve the group' });
    const review = page.getByRole('region', { name: /^Accept/ });
    const decision = page.getByRole('region', { name: /^Withdraw/ });
    for (const card of [group, review, decision]) {
      await expect(card).toContainText('It is checked when the server is back.');
      await expect(card.getByRole('button', { name: /^Send/ })).toBeDisabled();
    }

    await production.serverReturns();
    await expect(decision).toContainText('proposed now');
    await expect(review).toContainText('is open');
    await expect(group).toContainText('No job has failed for it since the draft was kept.');
    await keepScreen(page, 'drafts-of-decisions');
    await decision.getByRole('button', { name: 'Send the withdrawal' }).click();
    await expect(page.getByText('withdrawn:')).toBeVisible();
    await review.getByRole('button', { name: 'Send the review' }).click();
    await expect(page.getByText(/^Done to/)).toBeVisible();
    await group.getByRole('button', { name: 'Send the decision' }).click();
    await expect(page.getByText('Decided:')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'No drafts' })).toBeVisible();
    await page.getByRole('link', { name: 'Show the findings' }).click();
    await expect(page.getByText('accepted').first()).toBeVisible();
    await screens.getByRole('link', { name: 'Failures' }).click();
    await page.getByRole('button', { name: 'Resolved (1)' }).click();
    await expect(page.getByText('the form checks it now')).toBeVisible();
  });

  test('is kept and sent by keyboard alone, and somebody else’s decision in between is shown before anything is sent', async ({
    start,
    production,
  }) => {
    await production.plantFailed({ id: 'lost-1', kind: 'website', failureClass: 'provider', priceCredits: 300 });
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'lost-1')).toBeVisible();
    await page.keyboard.press('g');
    await page.keyboard.press('f');
    const ignore = page.getByRole('button', { name: /^Ignore…/ });
    await expect(ignore).toBeVisible();
    await production.serverGoes();
    await expect(page.getByText(/What you decide is kept as a draft/)).toBeVisible();
    await ignore.focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Note for colleagues').focus();
    await page.keyboard.type('the provider knows');
    await page.keyboard.press('Tab');
    await expect(page.getByRole('button', { name: 'Keep as a draft' })).toBeFocused();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('link', { name: 'Drafts' }).focus();
    await page.keyboard.press('Enter');
    const card = page.getByRole('region', { name: /^Ignore the group/ });
    await production.serverReturns();
    await expect(card).toContainText('Nobody has decided about it yet.');
    await production.ignoreElsewhere('lost-1');
    const send = card.getByRole('button', { name: 'Send the decision' });
    await send.focus();
    await page.keyboard.press('Enter');
    await expect(card.getByRole('alert')).toBeVisible();
    await expect(card).toContainText('It is ignored by ann');
    await expect(card).toContainText('known to the provider');
    await keepScreen(page, 'draft-decided-elsewhere');
    await card.getByRole('button', { name: 'Drop' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'No drafts' })).toBeVisible();
  });

  test('leave what was written for a retry where it is, while the server goes away and comes back', async ({
    start,
    production,
  }) => {
    await production.plantFailed({ id: 'lost-1', kind: 'website', failureClass: 'temporary', priceCredits: 300 });
    const { page } = await start({ env: production.env });
    await openJob(page, 'lost-1');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Edit prompt or options first' }).click();
    const [prompt, reason] = [dialog.getByLabel('Prompt'), dialog.getByLabel(/^Reason/)];
    await prompt.fill('A page for a bakery, in German');
    await reason.fill('the provider is back');
    await production.serverGoes();
    await expect(dialog.getByRole('button', { name: 'Keep as a draft' })).toBeVisible();
    await expect(prompt).toHaveValue('A page for a bakery, in German');
    await expect(reason).toHaveValue('the provider is back');
    await production.serverReturns();
    await expect(dialog.getByRole('button', { name: /^Order the edited job/ })).toBeVisible();
    await expect(prompt).toHaveValue('A page for a bakery, in German');
    await expect(reason).toHaveValue('the provider is back');
  });
});
