import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { expectState, openJob, part, rowOf } from './job.page.ts';
import { GRANTED, WORKSPACE } from './production.ts';
import { keepScreen } from './screens.ts';

async function openReconciliation(page: Page): Promise<void> {
  await page
    .getByRole('navigation', { name: 'Screens' })
    .getByRole('link', { name: /^Reconciliation/ })
    .click();
  await expect(page.getByRole('heading', { level: 1, name: 'Reconciliation' })).toBeVisible();
}

async function runRules(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run the rules' }).click();
  await expect(page.getByRole('region', { name: 'Last run' })).toBeVisible();
}

/** Waits until the planted capture, which came without its job, is on the job's screen. */
async function seeCapture(page: Page): Promise<void> {
  await expect(part(page, 'Charge').getByText('capture', { exact: true })).toBeVisible();
}

/** Finance runs the rules, finds what was planted in the books, and follows it to the job. */
test.describe('reconciliation', () => {
  test('clean books are said to be clean, after an invitation to look', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'sound-1', priceCredits: 500 });
    await openJob(page, 'sound-1');
    await expectState(page, 'completed');
    await openReconciliation(page);
    await expect(page.getByRole('heading', { name: 'No run yet' })).toBeVisible();
    await keepScreen(page, 'reconciliation-empty');
    await runRules(page);
    await expect(page.getByRole('heading', { name: 'Every credit is explained' })).toBeVisible();
    await keepScreen(page, 'reconciliation-clean');

    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    const runs = page.getByRole('table', { name: 'Kept runs, newest first' });
    await expect(runs.getByRole('row')).toHaveCount(2);
    await runs.getByRole('button', { name: /^Repeat the run of/ }).click();
    await expect(page.getByText('It comes out the same, to the byte.')).toBeVisible();
    await keepScreen(page, 'reconciliation-runs');
    await runs.getByRole('link').click();
    await expect(page.getByRole('heading', { name: 'Every credit is explained' })).toBeVisible();
  });

  test('a capture of a job that failed is found, explained, exported, and leads to its job', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await production.order({ id: 'lost-1', model: 'bad-input', priceCredits: 500 });
    await openJob(page, 'lost-1');
    await expectState(page, 'failed');
    await expect(part(page, 'Charge')).toContainText('not charged');
    await expect.poll(async () => (await production.ledgerOf('lost-1')).length).toBe(2);
    await production.plantCapture('lost-1');
    await seeCapture(page);

    await openReconciliation(page);
    await runRules(page);
    const table = page.getByRole('table', { name: 'Findings by rule' });
    await expect(table.getByRole('rowheader', { name: /7\. Refund owed by class and not made/ })).toBeVisible();
    await expect(table.getByRole('rowheader', { name: /14\. Account differs from its ledger/ })).toBeVisible();
    await expect(table.getByRole('link', { name: 'lost-1' })).toBeVisible();
    await expect(table).toContainText('+5.00');
    await keepScreen(page, 'reconciliation-findings');

    await page.getByRole('button', { name: 'Export CSV' }).click();
    const written = page.getByRole('status').filter({ hasText: 'written to' });
    const file = (await written.locator('bdi').textContent()) ?? '';
    const lines = readFileSync(file, 'utf8').trimEnd().split('\r\n');
    expect(lines[0]?.split(',').slice(0, 9).join(' ')).toBe(
      '\uFEFFrule_number rule case subject_type subject workspace job generation credits',
    );
    const fields = lines.slice(1).map((line) => line.split(','));
    expect(fields.map((line) => [line[0], line[1], line[3], line[5], line[6]])).toEqual([
      ['7', 'refund_owed', 'generation', WORKSPACE, 'lost-1'],
      ['14', 'account_differs', 'workspace', WORKSPACE, ''],
    ]);
    expect(fields[0]?.[8]).toBe('500');

    await page.getByRole('button', { name: /^Rule/ }).click();
    await page.getByRole('menuitemcheckbox', { name: /Account differs/ }).click();
    await page.keyboard.press('Escape');
    await expect(table.getByRole('rowheader')).toHaveCount(1);
    await table.getByRole('link', { name: /Available and held together/ }).click();
    const entries = part(page, 'Entries of the workspace').getByRole('table').locator('tbody strong');
    await expect(entries).toHaveText(['grant', 'reserve', 'release', 'capture']);
    await expect(part(page, 'Entries of the workspace').getByRole('row').last()).toContainText('995.00');
    await keepScreen(page, 'reconciliation-workspace');

    await page.getByRole('link', { name: 'Reconciliation' }).last().click();
    await expect(table.getByRole('rowheader')).toHaveCount(1);
    await openReconciliation(page);
    await table.getByRole('link', { name: 'What was captured is not refunded.' }).click();
    await expect(part(page, 'What was found')).toContainText('the customer is owed this');
    await expect(part(page, 'What was found')).toContainText(WORKSPACE);
    const named = part(page, 'Entries of the generation').getByRole('row').filter({ hasText: 'named by the finding' });
    await expect(named.locator('strong')).toHaveText(['capture']);
    await keepScreen(page, 'reconciliation-finding');
    await page.getByRole('link', { name: 'Open the job' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'lost-1' })).toBeVisible();
  });

  test('without the server the last run stays to read, and a new one waits', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await production.order({ id: 'kept-1', priceCredits: 500 });
    await openJob(page, 'kept-1');
    await production.plantCapture('kept-1');
    await seeCapture(page);
    await openReconciliation(page);
    await runRules(page);
    const table = page.getByRole('table', { name: 'Findings by rule' });
    await expect(table).toBeVisible();
    await production.serverGoes();
    await expect(page.locator('.banner')).toContainText('The MongoDB server does not answer.');
    await expect(page.getByRole('button', { name: 'Run the rules' })).toBeDisabled();
    await expect(page.getByRole('form', { name: 'Run' })).toContainText('A run needs the server');
    await expect(table).toBeVisible();
    await keepScreen(page, 'reconciliation-offline');
    for (const name of ['Mends', 'Months', 'Invoices', 'Margin', 'Statements']) {
      await openTab(page, name);
      await expect(page.getByText('This needs the server, which is away')).toBeVisible();
    }
    await production.serverReturns();
    await expect(page.getByText(/is open: figures may still change|No workspace has a balance/)).toBeVisible();
    await openTab(page, 'Findings');
    await expect(page.getByRole('button', { name: 'Run the rules' })).toBeEnabled();
  });
});

test('what is being written of findings stays when another run ends, with or without them', async ({
  start,
  production,
}) => {
  const period = lastMonth();
  await production.plantLastMonth('old-1', 500);
  const { page } = await start({ env: production.env });
  await expect(rowOf(page, 'old-1')).toBeVisible();
  await openReconciliation(page);
  await page.getByLabel('Month').fill(period);
  await runRules(page);
  await expect(page.getByLabel('Month')).toHaveValue(period);
  const table = page.getByRole('table', { name: 'Findings by rule' });
  const reason = page.getByRole('textbox', { name: 'Reason to accept' });
  await reason.fill('agreed with the customer');
  await page.getByRole('checkbox', { name: 'All shown' }).check();
  await page.getByRole('button', { name: 'Propose mends…' }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('captured although it failed');
  await runElsewhere(page, { workspaceId: WORKSPACE, period });
  await expect(page.getByRole('region', { name: 'Last run' })).toContainText(WORKSPACE);
  await expect(page.getByRole('dialog').getByLabel('Reason')).toHaveValue('captured although it failed');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(reason).toHaveValue('agreed with the customer');
  await expect(page.getByRole('toolbar')).toContainText('0 chosen');

  await table.getByRole('link', { name: 'What was captured is not refunded.' }).click();
  const comment = page.getByLabel('Comment or reason');
  await comment.fill('I ask the customer');
  await runElsewhere(page, { workspaceId: null, period: null });
  await expect.poll(() => lastScope(page)).toEqual({ workspaceId: null, period: null });
  await expect(comment).toHaveValue('I ask the customer');
  await runElsewhere(page, { workspaceId: 'nobody', period: null });
  await expect(page.getByText('The last run no longer has this finding')).toBeVisible();
  await expect(comment).toHaveValue('I ask the customer');
  await page.getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(comment).toHaveValue('');
  await expect(part(page, 'What was made of it')).toContainText('I ask the customer');
});

interface Scope {
  readonly workspaceId: string | null;
  readonly period: string | null;
}

/** Asks the engine as another window of the same person does. */
async function askElsewhere(page: Page, name: string, params: unknown): Promise<unknown> {
  return page.evaluate(
    ([asked, given]) =>
      (Reflect.get(window, 'runledger') as { invoke(name: unknown, params: unknown): Promise<unknown> }).invoke(
        asked,
        given,
      ),
    [name, params],
  );
}

async function runElsewhere(page: Page, scope: Scope): Promise<void> {
  expect(await askElsewhere(page, 'reconciliation.run', { scope })).toMatchObject({ ok: true });
}

/** What the last run was over. */
async function lastScope(page: Page): Promise<unknown> {
  const state = await askElsewhere(page, 'reconciliation.get', {});
  return (state as { result?: { last?: { scope?: unknown } } }).result?.last?.scope;
}

/** The month before the present one, in UTC, as the application names it. */
function lastMonth(): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Finance' }).getByRole('link', { name }).click();
  await expect(
    page.getByRole('heading', { level: 1, name: name === 'Findings' ? 'Reconciliation' : name }),
  ).toBeVisible();
}

async function chooseAll(page: Page): Promise<void> {
  await page.getByRole('toolbar').getByRole('checkbox').check();
}

/** Finance mends what was found, with a second person, and closes the month. */
test.describe('mends and months', () => {
  test('a refund is proposed, not approved by its own author, approved by another, and posted; the month is closed, takes nothing late, and is exported the same each time', async ({
    start,
    production,
  }) => {
    test.slow();
    const period = lastMonth();
    await production.plantLastMonth('old-1', 2500);
    await production.plantLastMonth('old-2', 1);
    const env = { ...production.env, RUNLEDGER_PERIOD_OPEN_MAX: '10' };
    const ann = await start({ env, args: ['--person', 'ann'] });
    const { page } = ann;
    for (const jobId of ['old-1', 'old-2']) await expect(rowOf(page, jobId)).toBeVisible();

    await openReconciliation(page);
    await runRules(page);
    await expect(page.getByRole('table', { name: 'Findings by rule' })).toContainText('25.00');
    await chooseAll(page);
    await page.getByRole('button', { name: 'Propose mends…' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('table', { name: 'What would be written' })).toContainText('Refund');
    await dialog.getByLabel('Reason').fill('captured although it failed');
    await dialog.getByLabel(new RegExp(`Date the entries into ${period}`)).check();
    await expect(dialog.getByRole('button', { name: 'Propose 2 mends' })).toBeEnabled();
    await keepScreen(page, 'mends-propose');
    await dialog.getByRole('button', { name: 'Propose 2 mends' }).click();
    await expect(page.getByRole('status').filter({ hasText: '2 proposed.' })).toBeVisible();

    await openTab(page, 'Mends');
    const open = page.getByRole('table', { name: 'Open proposals' });
    await expect(open.getByRole('row')).toHaveCount(3);
    await open.getByRole('checkbox', { name: 'Choose Refund of old-1' }).check();
    await page.getByRole('button', { name: 'Post' }).click();
    await expect(page.getByRole('alert')).toContainText('Refund of old-1: A second person has to decide this');
    await page.getByRole('button', { name: 'Approve' }).click();
    await expect(page.getByRole('alert')).toContainText('who proposed it cannot decide about it');
    await keepScreen(page, 'mends-refused');

    const bob = await start({ env, args: ['--person', 'bob'] });
    await openReconciliation(bob.page);
    await openTab(bob.page, 'Mends');
    await bob.page.getByRole('checkbox', { name: 'Choose Refund of old-1' }).check();
    await bob.page.getByRole('button', { name: 'Approve' }).click();
    await expect(bob.page.getByRole('status').filter({ hasText: '1 done.' })).toBeVisible();
    await bob.page.getByRole('checkbox', { name: 'Choose Refund of old-1' }).check();
    await bob.page.getByRole('button', { name: 'Post' }).click();
    await expect(bob.page.getByRole('table', { name: 'Open proposals' }).getByRole('row')).toHaveCount(2);
    await expect.poll(async () => (await production.ledgerOf('old-1')).map(({ type }) => type)).toContain('refund');
    const [refund] = (await production.ledgerOf('old-1')).filter(({ type }) => type === 'refund');
    expect(refund).toMatchObject({ credits: 2500, period });
    await bob.stop();

    await openTab(page, 'Months');
    await page.getByRole('button', { name: `Close ${period}…` }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: `Close ${period}` })
      .click();
    const months = page.getByRole('table', { name: 'Closed months' });
    await expect(months.getByRole('rowheader', { name: period })).toBeVisible();
    // Which comes next is not over yet.
    await expect(page.getByText(/It is not over: it can be closed from .*-01 00:00:00 UTC on/)).toBeVisible();
    await expect(page.getByRole('button', { name: /^Close \d/ })).toBeDisabled();
    await keepScreen(page, 'months-closed');

    // What was dated into the month before it was closed comes too late now.
    await openTab(page, 'Mends');
    await page.getByRole('checkbox', { name: 'Choose Refund of old-2' }).check();
    await page.getByRole('button', { name: 'Post' }).click();
    await expect(page.getByRole('alert')).toContainText('The month is closed');
    expect((await production.ledgerOf('old-2')).filter(({ type }) => type === 'refund')).toEqual([]);

    await openTab(page, 'Statements');
    const statements = page.getByRole('table', { name: `Statements of ${period}` });
    await expect(statements.getByRole('rowheader', { name: WORKSPACE })).toBeVisible();
    await expect(page.getByText('is closed', { exact: false })).toBeVisible();
    await keepScreen(page, 'statements');
    for (const format of ['CSV', 'XLSX', 'JSON']) {
      const written = page.getByRole('status').filter({ hasText: 'written to' });
      await page.getByRole('button', { name: format }).click();
      await expect(written.locator('bdi')).toContainText(`.${format.toLowerCase()}`);
      const file = (await written.locator('bdi').textContent()) ?? '';
      const bytes = readFileSync(file);
      rmSync(file);
      await page.getByRole('button', { name: format }).click();
      await expect.poll(() => existsSync(file)).toBe(true);
      expect(readFileSync(file).equals(bytes)).toBe(true);
    }
    const exportOf = (format: string): string =>
      path.join(ann.dataDir, 'exports', `statements-${period}-all.${format}`);
    const csv = readFileSync(exportOf('csv'), 'utf8');
    // 2,500 and 1 were granted and captured, and one of the two captures was refunded; the workspace was given its credits before or then.
    const opening = period === '2026-10' ? 0 : GRANTED;
    const row = [WORKSPACE, period, opening, GRANTED - opening + 2501, 2500, 0, GRANTED + 2500, 0, 'report', 2501, 2];
    const titles = 'workspace,period,opening,grants,refunds,adjustments,closing,late_entries,kind,spend,captures'.split(
      ',',
    );
    expect(csv).toBe(`\uFEFF${titles.join(',')}\r\n${row.join(',')}\r\n`);
    const json: unknown = JSON.parse(readFileSync(exportOf('json'), 'utf8'));
    expect(json).toMatchObject({ rows: [Object.fromEntries(titles.map((title, nth) => [title, row[nth]]))] });

    await openTab(page, 'Margin');
    await expect(page.getByRole('table', { name: `Margin of ${period}` })).toContainText('Together');
    await keepScreen(page, 'margin');
  });
});

test('what finance looks at is found again where somebody goes back', async ({ start, production }) => {
  const { page } = await start({ env: production.env });
  const month = page.getByLabel('Month');
  const workspace = page.getByLabel('Workspace');
  const leaveAndReturn = async (): Promise<void> => {
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Doctor' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Doctor' })).toBeVisible();
    await page.goBack();
  };
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Reconciliation' }).click();
  await openTab(page, 'Statements');
  await month.fill('2026-02');
  await workspace.pressSequentially(`${WORKSPACE} two`);
  await leaveAndReturn();
  await expect(month).toHaveValue('2026-02');
  await expect(workspace).toHaveValue(`${WORKSPACE} two`);
  await month.fill('');
  await expect(page.getByText('No month is chosen')).toBeVisible();
  await expect(page.getByRole('button', { name: 'CSV' })).toHaveCount(0);
  await openTab(page, 'Margin');
  await month.fill('2026-03');
  await leaveAndReturn();
  await expect(month).toHaveValue('2026-03');
  await openTab(page, 'Mends');
  await page.getByRole('button', { name: 'Closed' }).click();
  await leaveAndReturn();
  await expect(page.getByRole('button', { name: 'Closed' })).toHaveAttribute('aria-pressed', 'true');
});
