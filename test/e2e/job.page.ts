import { expect, type Locator, type Page } from '@playwright/test';

/** The row of a job in the list. */
export function rowOf(page: Page, jobId: string): Locator {
  return page
    .getByRole('grid', { name: 'Jobs' })
    .getByRole('row')
    .filter({ has: page.getByRole('link', { name: jobId }) });
}

/** The rows of the list that are in the page, each with its place in the window. */
export async function placesOfRows(page: Page): Promise<readonly string[]> {
  return page
    .getByRole('grid', { name: 'Jobs' })
    .locator('[data-job-id]')
    .evaluateAll((rows) =>
      rows.map((row) => `${row.getAttribute('data-job-id')} ${Math.round(row.getBoundingClientRect().top)}`),
    );
}

/** Opens a job from the list. */
export async function openJob(page: Page, jobId: string): Promise<void> {
  await rowOf(page, jobId).getByRole('link', { name: jobId }).click();
  await expect(page.getByRole('heading', { level: 1, name: jobId })).toBeVisible();
}

/** A titled part of a job's screen. */
export function part(page: Page, title: string): Locator {
  return page.getByRole('region', { name: title, exact: true });
}

/** The state that stands at the head of a job's screen. */
export async function expectState(page: Page, state: string): Promise<void> {
  await expect(page.locator('.job-head [data-state]').first()).toHaveText(state);
}

/** The types of the ledger entries as the window shows them, in order. */
export async function shownEntries(page: Page): Promise<readonly string[]> {
  return part(page, 'Charge').getByRole('table', { name: 'Ledger entries' }).locator('tbody strong').allTextContents();
}

/** Fails for each cell of the list whose content runs out of it; one that may be too narrow has to be cut off. */
export async function expectCellsToHold(page: Page): Promise<void> {
  const cells = page.getByRole('grid', { name: 'Jobs' }).locator('[data-job-id] > [role=gridcell]');
  await expect(cells.first()).toBeVisible();
  const runOut = await cells.evaluateAll((all) =>
    all
      .filter((cell) => getComputedStyle(cell).overflowX !== 'clip' && cell.scrollWidth > cell.clientWidth)
      .map((cell) => `${cell.textContent}: ${cell.scrollWidth} of ${cell.clientWidth} px`),
  );
  expect(runOut).toEqual([]);
}
