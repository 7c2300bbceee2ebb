import { expect, test } from './application.ts';
import { makePlan, runForm } from './plan.page.ts';
import type { Production } from './production.ts';
import { keepScreen } from './screens.ts';

/** What a plan of retries needs before it spends, and how it survives its console; the ledger is asked after each. */
test.describe('a plan of retries', () => {
  async function expectRetriedOnce(production: Production, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const job = await production.jobOf(id);
      expect(job.history.filter(({ to }) => to === 'queued')).toHaveLength(2);
      const types = (await production.ledgerOf(id)).map(({ type }) => type);
      expect(types).toEqual(['reserve', 'release', 'reserve', 'capture']);
    }
  }

  test('that spends more than the policy lets through is run only when its amount was typed', async ({
    start,
    production,
  }) => {
    await production.putPolicy({ spend: { typedCredits: 500, approvalCredits: 100_000 } });
    const ids = ['typed-1', 'typed-2'];
    for (const id of ids) await production.plantFailed({ id, failureClass: 'temporary', priceCredits: 400 });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await makePlan(page, 'state:failed');
    const form = runForm(page);
    const begin = form.getByRole('button', { name: /^Run for at most/ });
    await expect(form).toContainText('Type the amount first.');
    await expect(begin).toBeDisabled();
    await form.getByLabel(/^Type 8.00 to spend/).fill('0.80');
    await expect(begin).toBeDisabled();
    await form.getByLabel(/^Type 8.00 to spend/).fill('8.00');
    await begin.click();
    await expect(page.getByText(/2 of 2 jobs looked at: 2 succeeded/)).toBeVisible({ timeout: 60_000 });
    await expectRetriedOnce(production, ids);
  });

  test('above the second threshold waits for another person, who sees the same plan', async ({ start, production }) => {
    // Two applications of a main process, an engine and a Chromium each.
    test.slow();
    await production.putPolicy({ spend: { typedCredits: 100, approvalCredits: 500 } });
    const ids = ['two-1', 'two-2'];
    for (const id of ids) await production.plantFailed({ id, failureClass: 'temporary', priceCredits: 400 });
    const ann = await start({ env: production.env, args: ['--runner', '--person', 'ann'] });
    await makePlan(ann.page, 'state:failed');
    await expect(ann.page.getByText(/another person must approve/)).toBeVisible();
    await expect(runForm(ann.page)).toHaveCount(0);
    await expect(ann.page.getByRole('button', { name: 'Approve' })).toHaveCount(0);
    const address = new URL(ann.page.url()).hash;
    expect(await production.ledgerOf('two-1')).toHaveLength(2);

    const bob = await start({ env: production.env, args: ['--person', 'bob'] });
    await bob.page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Retry plans' }).click();
    await bob.page
      .getByRole('row', { name: /Waits for approval/ })
      .getByRole('link')
      .click();
    expect(new URL(bob.page.url()).hash).toBe(address);
    await keepScreen(bob.page, 'plan-approval');
    await bob.page.getByRole('button', { name: 'Approve' }).click();
    await expect(bob.page.getByText('Approved by bob.')).toBeVisible();

    const form = runForm(ann.page);
    await form.getByLabel(/^Type 8.00 to spend/).fill('8.00');
    await form.getByRole('button', { name: /^Run for at most/ }).click();
    await expect(ann.page.getByText(/2 of 2 jobs looked at: 2 succeeded/)).toBeVisible({ timeout: 60_000 });
    await expectRetriedOnce(production, ids);
    expect((await production.jobOf('two-1')).history.at(-4)?.actor).toEqual({ type: 'user', id: 'ann' });
  });

  test('whose console was killed goes on where it was, and retries each job once', async ({ start, production }) => {
    const ids = ['kill-1', 'kill-2', 'kill-3'];
    for (const id of ids) await production.plantFailed({ id, failureClass: 'temporary', priceCredits: 400 });
    // Without a runner the first step does not come to its end.
    const first = await start({ env: production.env });
    await makePlan(first.page, 'state:failed');
    const form = runForm(first.page);
    await form.getByLabel('Jobs each step begins').fill('1, 1');
    await form.getByRole('button', { name: /^Run for at most/ }).click();
    await expect(first.page.getByText(/1 of 3 jobs looked at: .*1 under way/)).toBeVisible();
    await first.kill();
    expect((await Promise.all(ids.map((id) => production.jobOf(id)))).map(({ state }) => state).sort()).toEqual([
      'failed',
      'failed',
      'queued',
    ]);

    const second = await start({ env: production.env, args: ['--runner'], dataDir: first.dataDir });
    await second.page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Retry plans' }).click();
    await second.page.getByRole('table', { name: 'Retry plans' }).getByRole('link').first().click();
    await expect(second.page.getByText(/3 of 3 jobs looked at: 3 succeeded/)).toBeVisible({ timeout: 90_000 });
    await expectRetriedOnce(production, ids);
  });

  test('leaves out what the workspace cannot pay, and after a top-up plans exactly that', async ({
    start,
    production,
  }) => {
    const ids = ['poor-1', 'poor-2'];
    for (const id of ids) await production.plantFailed({ id, failureClass: 'temporary', priceCredits: 60_000 });
    await production.plantFailed({ id: 'edit-me', failureClass: 'input', priceCredits: 300 });
    const { page } = await start({ env: production.env });
    await makePlan(page, 'state:failed');
    const groups = page.getByRole('table', { name: 'Groups of jobs' });
    await expect(groups.getByRole('row', { name: /^Will be retried/ })).toContainText('600.00');
    await expect(groups.getByRole('row', { name: /^Not enough credit/ })).toContainText('600.00');
    await production.topUp(100_000);
    await groups.getByRole('link', { name: 'Plan these after a top-up' }).click();
    await page.getByRole('form', { name: 'New plan' }).getByRole('button', { name: /^Plan/ }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('What lacked credit in plan');
    await expect(groups.getByRole('row')).toHaveCount(2);
    await expect(groups.getByRole('row', { name: /^Will be retried/ })).toContainText('600.00');
    expect(await production.ledgerOf('poor-1')).toHaveLength(2);
  });

  test('collects what the provider has made already, for its price, and buys nothing again', async ({
    start,
    production,
  }) => {
    await production.plantFailed({
      id: 'made-1',
      failureClass: 'temporary',
      acceptanceId: 'chatcmpl-lost',
      priceCredits: 400,
    });
    await production.buyFor('made-1');
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await makePlan(page, 'state:failed');
    const groups = page.getByRole('table', { name: 'Groups of jobs' });
    await expect(groups.getByRole('row', { name: /^Will be collected/ })).toContainText('4.00');
    // By the server until the copy is whole and dated, by the copy from then on.
    await expect(page.getByText(/^the (server|offline copy),/)).toBeVisible();
    await keepScreen(page, 'plan-collect');
    await runForm(page)
      .getByRole('button', { name: /^Run for at most/ })
      .click();
    await expect(page.getByText(/1 of 1 job looked at: 1 succeeded/)).toBeVisible({ timeout: 60_000 });
    await expect(page.getByRole('table', { name: 'What became of each job' })).toContainText('succeeded, collected');
    await expectRetriedOnce(production, ['made-1']);
    expect(production.providerCalls()).toMatchObject({ generated: 1, replayed: 1 });
  });
});
