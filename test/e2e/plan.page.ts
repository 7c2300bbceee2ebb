import { expect, type Locator, type Page } from '@playwright/test';

/** Plans a retry of what a query names, and waits until the plan is shown. */
export async function makePlan(page: Page, where: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Retry plans' }).click();
  await page.getByRole('link', { name: 'New plan' }).click();
  const form = page.getByRole('form', { name: 'New plan' });
  // A query is answered by the offline copy; the jobs are there once the sidebar has counted them.
  await expect(page.getByRole('navigation', { name: 'Screens' }).getByText(/[1-9]\d* jobs/)).toBeAttached();
  await form.getByLabel('Which jobs').fill(where);
  await form.getByRole('button', { name: /^Plan/ }).click();
  await expect(page.getByRole('table', { name: 'Groups of jobs' })).toBeVisible();
}

/** The form that runs the plan which is shown. */
export function runForm(page: Page): Locator {
  return page.getByRole('form', { name: 'Run the plan' });
}
