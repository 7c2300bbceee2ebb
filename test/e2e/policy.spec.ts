import type { Locator, Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { expectState, openJob, part } from './job.page.ts';
import { keepScreen } from './screens.ts';

test.describe('the retry policy', () => {
  test('is drafted, tried out on what happened, put in force with a reason, and obeyed by runner and window', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'before-1', model: 'bad-output', priceCredits: 500, maxAttempts: 5 });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await openJob(page, 'before-1');
    await expectState(page, 'failed');
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Retry policy' }).click();
    await expect(page.getByRole('heading', { name: 'Version 1 is in force' })).toBeVisible();

    await page.getByRole('button', { name: 'Draft the next version' }).click();
    const form = page.getByRole('form', { name: 'Draft of version 2' });
    const put = form.getByRole('button', { name: 'Put version 2 in force' });
    await expect(form).toContainText('Nothing differs from what is in force.');
    await form.getByLabel('validation: retries by a runner').fill('many');
    await expect(put).toBeDisabled();
    await form.getByLabel('input: retries by a runner').fill('1');
    await form.getByLabel('validation: retries by a runner').fill('0');
    await expect(form).toContainText('input: the same input cannot succeed by itself.');
    await form.getByLabel('input: retries by a runner').fill('0');
    await form.getByLabel('validation: a person retries it').selectOption('with a reason');
    const changes = form.getByRole('list', { name: 'What changes' });
    await expect(changes.getByRole('listitem')).toHaveCount(2);
    await expect(changes).toContainText('validation, retries by a runner: 1 0');

    await form.getByRole('button', { name: 'Replay the last 30 days' }).click();
    const replayed = form.getByRole('table', { name: 'What the draft would have done differently' });
    await expect(replayed.getByRole('row', { name: /^validation/ })).toContainText('1 attempt');
    await expect(form).toContainText('1 job of the last 30 days had a failure.');
    await expect(put).toBeDisabled();
    await form.getByLabel('Reason (needed)').fill('a second try never passed');
    const screens = page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: 'Jobs' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
    await screens.getByRole('link', { name: 'Retry policy' }).click();
    await expect(form.getByLabel('Reason (needed)')).toHaveValue('a second try never passed');
    await expect(form.getByLabel('validation: retries by a runner')).toHaveValue('0');
    await keepScreen(page, 'policy-draft');
    await put.click();

    await expect(page.getByRole('heading', { name: 'Version 2 is in force' })).toBeVisible();
    const second = page.getByRole('listitem', { name: 'Version 2' });
    await expect(second).toContainText('a second try never passed');
    await expect(second).toContainText('validation, a person retries: as it is with a reason');
    await keepScreen(page, 'policy-versions');

    // A runner asks for the version in force every two seconds.
    await expect
      .poll(
        async () => {
          const id = `after-${Date.now()}`;
          await production.order({ id, model: 'bad-output', priceCredits: 500, maxAttempts: 5 });
          await expect.poll(async () => (await production.jobOf(id)).state).toBe('failed');
          const { attempts, history } = await production.jobOf(id);
          return { attempts: attempts.length, policyVersion: history.at(-1)?.policyVersion };
        },
        { timeout: 60_000 },
      )
      .toEqual({ attempts: 1, policyVersion: 2 });

    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Jobs' }).click();
    await openJob(page, 'before-1');
    await expect(part(page, 'Why it failed')).toContainText('It may be retried when somebody gives a reason.');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Policy 2');
    await expect(dialog.getByRole('button', { name: /^Retry for/ })).toBeDisabled();
    await dialog.getByLabel('Reason (needed)').fill('the checks were mended');
    await dialog.getByRole('button', { name: /^Retry for/ }).click();
    await expect(dialog.getByRole('status')).toContainText('The job waits again');
    const retried = (await production.jobOf('before-1')).history.filter(({ to }) => to === 'queued').at(-1);
    expect(retried).toMatchObject({ reason: 'the checks were mended', policyVersion: 2 });

    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Audit' }).click();
    await expect(page.getByRole('table').getByText('policy.put').first()).toBeVisible();
  });

  test('keeps a draft that somebody else has overtaken, and says against what it is told now', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    const form = await draftOneMoreTry(page);
    await production.putPolicy({ spend: { typedCredits: 70, approvalCredits: 7000 } });
    await form.getByRole('button', { name: /^Put version/ }).click();

    await expect(form).toContainText('Version 2 was put in force meanwhile.');
    const put = form.getByRole('button', { name: 'Put version 3 in force' });
    await expect(put).toBeDisabled();
    const changes = form.getByRole('list', { name: 'What changes' });
    await expect(changes).toContainText('timeout, retries by a runner');
    await expect(changes.getByRole('listitem')).toHaveCount(3);
    await keepScreen(page, 'policy-overtaken');
    await form.getByRole('button', { name: 'Go on over version 2' }).click();
    await put.click();
    await expect(page.getByRole('heading', { name: 'Version 3 is in force' })).toBeVisible();
    await expect(page.getByRole('listitem', { name: 'Version 3' })).toContainText('one more try is enough');
  });

  test('keeps what is written on a draft while it is being put in force', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    const form = await draftOneMoreTry(page);
    await production.delayInsert('retry_policies', 3000);
    await form.getByRole('button', { name: 'Put version 2 in force' }).click();
    await form.getByLabel('provider: retries by a runner').fill('4');

    await expect(form).toContainText('Version 2 was put in force meanwhile.');
    const changes = form.getByRole('list', { name: 'What changes' });
    await expect(changes.getByRole('listitem')).toHaveCount(1);
    await expect(changes).toContainText('provider, retries by a runner');
    await form.getByRole('button', { name: 'Go on over version 2' }).click();
    await form.getByRole('button', { name: 'Put version 3 in force' }).click();
    await expect(page.getByRole('heading', { name: 'Version 3 is in force' })).toBeVisible();
    await expect(form).toHaveCount(0);
  });
});

/** Drafts a version in which a time-out is tried once more, with its reason. */
async function draftOneMoreTry(page: Page): Promise<Locator> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Retry policy' }).click();
  await page.getByRole('button', { name: 'Draft the next version' }).click();
  const form = page.getByRole('form', { name: /^Draft of version/ });
  await form.getByLabel('timeout: retries by a runner').fill('1');
  await form.getByLabel('Reason (needed)').fill('one more try is enough');
  return form;
}
