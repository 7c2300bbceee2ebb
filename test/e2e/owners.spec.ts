import { expect, test } from './application.ts';
import { part } from './job.page.ts';
import { WORKSPACE } from './production.ts';
import { keepScreen } from './screens.ts';

test.describe('pages of a workspace and of a user', () => {
  test('a support agent sees what a workspace has, spent and lost, and the ledger, by keyboard', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'sound-1', priceCredits: 500 });
    await production.order({ id: 'lost-1', model: 'bad-input', priceCredits: 300 });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('acorn');
    await page.getByRole('option', { name: `${WORKSPACE} jobs, spend, ledger` }).waitFor();
    const options = page.getByRole('option');
    const index = (await options.allTextContents()).findIndex((text) => text.startsWith(WORKSPACE));
    for (let at = 0; at < index; at += 1) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(new RegExp(`#/workspaces/${WORKSPACE}$`));
    await expect(page.getByRole('heading', { level: 1, name: WORKSPACE })).toBeFocused();
    await expect(part(page, 'Credits')).toContainText('Spent5.00');
    await expect(part(page, 'Credits')).toContainText('Failed jobs3.00');
    await expect(page.getByRole('table', { name: 'Latest failures' })).toContainText('lost-1');
    await expect(page.getByRole('table', { name: 'Ledger entries' })).toContainText('grant');
    await expect(page.getByRole('table', { name: 'Ledger entries' })).toContainText('capture');
    await keepScreen(page, 'workspace');

    await page.getByRole('list', { name: 'Jobs by state' }).getByRole('link', { name: '1 failed job' }).focus();
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/#\/jobs\?.*workspace=acorn-studio/);
    await expect(page.getByRole('grid', { name: 'Jobs' }).getByRole('row')).toHaveCount(2);
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(page.getByRole('heading', { level: 1, name: WORKSPACE })).toBeVisible();
    await page.keyboard.press('Alt+ArrowRight');
    await expect(page).toHaveURL(/#\/jobs\?/);
    await page.keyboard.press('/');
    await expect(page.getByRole('combobox', { name: 'Filter the jobs' })).toBeFocused();
    await expect(page.getByRole('grid', { name: 'Jobs' })).toBeVisible();
  });

  test('a job leads to its user, whose page says what they did where', async ({ start, production }) => {
    await production.order({ id: 'sound-1', priceCredits: 500 });
    const { page } = await start({ env: production.env, args: ['--runner', 'runledger://job/sound-1'] });
    await part(page, 'Facts').getByRole('link', { name: 'u1' }).click();
    await expect(page).toHaveURL(/#\/users\/u1$/);
    await expect(part(page, 'Credits')).toContainText('Spent5.00');
    await expect(part(page, 'Workspaces').getByRole('link', { name: WORKSPACE })).toBeVisible();
    await expect(page.getByRole('table', { name: 'Ledger entries' })).toContainText('capture');
    await keepScreen(page, 'user');
  });

  test('a workspace is found by the beginning of its id, whatever newer prompts say, and only for the letters that stand there', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'old-1', workspaceId: 'birch-lab' });
    for (let n = 0; n < 8; n += 1) await production.order({ id: `new-${n}`, prompt: 'A song about a birch' });
    const { page } = await start({ env: production.env });
    await expect(page.getByRole('grid', { name: 'Jobs' })).toContainText('new-7');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('birch');
    await expect(page.getByRole('option', { name: 'birch-lab jobs, spend, ledger' })).toBeVisible();
    await expect(page.getByRole('option', { name: /new-7/ })).toBeVisible();
    await keepScreen(page, 'palette-workspace');
    await page.keyboard.type('-q');
    await expect(page.getByText('Nothing is called so.')).toBeVisible();
    await expect(page.getByRole('option')).toHaveCount(0);
    for (let n = 0; n < 6; n += 1) await page.keyboard.press('Backspace');
    await expect(page.getByRole('combobox', { name: 'Find anything' })).toHaveValue('b');
    await expect(page.getByRole('option', { name: /birch|new-/ })).toHaveCount(0);
    await page.keyboard.type('irch-l');
    await expect(page.getByRole('option', { selected: true })).toHaveAccessibleName(/^birch-lab/);
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(/#\/workspaces\/birch-lab$/);
  });

  test("a link of another program opens the page, and nobody's id says so", async ({ start, production }) => {
    const { page } = await start({ env: production.env, args: ['runledger://workspace/nobody'] });
    await expect(page.getByRole('heading', { level: 1, name: 'nobody' })).toBeVisible();
    await expect(page.getByRole('note')).toContainText('The copy has no job of this workspace.');
    await keepScreen(page, 'workspace-unknown');
  });
});
