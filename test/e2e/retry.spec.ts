import { DEFAULT_RETRY_POLICY } from '#domain/retry-policy.ts';
import { expect, test } from './application.ts';
import { expectState, openJob, part, shownEntries } from './job.page.ts';
import { keepScreen } from './screens.ts';

/** A person looks at what a retry costs, and retries or cancels; the ledger is asked afterwards. */
test.describe('retrying and cancelling a job', () => {
  test('a failed job shows its price first, is retried, and each generation has a charge of its own', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'again-1', model: 'bad-output', priceCredits: 500, maxAttempts: 1 });
    await openJob(page, 'again-1');
    await expectState(page, 'failed');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText('Customer pays')).toBeVisible();
    await expect(dialog).toContainText('not known');
    await expect(dialog).toContainText('not charged');
    await keepScreen(page, 'retry');
    expect(await shownEntries(page)).toEqual(['reserve', 'release']);

    await dialog.getByLabel('Reason').fill('the customer waits');
    await dialog.getByRole('button', { name: /^Retry for/ }).click();
    await expect(dialog.getByRole('status')).toContainText('The job waits again');
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expect.poll(() => shownEntries(page)).toEqual(['reserve', 'release', 'reserve', 'release']);
    const job = await production.jobOf('again-1');
    expect(job.history.map(({ to }) => to)).toEqual([
      'queued',
      'running',
      'validating',
      'failed',
      'queued',
      'running',
      'validating',
      'failed',
    ]);
    expect(job.history[4]).toMatchObject({ actor: { type: 'user' }, reason: 'the customer waits', policyVersion: 1 });
    const entries = await production.ledgerOf('again-1');
    expect(new Set(entries.map(({ generationId }) => generationId)).size).toBe(2);
  });

  test('bad input is retried only after it was edited, as a job of its own', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'edit-1', model: 'bad-input', priceCredits: 300, prompt: 'A page about tea' });
    await openJob(page, 'edit-1');
    await expectState(page, 'failed');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('The same input cannot succeed: edit it.');
    await expect(dialog.getByRole('button', { name: /^Retry for/ })).toBeDisabled();
    await dialog.getByLabel('Prompt').fill('A page about coffee');
    await expect(dialog.getByRole('region', { name: 'What differs' }).locator('del')).toHaveText('tea');
    await expect(dialog.getByRole('region', { name: 'What differs' }).locator('ins')).toHaveText('coffee');
    await keepScreen(page, 'retry-edited');
    // A slip of the hand takes nothing away; who leaves it begins anew.
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await page.getByRole('button', { name: 'Retry…' }).click();
    await expect(dialog.getByLabel('Prompt')).toHaveValue('A page about coffee');
    await dialog.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('button', { name: 'Retry…' }).click();
    await expect(dialog.getByLabel('Prompt')).toHaveValue('A page about tea');
    await dialog.getByLabel('Prompt').fill('A page about coffee');
    await dialog.getByRole('button', { name: /^Order the edited job/ }).click();
    await expect(dialog.getByRole('status')).toContainText('The edited job waits as');
    const link = dialog.getByRole('link');
    const id = (await link.textContent()) ?? '';
    await link.click();
    await expect(page.getByRole('heading', { level: 1, name: id })).toBeVisible();
    await expect(part(page, 'Prompt and options')).toContainText('A page about coffee');
    expect(await production.jobOf(id)).toMatchObject({ lineage: { retryOf: 'edit-1' }, billing: { price: 300 } });
    expect((await production.jobOf('edit-1')).state).toBe('failed');
  });

  test('a job that is under way is cancelled, and what was held goes back', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'stop-1', model: 'timeout', priceCredits: 500 });
    await openJob(page, 'stop-1');
    await expectState(page, 'running');
    await page.getByRole('button', { name: 'Cancel…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('go back to the customer');
    await keepScreen(page, 'cancel');
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    await expectState(page, 'failed');
    await expect(part(page, 'Why it failed')).toContainText('cancelled');
    await expect.poll(() => shownEntries(page)).toEqual(['reserve', 'release']);
    const entries = await production.ledgerOf('stop-1');
    expect(entries.map(({ type, credits }) => [type, credits])).toEqual([
      ['reserve', 500],
      ['release', 500],
    ]);
  });

  test('what the provider accepted is collected, and not bought a second time', async ({ start, production }) => {
    await production.plantFailed({
      id: 'collect-1',
      failureClass: 'temporary',
      acceptanceId: 'chatcmpl-lost',
      priceCredits: 500,
    });
    await production.buyFor('collect-1');
    expect(production.providerCalls()).toMatchObject({ generated: 1, replayed: 0 });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await openJob(page, 'collect-1');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('chatcmpl-lost');
    await expect(dialog.getByRole('button', { name: /^Buy it again for/ })).toBeDisabled();
    await keepScreen(page, 'retry-collect');
    await dialog.getByRole('button', { name: /^Collect the result for/ }).click();
    await expect(dialog.getByRole('status')).toContainText('The job waits again');
    await dialog.getByRole('button', { name: 'Done' }).click();
    await expectState(page, 'completed');
    await expect.poll(() => shownEntries(page)).toEqual(['reserve', 'release', 'reserve', 'capture']);
    expect(production.providerCalls()).toMatchObject({ generated: 1, replayed: 1 });
    const entries = await production.ledgerOf('collect-1');
    expect(entries.map(({ type, credits }) => [type, credits])).toEqual([
      ['reserve', 500],
      ['release', 500],
      ['reserve', 500],
      ['capture', 500],
    ]);
  });

  test('what the policy never retries is blocked, with its one cause, and nothing is written', async ({
    start,
    production,
  }) => {
    const { classes } = DEFAULT_RETRY_POLICY;
    await production.putPolicy({ classes: { ...classes, temporary: { ...classes.temporary, person: 'never' } } });
    await production.plantFailed({ id: 'never-1', failureClass: 'temporary', priceCredits: 500 });
    const before = await production.jobOf('never-1');
    const { page } = await start({ env: production.env });
    await openJob(page, 'never-1');
    await expect(part(page, 'Why it failed')).toContainText('It is not retried.');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('This job cannot be retried.');
    await expect(dialog).toContainText('Policy 2');
    await expect(dialog.getByRole('button', { name: /^Retry for/ })).toHaveCount(0);
    await keepScreen(page, 'retry-blocked');
    expect(await production.jobOf('never-1')).toEqual(before);
    expect((await production.ledgerOf('never-1')).map(({ type }) => type)).toEqual(['reserve', 'release']);
  });
});
