import type { Locator, Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { openJob, rowOf } from './job.page.ts';

async function openScreen(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name }).click();
}

/** Both clicks of a double click at the place of a control, with what the first does between them. */
async function doubleClick(page: Page, control: Locator, between: () => Promise<void>): Promise<void> {
  const box = await control.boundingBox();
  if (box === null) throw new Error('there is nothing to click at');
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.up();
  await between();
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
}

/** Presses a key so often that the window has no time between. */
async function pressAtOnce(page: Page, key: 'Enter', times: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const code = { key, code: key, windowsVirtualKeyCode: 13, text: '\r' };
  const presses = Array.from({ length: times }, () => [
    session.send('Input.dispatchKeyEvent', { type: 'keyDown', ...code }),
    session.send('Input.dispatchKeyEvent', { type: 'keyUp', ...code, text: '' }),
  ]);
  await Promise.all(presses.flat());
}

/** Somebody is faster than the window, or presses a key more often than is needed. */
test.describe('in a hurry', () => {
  test('a dialog takes the letters that come as it opens, and gives the keyboard back to where it was', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'waits-1' });
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'waits-1')).toBeVisible();
    const open = page.getByRole('button', { name: /^Save this view…|^Views…/ });
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    for (const name of ['gamma jobs', 'going late']) {
      await open.focus();
      // By another key than the one that closes it: twice the same, so soon, were one press.
      await page.keyboard.press(' ');
      // The first two letters are the way to the alerts, and to nowhere.
      await page.keyboard.type(name, { delay: 0 });
      await page.keyboard.press('Alt+ArrowLeft');
      await expect(dialog.getByLabel('Name of what is on screen now')).toHaveValue(name);
      await page.keyboard.press('Enter');
      await expect(dialog).toHaveCount(0);
      await expect(open).toBeFocused();
    }
    await open.press(' ');
    await dialog.getByRole('button', { name: 'Delete gamma jobs' }).focus();
    await page.keyboard.type('gh', { delay: 0 });
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(open).toBeFocused();
    await page.keyboard.type('ga', { delay: 0 });
    await expect(page.getByRole('heading', { name: 'There is no rule yet' })).toBeVisible();
  });

  test('what is confirmed twice in one breath is done once', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    const open = page.getByRole('button', { name: /^Save this view…|^Views…/ });
    const views = page.getByRole('navigation', { name: 'Saved views' }).getByRole('link');
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    for (const [at, name] of ['one', 'two', 'three', 'four', 'five'].entries()) {
      await open.click();
      await dialog.getByLabel('Name of what is on screen now').fill(name);
      await pressAtOnce(page, 'Enter', 2);
      await expect(dialog).toHaveCount(0);
      await expect(views).toHaveCount(at + 1);
    }
  });

  test('what is typed while something is sent stays', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await openScreen(page, 'People');
    const person = page.getByRole('form', { name: 'Give a role' }).getByLabel('Person');
    await person.fill('ann');
    await pressAtOnce(page, 'Enter', 1);
    await page.keyboard.insertText('b');
    await expect(page.getByRole('combobox', { name: 'Role of ann' })).toBeVisible();
    await expect(person).toHaveValue(/b$/);
  });

  test('what is written why a job is cancelled stays while the job moves on', async ({ start, production }) => {
    await production.order({ id: 'moves-1', model: 'timeout', priceCredits: 500 });
    const { page } = await start({ env: production.env });
    await openJob(page, 'moves-1');
    await page.getByRole('button', { name: 'Cancel…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel moves-1' });
    await expect(dialog).toContainText('0.00 credits that are held');
    const reason = dialog.getByLabel('Reason');
    await reason.focus();
    await page.keyboard.type('ordered by mis', { delay: 0 });
    await start({ env: production.env, args: ['--runner'] });
    await expect(dialog).toContainText('5.00 credits that are held');
    await page.keyboard.type('take', { delay: 0 });
    await expect(reason).toHaveValue('ordered by mistake');
  });

  test('a double click is for what its first click met', async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['--person', 'fay'] });
    await openScreen(page, 'Redaction');
    await page.getByRole('button', { name: 'Draft the next version' }).click();
    const rules = page.getByRole('button', { name: /^Remove rule/ });
    const add = page.getByRole('button', { name: 'Add a rule' });
    for (let n = 0; n < 3; n += 1) await add.click();
    await expect(rules).toHaveCount(3);
    await doubleClick(page, rules.first(), () => expect(rules).toHaveCount(2));
    // What a second removal would have done is there before this.
    await add.click();
    await expect(rules).toHaveCount(3);
  });

  test('the keyboard comes back to what was switched off while something was under way', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await openScreen(page, 'Alerts');
    await page.getByRole('button', { name: 'New rule' }).press('Enter');
    const form = page.getByRole('dialog', { name: 'Rule' });
    const trying = form.getByRole('button', { name: 'Try on the last 30 days' });
    for (let n = 0; n < 3; n += 1) {
      await trying.press('Enter');
      await expect(form.getByRole('region', { name: 'On the last 30 days' })).toBeVisible();
      await expect(trying).toBeFocused();
      await form.getByRole('checkbox', { name: 'Switched on' }).press('Space');
      await expect(form.getByRole('region', { name: 'On the last 30 days' })).toHaveCount(0);
    }
  });

  test('the palette takes each press once, for what stands in it', async ({ start, production }) => {
    await production.order({ id: 'waits-1' });
    const { page } = await start({ env: production.env });
    const list = page.getByRole('grid', { name: 'Jobs' });
    const find = page.getByRole('dialog', { name: 'Find anything' });
    await expect(rowOf(page, 'waits-1')).toBeVisible();
    await list.focus();
    await page.keyboard.press('ArrowDown');
    // The row with the cursor, below the palette, would be opened by the second.
    await page.keyboard.press('Control+k');
    await page.keyboard.type('theme: dark', { delay: 0 });
    await pressAtOnce(page, 'Enter', 2);
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await expect(find).toHaveCount(0);
    await expect(list).toBeFocused();
    await expect(page).toHaveURL(/#\/jobs$/);
    // A menu closes under the palette, and cannot take the keyboard back itself.
    const columns = page.getByRole('button', { name: 'Columns' });
    await columns.focus();
    await pressAtOnce(page, 'Enter', 2);
    await expect(page.getByRole('menuitemcheckbox', { name: 'State' })).toBeChecked();
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Escape');
    await expect(columns).toBeFocused();
    // Faster than the answer.
    await page.keyboard.press('Control+k');
    await page.keyboard.insertText('waits-1');
    await pressAtOnce(page, 'Enter', 1);
    await expect(page).toHaveURL(/#\/jobs\/waits-1$/);
  });

  test('the palette does not open over a dialog, whose text would go with its screen', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await openScreen(page, 'Alerts');
    await page.getByRole('button', { name: 'New rule' }).press('Enter');
    const name = page.getByRole('dialog', { name: 'Rule' }).getByLabel('Name');
    // Over the name that is proposed.
    await page.keyboard.type('late', { delay: 0 });
    await page.keyboard.press('Control+k');
    await page.keyboard.type(' jobs', { delay: 0 });
    await expect(name).toHaveValue('late jobs');
    await expect(page.getByRole('dialog')).toHaveCount(1);
  });

  test('the keyboard goes to the neighbour of what is taken away, and two presses take away one', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    const open = page.getByRole('button', { name: /^Save this view…|^Views…/ });
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    const name = dialog.getByLabel('Name of what is on screen now');
    for (const view of ['one', 'two', 'three']) {
      await open.click();
      await name.fill(view);
      await dialog.getByRole('button', { name: 'Save', exact: true }).click();
      await expect(dialog).toHaveCount(0);
    }
    await open.click();
    const remaining = dialog.getByRole('button', { name: /^Delete/ });
    await dialog.getByRole('button', { name: 'Delete two' }).focus();
    await pressAtOnce(page, 'Enter', 2);
    await expect(dialog.getByRole('button', { name: 'Delete three' })).toBeFocused();
    await expect(remaining).toHaveCount(2);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await expect(dialog.getByRole('button', { name: 'Delete one' })).toBeFocused();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await expect(remaining).toHaveCount(0);
    await expect(dialog.getByRole('button', { name: 'Undo' })).toBeFocused();
    await page.keyboard.press('Escape');
    // Of another screen nothing is a neighbour.
    await page.keyboard.type('gh', { delay: 0 });
    await expect(page.getByRole('heading', { level: 1, name: 'Health' })).toBeVisible();
    await expect(page.getByRole('main')).toBeFocused();
  });

  test('the keyboard goes to the neighbour too where a dialog or a wait lies between', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env, args: ['--person', 'fay'] });
    await openScreen(page, 'Alerts');
    for (const name of ['late', 'lost']) {
      await page.getByRole('button', { name: 'New rule' }).click();
      await page.getByRole('dialog', { name: 'Rule' }).getByLabel('Name').fill(name);
      await page.keyboard.press('Enter');
      await expect(page.getByRole('button', { name: `Delete ${name}` })).toBeVisible();
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }
    await page.getByRole('button', { name: 'Delete late' }).press('Enter');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Delete/ })
      .press('Space');
    await expect(page.getByRole('button', { name: 'Delete lost' })).toBeFocused();
    await openScreen(page, 'People');
    const form = page.getByRole('form', { name: 'Give a role' });
    for (const name of ['ann', 'ben']) {
      await form.getByLabel('Person').fill(name);
      await form.getByRole('button', { name: 'Give role' }).click();
      await expect(page.getByRole('combobox', { name: `Role of ${name}` })).toBeVisible();
    }
    await page.getByRole('button', { name: 'Take the role of ann away' }).press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Take it away' }).press('Space');
    await expect(page.getByRole('button', { name: 'Take the role of ben away' })).toBeFocused();
  });
});
