import { expect, test } from './application.ts';
import { openJob, part, rowOf } from './job.page.ts';
import { WORKSPACE } from './production.ts';
import { keepScreen } from './screens.ts';

/** A job that fails, with a number in its prompt. */
const CALL = { id: 'call-1', prompt: 'Write to 555-1234 about tea', model: 'bad-output', maxAttempts: 1 } as const;

test.describe('redaction', () => {
  test('a founder writes rules by keyboard, tries them on recent jobs and puts them in force', async ({
    start,
    production,
  }) => {
    await production.order(CALL);
    const { page } = await start({ env: production.env, args: ['--runner', '--person', 'fay'] });
    await expect(rowOf(page, 'call-1')).toContainText('failed', { ignoreCase: true });
    const screens = page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: 'Redaction' }).click();
    await expect(page.getByRole('heading', { name: 'No rules yet' })).toBeVisible();
    await page.getByRole('button', { name: 'Draft the next version' }).press('Enter');
    const form = page.getByRole('form', { name: 'Draft of version 1' });
    const put = form.getByRole('button', { name: 'Put version 1 in force' });
    await form.getByRole('button', { name: 'Add a rule' }).press('Enter');
    const rule = form.getByRole('group', { name: 'Rule 1' });
    await rule.getByRole('textbox', { name: 'Field' }).fill('state');
    await expect(form).toContainText('state is needed to tell jobs apart or holds no text.');
    await rule.getByLabel('Hides').selectOption('what matches a pattern');
    await rule.getByRole('textbox', { name: 'Pattern' }).focus();
    await page.keyboard.type('([0-9]{3})-\\1');
    await rule.getByLabel('Shown as').fill('phone');
    await expect(put).toBeDisabled();
    const tryIt = form.getByRole('button', { name: /^Try it/ });
    await tryIt.press('Enter');
    await expect(form).toContainText('not a pattern of RE2');
    await rule.getByRole('textbox', { name: 'Pattern' }).fill('[0-9]{3}-[0-9]{4}');
    await tryIt.press('Enter');
    const trial = form.getByRole('table', { name: 'What each rule would hide' });
    await expect(trial.getByRole('row', { name: /as “phone”/ })).toContainText('1');
    await form.getByLabel('Reason (needed)').fill('numbers are personal');
    await keepScreen(page, 'redaction-draft');
    await put.press('Enter');
    await expect(page.getByRole('heading', { name: 'Version 1 is in force' })).toBeVisible();
    await expect(page.getByRole('listitem', { name: 'Version 1' })).toContainText('numbers are personal');
    await keepScreen(page, 'redaction');
    await screens.getByRole('link', { name: 'Audit' }).click();
    await expect(page.getByRole('table', { name: /^Audit entries/ })).toContainText('redaction.put');
  });

  test('support sees redacted texts as redacted, cannot search for words, and keeps what they cannot see', async ({
    start,
    production,
  }) => {
    await production.order(CALL);
    await production.hideFromSupport('sue', '[0-9]{3}-[0-9]{4}', 'phone');
    const support = await start({ env: production.env, args: ['--runner', '--person', 'sue'] });
    const theirs = support.page;
    await expect(rowOf(theirs, 'call-1')).toContainText('failed', { ignoreCase: true });
    await openJob(theirs, 'call-1');
    const input = part(theirs, 'Prompt and options');
    await expect(input.getByRole('region', { name: 'Prompt' })).toHaveText('Write to redacted: phone about tea');
    await expect(theirs.getByText('555-1234')).toHaveCount(0);
    await input.getByRole('region', { name: 'Prompt' }).scrollIntoViewIfNeeded();
    await keepScreen(theirs, 'redacted-job');
    await theirs.getByRole('button', { name: 'Retry…' }).click();
    const dialog = theirs.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Edit prompt or options first' }).click();
    await expect(dialog.getByRole('note')).toContainText('a text that is redacted cannot be changed');
    await dialog.getByRole('textbox', { name: 'Prompt' }).fill('Write to somebody else');
    await dialog.getByRole('button', { name: /^Order the edited job/ }).click();
    await expect(dialog.getByRole('alert')).toContainText('hidden from your role can be kept as it is');
    expect((await production.jobOf('call-1')).input.prompt).toBe('Write to 555-1234 about tea');
    await theirs.keyboard.press('Escape');

    await theirs.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Redaction' }).click();
    await expect(theirs.getByText('Texts are hidden from your own role.')).toBeVisible();
    await expect(theirs.getByRole('note')).toContainText('the role support may not read the audit, change policies');

    await theirs.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Jobs' }).click();
    await theirs.getByRole('combobox', { name: 'Filter the jobs' }).fill('tea');
    await expect(theirs.getByText('Words cannot be searched for while texts are hidden')).toBeVisible();
    await keepScreen(theirs, 'redacted-search');

    await theirs.keyboard.press('Control+k');
    const palette = theirs.getByRole('dialog', { name: 'Find anything' });
    await theirs.keyboard.type('tea');
    await expect(palette.getByRole('status')).toContainText('Words cannot be searched for while texts are hidden');
    await expect(palette).not.toContainText('Nothing is called so.');
    await keepScreen(theirs, 'redacted-palette');
    await palette.getByRole('combobox').fill(WORKSPACE.slice(0, 4));
    await expect(palette.getByRole('option', { name: `${WORKSPACE} jobs, spend, ledger` })).toBeVisible();
  });
});
