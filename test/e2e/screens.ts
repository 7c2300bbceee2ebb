import path from 'node:path';
import { fileURLToPath } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

const folder = fileURLToPath(new URL('../output/screens', import.meta.url));
const SMALL = { width: 1280, height: 800 } as const;
const LARGE = { width: 1920, height: 1080 } as const;

/** How a system wishes the window to look, as the application follows it where nobody chose a theme, and where it is looked at. */
const ROUNDS = [
  { theme: 'light', media: { colorScheme: 'light', contrast: 'no-preference' }, sizes: [LARGE, SMALL] },
  { theme: 'dark', media: { colorScheme: 'dark', contrast: 'no-preference' }, sizes: [LARGE, SMALL] },
  { theme: 'contrast', media: { colorScheme: 'dark', contrast: 'more' }, sizes: [SMALL] },
] as const;

/**
 * Keeps pictures of the screen, light and dark in both sizes, in high contrast and in forced colours, and holds it against
 * axe's rules: every theme in the small window, where things have the least room, and the light one in the large window too.
 */
export async function keepScreen(page: Page, name: string): Promise<void> {
  for (const { theme, media, sizes } of ROUNDS) {
    await page.emulateMedia(media);
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    for (const size of sizes) {
      await page.setViewportSize(size);
      const file = `${name}-${theme}-${size.width}x${size.height}.png`;
      await page.screenshot({ path: path.join(folder, file), animations: 'disabled' });
      if (size === SMALL || theme === 'light') await expectAccessible(page);
    }
  }
  await page.emulateMedia({ colorScheme: 'light', contrast: 'no-preference', forcedColors: 'active' });
  await page.screenshot({ path: path.join(folder, `${name}-forced-colours.png`), animations: 'disabled' });
  await page.emulateMedia({ forcedColors: null });
}

/** Fails with axe's own words for each violation. */
export async function expectAccessible(page: Page): Promise<void> {
  // In the page itself: axe would otherwise open a second window, which the application refuses. What passes is not listed, which takes long.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode(true)
    .options({ resultTypes: ['violations'] })
    .analyze();
  expect(
    violations.map(
      ({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target.join(' ')).join(', ')})`,
    ),
  ).toEqual([]);
}
