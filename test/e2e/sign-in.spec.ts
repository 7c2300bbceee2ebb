import { existsSync, readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { startIdentityProvider, visit, type TestIdentityProvider } from '../support/identity-provider.ts';
import { expect, IS_ELECTRON, test } from './application.ts';
import { keepScreen } from './screens.ts';

let provider: TestIdentityProvider;
let sandbox: Sandbox;

test.beforeEach(async () => {
  provider = await startIdentityProvider();
  sandbox = await startSandbox({ dataDir: 'memory', auth: { users: [], identityProvider: provider.forSandbox } });
});
test.afterEach(async () => {
  await sandbox.stop();
  await provider.stop();
});

const place = (page: Page) => page.getByRole('region', { name: 'Open connection' });

/** The pages that the system's browser was handed so far. */
function pagesIn(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

test.describe('a person who signs in in the browser', () => {
  test.skip(
    IS_ELECTRON,
    "the system's own dialog and browser stand outside of any page, and nobody is here to use them",
  );

  test('fills in a connection, tries it, connects, cancels, and is let in when they have signed in', async ({
    start,
  }, testInfo) => {
    // Two engines, and a wait that is left.
    test.slow();
    const browser = testInfo.outputPath('browser.txt');
    const env = { ELECTRON_STAND_IN_AGREES: '1', ELECTRON_STAND_IN_BROWSER: browser };
    const app = await start({ env });
    const { page } = app;
    await place(page).getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('button', { name: 'Add a connection' }).click();
    const form = page.getByRole('form', { name: 'Connection', exact: true });
    await form.getByLabel('Name', { exact: true }).fill('Shop');
    await form.getByLabel('Address', { exact: true }).fill(sandbox.uri);
    await form.getByLabel('Database, where the address names none').fill('shop');
    await form.getByRole('combobox', { name: 'By', exact: true }).selectOption('oidc_person');
    await form.getByRole('button', { name: 'Try it' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText('Waiting for you to sign in in the browser')).toBeVisible();
    await expect(dialog.getByText(new URL(provider.issuer).host)).toBeVisible();
    await keepScreen(page, 'sign-in-trial');
    await expect.poll(() => pagesIn(browser)).toHaveLength(1);
    await visit(pagesIn(browser)[0] ?? '');
    await expect(page.getByLabel('It works')).toContainText('people/sue@$external');
    await form.getByRole('button', { name: 'Keep it' }).click();
    await expect(page.getByRole('table', { name: 'Connections' })).toContainText('sign-in in the browser (OIDC)');

    await page.getByRole('button', { name: 'Connect to Shop' }).click();
    await expect(place(page)).toContainText('Shop');
    const banner = page.getByRole('status').filter({ hasText: 'Waiting for you to sign in in the browser' });
    await expect(banner).toBeVisible();
    await keepScreen(page, 'sign-in-waiting');
    await expect.poll(() => pagesIn(browser)).toHaveLength(2);
    await banner.getByRole('button', { name: 'Cancel' }).click();
    const refused = page.getByRole('alert').filter({ hasText: 'The sign-in was cancelled.' });
    await expect(refused).toBeVisible();
    await keepScreen(page, 'sign-in-cancelled');
    await refused.getByRole('button', { name: 'Sign in' }).click();
    await expect(banner).toBeVisible();
    await expect.poll(() => pagesIn(browser)).toHaveLength(3);
    // Within a second of the first one it is refused, and said.
    await expect(async () => {
      await banner.getByRole('button', { name: 'Open the page again' }).click();
      await expect.poll(() => pagesIn(browser), { timeout: 2000 }).toHaveLength(4);
    }).toPass();
    // The same page: whichever of the two is used.
    expect(pagesIn(browser)[3]).toBe(pagesIn(browser)[2]);
    await visit(pagesIn(browser)[3] ?? '');
    await expect(banner).toBeHidden();
    await expect(page.getByRole('region', { name: 'Connection', exact: true })).toHaveAttribute(
      'data-state',
      'connected',
    );
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'People' }).click();
    await expect(page.getByText('people/sue@$external').first()).toBeVisible();
    await keepScreen(page, 'sign-in-done');
    // An engine that takes the place of one that died has no token, and opens no page by itself.
    await app.crash('engine');
    const ended = page.getByRole('alert').filter({ hasText: 'You have to sign in in the browser.' });
    await expect(ended).toBeVisible();
    expect(pagesIn(browser)).toHaveLength(4);
    await ended.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => pagesIn(browser)).toHaveLength(5);
    await visit(pagesIn(browser)[4] ?? '');
    await expect(ended).toBeHidden();
    for (const token of provider.tokens) expect(app.log()).not.toContain(token);
    expect(app.log()).not.toContain('code_challenge');
  });

  test('opens no page that the person does not agree to', async ({ start }, testInfo) => {
    const browser = testInfo.outputPath('browser.txt');
    const uri = `${sandbox.uri}&authMechanism=MONGODB-OIDC`;
    const { page } = await start({ env: { MONGODB_URI: uri, ELECTRON_STAND_IN_BROWSER: browser } });
    await expect(page.getByRole('alert').filter({ hasText: 'The sign-in was cancelled.' })).toBeVisible();
    expect(pagesIn(browser)).toEqual([]);
    expect(provider.pages).toBe(0);
  });
});
