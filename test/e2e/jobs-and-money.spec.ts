import { expect, test } from './application.ts';
import { expectState, openJob, part, rowOf, shownEntries } from './job.page.ts';
import { WORKSPACE } from './production.ts';
import { keepScreen } from './screens.ts';

/** The console attaches to a deployment that it did not start, with a runner, and follows jobs from order to end. */
test.describe('a job and its money, from order to end', () => {
  test('a job is ordered, runs, is validated, completes, and is charged once', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await expect(page.getByRole('heading', { name: 'No jobs', exact: true })).toBeVisible();
    await keepScreen(page, 'jobs-empty');
    await production.order({ id: 'order-1', model: 'slow', prompt: 'A page about tea', priceCredits: 500 });
    await expect(rowOf(page, 'order-1')).toContainText('running');
    await expect(rowOf(page, 'order-1')).toContainText('reserved');
    await openJob(page, 'order-1');
    await expectState(page, 'completed');
    await expect(part(page, 'Charge')).toContainText('charged');
    expect(await shownEntries(page)).toEqual(['reserve', 'capture']);
    await expect(part(page, 'Validation')).toBeVisible();
    await expect(part(page, 'Output')).toBeVisible();
    await keepScreen(page, 'job-completed');

    const entries = await production.ledgerOf('order-1');
    expect(entries.map(({ type, credits }) => [type, credits])).toEqual([
      ['reserve', 500],
      ['capture', 500],
    ]);
    const job = await production.jobOf('order-1');
    expect(job.history.map(({ to }) => to)).toEqual(['queued', 'running', 'validating', 'completed']);
    expect(job.billing).toMatchObject({ status: 'charged', reserved: 0, captured: 500, refunded: 0, pending: [] });
  });

  test('a job whose provider asks to wait is retried, completes, and is charged once', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'order-2', model: 'rate-limited-8', kind: 'image', priceCredits: 120 });
    await openJob(page, 'order-2');
    await expect(part(page, 'Why it is tried again')).toBeVisible();
    await keepScreen(page, 'job-retrying');
    await expectState(page, 'completed');
    await expect(
      part(page, 'Attempts')
        .getByRole('listitem')
        .filter({ hasText: /^Attempt/ }),
    ).toHaveCount(2);
    expect(await shownEntries(page)).toEqual(['reserve', 'capture']);

    const job = await production.jobOf('order-2');
    expect(job.history.map(({ to }) => to)).toEqual([
      'queued',
      'running',
      'retrying',
      'running',
      'validating',
      'completed',
    ]);
    const entries = await production.ledgerOf('order-2');
    expect(entries.map(({ type, credits }) => [type, credits])).toEqual([
      ['reserve', 120],
      ['capture', 120],
    ]);
  });

  test('a job with bad input fails for good, is not tried again, and costs nothing', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'order-3', model: 'bad-input', priceCredits: 500 });
    await openJob(page, 'order-3');
    await expectState(page, 'failed');
    await expect(part(page, 'Why it failed')).toContainText('input');
    await expect(part(page, 'Charge')).toContainText('not charged');
    expect(await shownEntries(page)).toEqual(['reserve', 'release']);
    await keepScreen(page, 'job-failed');

    const job = await production.jobOf('order-3');
    expect(job.history.map(({ to }) => to)).toEqual(['queued', 'running', 'failed']);
    const entries = await production.ledgerOf('order-3');
    expect(entries.map(({ type, credits }) => [type, credits])).toEqual([
      ['reserve', 500],
      ['release', 500],
    ]);
  });

  test('a workspace without the credits is told so, and its job does not start', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'order-4', workspaceId: 'penniless', priceCredits: 500 });
    await openJob(page, 'order-4');
    await expect(part(page, 'Charge')).toContainText('Waits for a top-up');
    await expectState(page, 'queued');
    expect(await production.ledgerOf('order-4')).toEqual([]);
  });

  test('without --runner the console only looks on', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await expect(page.getByRole('region', { name: 'Runner' })).toContainText('No runner here');
    await production.order({ id: 'order-5', workspaceId: WORKSPACE });
    await expect(rowOf(page, 'order-5')).toContainText('queued');
  });
});
