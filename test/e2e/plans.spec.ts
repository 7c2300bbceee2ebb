import { expect, test } from './application.ts';
import { rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

test.describe('retrying many jobs', () => {
  test('a plan shows what it costs, is run by steps, stops by itself, and says what became of each job', async ({
    start,
    production,
  }) => {
    const ids = ['many-1', 'many-2', 'many-3', 'many-4'];
    for (const id of ids) await production.order({ id, model: 'bad-output', priceCredits: 500, maxAttempts: 1 });
    await production.order({ id: 'edit-me', model: 'bad-input', priceCredits: 300 });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    for (const id of [...ids, 'edit-me']) {
      await expect(rowOf(page, id)).toContainText('failed', { timeout: 30_000 });
    }
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Retry plans' }).click();
    await expect(page.getByText('There is no plan yet')).toBeVisible();
    await keepScreen(page, 'plans-empty');
    await page.getByRole('link', { name: 'New plan' }).click();
    const form = page.getByRole('form', { name: 'New plan' });
    await form.getByLabel('Which jobs').fill('state:failed class:sunny');
    await form.getByRole('button', { name: /^Plan/ }).click();
    await expect(form.getByRole('alert')).toContainText('sunny');
    await form.getByLabel('Which jobs').fill('state:failed');
    await form.getByLabel('Reason').fill('the provider is back');
    await form.getByRole('button', { name: /^Plan/ }).click();

    const groups = page.getByRole('table', { name: 'Groups of jobs' });
    await expect(groups.getByRole('row', { name: /^Will be retried/ })).toContainText('20.00');
    await expect(groups.getByRole('row', { name: /^Input must be edited/ })).toContainText('3.00');
    await keepScreen(page, 'plan');
    const run = page.getByRole('form', { name: 'Run the plan' });
    await run.getByLabel('Jobs each step begins').fill('1, 1');
    await run.getByLabel('Looked at from').fill('2');
    await run.getByRole('button', { name: /^Run for at most/ }).click();
    await expect(page.getByText('2 of 2 jobs failed; at most 50 % may.')).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText('20.00 credits of the plan were left unspent.')).toBeVisible();
    const outcomes = page.getByRole('table', { name: 'What became of each job' });
    await expect(outcomes.getByRole('row')).toHaveCount(3);
    await expect(outcomes).toContainText('validation');
    await page.getByRole('button', { name: 'Export CSV' }).click();
    await expect(page.getByRole('status').filter({ hasText: /Written to .*plan-[0-9a-f]{16}\.csv/ })).toBeVisible();
    await keepScreen(page, 'plan-stopped');

    await page.getByRole('link', { name: 'Plan again with what failed or was not begun' }).click();
    await page.getByRole('form', { name: 'New plan' }).getByRole('button', { name: /^Plan/ }).click();
    await expect(groups.getByRole('row', { name: /^Will be retried/ })).toContainText('4');
    const jobs = await Promise.all(ids.map((id) => production.jobOf(id)));
    expect(jobs.filter(({ history }) => history.some(({ reason }) => reason.startsWith('plan ')))).toHaveLength(2);
    for (const [index, id] of ids.entries()) {
      const pairs = jobs[index]?.history.some(({ reason }) => reason.startsWith('plan ')) === true ? 2 : 1;
      const types = (await production.ledgerOf(id)).map(({ type }) => type);
      expect(types).toEqual(Array.from({ length: pairs }, () => ['reserve', 'release']).flat());
    }
  });
});
