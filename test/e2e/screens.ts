import path from 'node:path';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const folder = fileURLToPath(new URL('../output/screens', import.meta.url));
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;

/**
 * Keeps pictures of the screen, light and dark, in both sizes, and in forced colours, and holds each theme against
 * axe's rules.
 */
export async function keepScreen(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      const file = `${name}-${colorScheme}-${size.width}x${size.height}.png`;
      await page.screenshot({ path: path.join(folder, file), animations: 'disabled' });
    }
    await expectAccessible(page);
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' });
  await page.setViewportSize(SIZES[0]);
  await page.screenshot({ path: path.join(folder, `${name}-forced-colours.png`), animations: 'disabled' });
  await page.emulateMedia({ forcedColors: null });
}

/** Fails with axe's own words for each violation. */
export async function expectAccessible(page: Page): Promise<void> {
  // In the page itself: axe would otherwise open a second window, which the application refuses.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  expect(
    violations.map(
      ({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target.join(' ')).join(', ')})`,
    ),
  ).toEqual([]);
}
