import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Locator, Page } from '@playwright/test';
import { ERRORS } from '#domain/errors.ts';
import { expect, test } from './application.ts';
import { expectCellsToHold, placesOfRows, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

const field = (page: Page): Locator => page.getByRole('combobox', { name: 'Filter the jobs' });
const rows = (page: Page): Locator => page.getByRole('grid', { name: 'Jobs' }).locator('[data-job-id]');
const chosen = (page: Page): Locator => page.getByRole('region', { name: 'Chosen jobs' });

/** The ordered jobs, the newest first: each was created an hour before the last one, and costs more. */
const ORDERS = Array.from({ length: 12 }, (_, n) => `order-${n + 1}`);

/** The ids of the rows from top to bottom, as they are seen. */
async function shownOrder(page: Page): Promise<readonly string[]> {
  const places = await rows(page).evaluateAll((all) =>
    all.map((row) => ({ id: row.getAttribute('data-job-id') ?? '', top: row.getBoundingClientRect().top })),
  );
  return places.toSorted((left, right) => left.top - right.top).map(({ id }) => id);
}

/** Jobs that nobody runs, so that the list stands still under the specs. */
test.describe('the list of jobs', () => {
  test.beforeEach(async ({ production }) => {
    for (let n = 1; n <= 12; n += 1) {
      await production.order({
        id: `order-${n}`,
        kind: n % 3 === 0 ? 'image' : 'website',
        priceCredits: n * 1000,
        prompt: n % 2 === 0 ? 'A page about tea' : 'A bakery in two languages',
        createdAt: new Date(Date.now() - n * 3_600_000),
      });
    }
  });

  test('is filtered by tokens that complete while typing, by click, and by views that are saved', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rows(page)).toHaveCount(12);
    await field(page).click();
    await field(page).pressSequentially('ki');
    await page.getByRole('option', { name: 'kind:' }).click();
    await expect(page.getByRole('option', { name: 'image' })).toBeVisible();
    await keepScreen(page, 'jobs-completion');
    // The check of the screen takes the focus away, and the list goes with it.
    await field(page).press('Backspace');
    await field(page).press(':');
    await page.getByRole('option', { name: 'image' }).click();
    await expect(field(page)).toHaveValue('kind:image ');
    await expect(rows(page)).toHaveCount(4);
    await field(page).fill('kind:image cost:>50 since:10h tea');
    await expect(rows(page)).toHaveCount(1);
    await expect(rowOf(page, 'order-6')).toBeVisible();
    await page
      .getByRole('group', { name: 'State' })
      .getByRole('button', { name: /^failed/ })
      .click();
    await expect(page.getByRole('heading', { name: 'No job matches' })).toBeVisible();
    await expect(field(page)).toHaveValue('state:failed kind:image since:10h cost:>50 tea');
    await field(page).fill('cost:>much');
    await field(page).press('Enter');
    await expect(page.getByText('cost:>much is no amount.')).toBeVisible();
    await field(page).fill('kind:image');
    await expect(rows(page)).toHaveCount(4);

    await page.getByRole('button', { name: 'Save this view…' }).click();
    await page.getByRole('textbox', { name: 'Name of what is on screen now' }).fill('Pictures');
    await page.keyboard.press('Enter');
    const view = page.getByRole('navigation', { name: 'Saved views' }).getByRole('link', { name: 'Pictures' });
    await expect(view).toContainText('4');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect(rows(page)).toHaveCount(12);
    await view.click();
    await expect(rows(page)).toHaveCount(4);
    await expect(field(page)).toHaveValue('kind:image');
    await expect(page.getByRole('listbox')).toBeHidden();
    await keepScreen(page, 'jobs-saved-view');
  });

  test('renames a saved view, and takes its deletion back', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    const views = page.getByRole('navigation', { name: 'Saved views' }).getByRole('link');
    const open = page.getByRole('button', { name: /^Save this view…|^Views…/ });
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    for (const name of ['Pictures', 'Films']) {
      await open.click();
      await dialog.getByLabel('Name of what is on screen now').fill(name);
      await page.keyboard.press('Enter');
      await expect(dialog).toHaveCount(0);
    }
    await open.click();
    await dialog.getByRole('button', { name: 'Rename Pictures' }).click();
    const rename = dialog.getByRole('form', { name: 'Rename Pictures' });
    await expect(rename.getByLabel('New name')).toBeFocused();
    await page.keyboard.type('Films');
    await expect(rename).toContainText('Another view has this name.');
    await expect(rename.getByRole('button', { name: 'Rename' })).toBeDisabled();
    await keepScreen(page, 'jobs-rename-view');
    await page.keyboard.type(' of tea');
    await page.keyboard.press('Enter');
    await expect(dialog.getByRole('button', { name: 'Rename Films of tea' })).toBeVisible();
    await dialog.getByRole('button', { name: 'Delete Films of tea' }).click();
    await expect(dialog.getByRole('status').filter({ hasText: 'Films of tea is deleted.' })).toBeVisible();
    await keepScreen(page, 'jobs-view-deleted');
    await dialog.getByRole('button', { name: 'Undo' }).click();
    await expect(dialog.getByRole('button', { name: 'Rename Films of tea' })).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(views).toHaveText([/^Films of tea/, /^Films/]);
  });

  test('says in words why a view cannot be saved', async ({ start, production }) => {
    const { page, dataDir } = await start({ env: production.env });
    await page.getByRole('button', { name: 'Save this view…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Saved views' });
    await dialog.getByRole('textbox', { name: 'Name of what is on screen now' }).fill('All');
    const other = new DatabaseSync(path.join(dataDir, 'own.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(dialog.getByRole('alert')).toContainText(ERRORS.timed_out.action);
    other.exec('ROLLBACK');
    other.close();
  });

  test('takes along what was typed in the same moment as a click, and begins at a time in the zone of the person', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rows(page)).toHaveCount(12);
    // In one turn of the page, so that the text has had no time to take effect.
    const chip = page.getByRole('group', { name: 'State' }).getByRole('button', { name: /^queued/ });
    await field(page).evaluate(
      (input, other) => {
        if (!(input instanceof HTMLInputElement) || !(other instanceof HTMLElement)) return;
        Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(input, 'kind:image');
        input.dispatchEvent(new Event('input', { bubbles: true }));
        other.click();
      },
      await chip.elementHandle(),
    );
    await expect(rows(page)).toHaveCount(4);
    await expect(field(page)).toHaveValue('state:queued kind:image');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await expect(rows(page)).toHaveCount(12);

    const jump = page.getByRole('form', { name: 'Jump to a time' });
    // Half past the hour before the seventh job, as this machine's clocks show it.
    const at = new Date(Date.now() - 6.5 * 3_600_000);
    const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
    await jump.getByLabel('Time in local time').fill(local);
    await jump.getByRole('button', { name: 'Jump' }).click();
    await expect(rows(page)).toHaveCount(6);
    await expect(rowOf(page, 'order-7')).toBeVisible();
    await expect(jump.getByText('and before')).toContainText(`Created ${local.replace('T', ' ')}:59`);
    await keepScreen(page, 'jobs-jump');
    await jump.getByRole('button', { name: 'Back to the newest' }).click();
    await expect(rows(page)).toHaveCount(12);
  });

  test('lets rows, a range and all that match be chosen, and columns be shown and made wider', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rows(page)).toHaveCount(12);
    await rowOf(page, 'order-2').locator('[data-choose]').click();
    await expect(chosen(page)).toContainText('1 chosen');
    await rowOf(page, 'order-5')
      .locator('[data-choose]')
      .click({ modifiers: ['Shift'] });
    await expect(chosen(page)).toContainText('4 chosen');
    await expect(rowOf(page, 'order-4')).toHaveAttribute('aria-selected', 'true');
    await expect(chosen(page).getByRole('link', { name: 'Plan a retry…' })).toHaveAttribute(
      'href',
      '#/plans/new?ids=order-2%2Corder-3%2Corder-4%2Corder-5',
    );
    await keepScreen(page, 'jobs-chosen');
    await field(page).fill('kind:website');
    await expect(rows(page)).toHaveCount(8);
    await chosen(page).getByRole('button', { name: 'Choose all 8 that match' }).click();
    await expect(chosen(page)).toContainText('All 8 that match are chosen');
    await expect(chosen(page).getByRole('link', { name: 'Plan a retry…' })).toHaveAttribute(
      'href',
      '#/plans/new?where=kind%3Awebsite',
    );
    await chosen(page).getByRole('button', { name: 'Choose none' }).click();
    await expect(chosen(page)).toBeHidden();

    await expectCellsToHold(page);
    await page.getByRole('button', { name: 'Columns' }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Model' }).click();
    await page.keyboard.press('Escape');
    const head = page.getByRole('columnheader', { name: 'Model' });
    await expect(head).toBeVisible();
    const before = (await head.boundingBox())?.width ?? 0;
    await page.getByRole('separator', { name: 'Width of Model' }).focus();
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => (await head.boundingBox())?.width ?? 0).toBeGreaterThan(before);

    const narrowed = page.getByRole('separator', { name: 'Width of State' });
    await narrowed.focus();
    for (let step = 0; step < 6; step += 1) await page.keyboard.press('ArrowLeft');
    await expectCellsToHold(page);
  });

  test('keeps its rows where they are under a reader, and lets new ones wait behind a bar', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rows(page)).toHaveCount(12);
    await rowOf(page, 'order-2').hover();
    const before = await placesOfRows(page);
    await production.order({ id: 'new-1' });
    await expect(page.getByRole('button', { name: '1 new' })).toBeVisible();
    expect(await placesOfRows(page)).toEqual(before);
    await production.order({ id: 'new-2' });
    await expect(page.getByRole('button', { name: '2 new' })).toBeVisible();
    expect(await placesOfRows(page)).toEqual(before);

    // On the way to its button too: the pointer leaves the rows for the bar that lies over them.
    await page.getByRole('button', { name: '2 new' }).hover();
    await production.order({ id: 'new-3' });
    await expect(page.getByRole('button', { name: '3 new' })).toBeVisible();
    expect(await placesOfRows(page)).toEqual(before);

    await page.getByRole('button', { name: '3 new' }).click();
    await expect(rows(page)).toHaveCount(15);
    await expect(rows(page).first()).toHaveAttribute('data-job-id', 'new-3');
    for (const id of ['new-1', 'new-2', 'new-3']) await expect(rowOf(page, id)).toBeInViewport();
    await expect(page.getByRole('button', { name: /new$/ })).toBeHidden();
    // The bar's button let them in, and no row below it took the click.
    await expect(rows(page).and(page.locator('[data-active="true"]'))).toHaveCount(0);

    // By keyboard alone.
    await page.mouse.move(0, 0);
    const grid = page.getByRole('grid', { name: 'Jobs' });
    await expect(grid).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(rowOf(page, 'new-3')).toHaveAttribute('data-active', 'true');
    const standing = await placesOfRows(page);
    await production.order({ id: 'new-4' });
    await expect(page.getByRole('button', { name: '1 new' })).toBeVisible();
    await page.keyboard.press('Shift+Tab');
    await expect(page.getByRole('button', { name: '1 new' })).toBeFocused();
    expect(await placesOfRows(page)).toEqual(standing);
    await page.keyboard.press('Enter');
    await expect(rows(page).first()).toHaveAttribute('data-job-id', 'new-4');
    await expect(grid).toBeFocused();
  });

  test('is sorted by the heads of its columns, by click and by keyboard, in both directions', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    await expect(rows(page)).toHaveCount(12);
    const head = (name: string): Locator => page.getByRole('columnheader', { name });
    const button = (name: string): Locator => head(name).getByRole('button', { name, exact: true });
    await expect(head('Created')).toHaveAttribute('aria-sort', 'descending');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS);

    await button('Price').click();
    await expect(head('Price')).toHaveAttribute('aria-sort', 'descending');
    await expect(head('Created')).not.toHaveAttribute('aria-sort');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS.toReversed());
    await button('Price').click();
    await expect(head('Price')).toHaveAttribute('aria-sort', 'ascending');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS);

    await page.keyboard.press('Enter');
    await expect(head('Price')).toHaveAttribute('aria-sort', 'descending');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS.toReversed());

    await button('Created').focus();
    await page.keyboard.press('Enter');
    await expect(head('Created')).toHaveAttribute('aria-sort', 'descending');
    await expect(head('Price')).not.toHaveAttribute('aria-sort');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS);
    await page.keyboard.press('Enter');
    await expect(head('Created')).toHaveAttribute('aria-sort', 'ascending');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS.toReversed());
    // Where it was pressed the keyboard stays, and the order is one that the way back leaves.
    await expect(button('Created')).toBeFocused();
    await page.goBack();
    await expect(head('Created')).toHaveAttribute('aria-sort', 'descending');
    await expect.poll(() => shownOrder(page)).toEqual(ORDERS);
  });

  test('lays two jobs side by side, and says why a job is not moving', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await rowOf(page, 'order-2').locator('[data-choose]').click();
    await rowOf(page, 'order-3').locator('[data-choose]').click();
    await chosen(page).getByRole('link', { name: 'Side by side' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Two jobs side by side' })).toBeVisible();
    const line = (name: string): Locator =>
      page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });
    await expect(line('Kind')).toContainText('websiteimage');
    await expect(line('Kind')).toHaveAttribute('data-differs', 'true');
    await expect(line('Workspace')).toHaveAttribute('data-differs', 'false');
    await keepScreen(page, 'compare');
    await page.getByRole('columnheader').getByRole('link', { name: 'order-2' }).click();
    await expect(page.getByRole('region', { name: 'Why is it not moving?' })).toContainText('There never was a runner');
    await keepScreen(page, 'job-why');
  });

  test('is used, and everything is found, by keyboard alone', async ({ start, production }) => {
    const { page } = await start({ env: production.env });
    await expect(rows(page)).toHaveCount(12);
    await page.keyboard.press('/');
    await page.keyboard.type('ki');
    await page.keyboard.press('Tab');
    await page.keyboard.type('im');
    await page.keyboard.press('Tab');
    await expect(rows(page)).toHaveCount(4);
    await page.getByRole('grid', { name: 'Jobs' }).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await page.keyboard.press('Shift+ArrowDown');
    await expect(chosen(page)).toContainText('2 chosen');
    await page.keyboard.press('Control+a');
    await expect(chosen(page)).toContainText('All 4 that match are chosen');
    await page.keyboard.press('Escape');
    await expect(chosen(page)).toBeHidden();

    await page.keyboard.press('Control+k');
    await page.keyboard.type('order-7');
    await expect(page.getByRole('option', { name: /order-7/ })).toBeVisible();
    await keepScreen(page, 'palette');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'order-7' })).toBeVisible();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('theme: dark');
    await page.keyboard.press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
    await page.getByRole('button', { name: 'Theme and times' }).focus();
    await page.keyboard.press('Enter');
    await expect(page.getByRole('menuitemradio', { name: 'As the system' })).toBeFocused();
    await page.keyboard.type('High');
    await expect(page.getByRole('menuitemradio', { name: 'High contrast' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-theme', 'contrast');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('audit');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1, name: 'Audit' })).toBeVisible();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(page.getByRole('heading', { level: 1, name: 'order-7' })).toBeVisible();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect(rows(page)).toHaveCount(4);
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  });
});
