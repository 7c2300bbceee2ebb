import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { startSandbox } from '#sandbox/server.ts';
import { expectOk } from '../support/expect-ok.ts';
import { queuedJob, grant } from '../support/job-builder.ts';
import { openTestStore } from '../support/test-server.ts';
import { expect, test } from './application.ts';
import { keepScreen } from './screens.ts';

const CANARY = 'canary-7d1e@p:ss/word';

/** A server that asks for a login, with a job in its database. */
async function startGuarded(): Promise<{ readonly uri: string; readonly address: string; stop(): Promise<void> }> {
  const users = [{ name: 'sue', password: CANARY, roles: [{ name: 'root', db: 'admin' }] }];
  const sandbox = await startSandbox({ dataDir: 'memory', auth: { users } });
  const uri = sandbox.uri.replace('mongodb://', `mongodb://sue:${encodeURIComponent(CANARY)}@`);
  const store = await openTestStore(uri, 'shop');
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 1000)));
  expectOk(await store.writer.insertJobs([queuedJob({ id: 'shop-1', workspaceId: 'w1', createdAt: new Date() })]));
  return {
    uri,
    address: new URL(sandbox.uri).host,
    // Only at the end: what was posted is cleared a moment later, over this connection.
    stop: async () => {
      await store.close();
      await sandbox.stop();
    },
  };
}

const place = (page: Page) => page.getByRole('region', { name: 'Open connection' });
const goToConnections = (page: Page) => place(page).getByRole('link', { name: 'Connections' }).click();

test.describe('connections', () => {
  test('are added from a pasted string, tried, opened, named in the frame, and keep no password without a key store', async ({
    start,
  }) => {
    // Two starts of the application and three engines.
    test.slow();
    const shop = await startGuarded();
    try {
      const first = await start();
      const { page, dataDir } = first;
      await expect(place(page)).toContainText('Sandbox');
      await goToConnections(page);
      await expect(page.getByRole('note').first()).toContainText('asked for each time and kept nowhere');
      await page.getByRole('button', { name: 'Add a connection' }).click();
      const form = page.getByRole('form', { name: 'Connection', exact: true });
      await form.getByLabel('Name', { exact: true }).fill('Shop');
      await form.getByRole('button', { name: 'Keep it' }).click();
      await expect(form.getByRole('alert')).toContainText('Address');
      await form.getByRole('button', { name: 'Production' }).click();
      await form.getByLabel('Address', { exact: true }).fill(shop.uri);
      await form.getByLabel('Database, where the address names none').fill('shop');
      await expect(form.getByLabel('User', { exact: true })).toHaveValue('sue');
      await expect(form.getByLabel('Address', { exact: true })).not.toHaveValue(/sue|canary/);
      await form.getByLabel('Password', { exact: true }).fill('wrong');
      await form.getByRole('button', { name: 'Try it' }).click();
      await expect(page.getByRole('alert')).toContainText('refused the login');
      await form.getByLabel('Password', { exact: true }).fill(CANARY);
      await form.getByRole('button', { name: 'Try it' }).click();
      await expect(page.getByLabel('It works')).toContainText('sue@admin');
      await keepScreen(page, 'connection-form');
      await form.getByRole('button', { name: 'Keep it' }).click();
      const list = page.getByRole('table', { name: 'Connections' });
      await expect(list.getByRole('row', { name: /Shop/ })).toContainText('password asked for');

      await page.getByRole('button', { name: 'Connect to Shop' }).click();
      await page.getByLabel('Password of sue').fill(CANARY);
      await page.getByRole('dialog').getByRole('button', { name: 'Connect' }).click();
      await expect(place(page)).toContainText('Production');
      await expect(place(page)).toContainText('Shop');
      await expect(place(page)).toContainText(shop.address);
      await keepScreen(page, 'connections');
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Jobs' }).click();
      await expect(page.getByRole('grid', { name: 'Jobs' })).toContainText('shop-1');
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Audit' }).click();
      await expect(page.getByRole('table', { name: /^Audit entries/ })).toContainText('connection.open');
      expect(await first.stop()).toBe(0);

      const second = await start({ dataDir, args: ['--profile', 'shop'] });
      await expect(place(second.page)).toContainText('Shop');
      await expect(second.page.getByRole('alert').first()).toContainText('is not kept on this machine');
      expect(await second.stop()).toBe(0);

      expect(first.log() + second.log()).not.toContain('canary');
      expect(filesWith(dataDir, 'canary-7d1e')).toEqual([]);
    } finally {
      await shop.stop();
    }
  });
});

/** The files below a folder that hold a text, whatever else they are. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    holds(path.join(folder, name), text),
  );
}

/** The browser's own processes end a little after the application and still take their files away: what is gone holds nothing. */
function holds(file: string, text: string): boolean {
  try {
    return statSync(file).isFile() && readFileSync(file).includes(text);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return false;
    throw cause;
  }
}
