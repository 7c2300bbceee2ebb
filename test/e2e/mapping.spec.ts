import { MongoClient } from 'mongodb';
import { startSandbox } from '#sandbox/server.ts';
import { expectOk } from '../support/expect-ok.ts';
import { entriesOf, failedJob } from '../support/failed-job.ts';
import { grant, queuedJob } from '../support/job-builder.ts';
import { SHOP_MAPPING } from '../support/shop-mapping.ts';
import { openTestStore } from '../support/test-server.ts';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { expectState, openJob } from './job.page.ts';
import { keepScreen } from './screens.ts';

const { jobs: TASKS, accounts: WALLETS } = SHOP_MAPPING.collections;

/** A shop's own server: its names for everything, a field that nobody else knows, and one document that is none. */
async function startShop() {
  const sandbox = await startSandbox({ dataDir: 'memory' });
  const store = await openTestStore(sandbox.uri, 'shop', { mapping: SHOP_MAPPING });
  const client = await new MongoClient(sandbox.uri).connect();
  const tasks = client.db('shop').collection<{ _id: string; [field: string]: unknown }>(TASKS);
  expectOk(await store.writer.createIndexes());
  expectOk(await store.writer.postEntry(grant('w1', 100_000)));
  const failed = failedJob({
    id: 'task-1',
    workspaceId: 'w1',
    failureClass: 'provider',
    priceCredits: 250,
    at: new Date(),
  });
  const waiting = ['task-2', 'task-3'].map((id) => queuedJob({ id, workspaceId: 'w1', createdAt: new Date() }));
  expectOk(await store.writer.insertJobs([failed, ...waiting]));
  for (const entry of entriesOf(failed)) expectOk(await store.writer.postEntry({ ...entry, at: new Date() }));
  await tasks.updateMany({}, { $set: { colour: 'red', 'owner.desk': 4, 'log.0.mood': 'well' } });
  await tasks.updateOne({ _id: 'task-3' }, { $set: { cost: 'much' } });
  return {
    address: new URL(sandbox.uri).host,
    task: (id: string) => tasks.findOne({ _id: id }),
    wallet: () => client.db('shop').collection<{ _id: string }>(WALLETS).findOne({ _id: 'w1' }),
    stop: async () => {
      await client.close();
      await store.close();
      await sandbox.stop();
    },
  };
}

test.describe('a mapping', () => {
  test('is proposed from samples, mended by hand, kept, and a retry through it changes just their fields', async ({
    start,
  }) => {
    test.slow();
    const shop = await startShop();
    try {
      const { page } = await start();
      await page.getByRole('region', { name: 'Open connection' }).getByRole('link', { name: 'Connections' }).click();
      await page.getByRole('button', { name: 'Add a connection' }).click();
      const form = page.getByRole('form', { name: 'Connection', exact: true });
      await form.getByLabel('Name', { exact: true }).fill('Shop');
      await form.getByLabel('Address', { exact: true }).fill(`mongodb://${shop.address}/shop`);
      await form.getByRole('combobox', { name: 'By', exact: true }).selectOption('none');
      await form.getByRole('button', { name: 'Map other names…' }).click();

      const step = page.getByRole('region', { name: 'Mapping' });
      const theirs = (ours: string) => step.getByLabel(`Their field for ${ours}`, { exact: true });
      await expect(theirs('state')).toHaveValue('status');
      await expect(step.getByLabel('Collection of jobs')).toHaveValue(TASKS);
      await expect(step.getByLabel('Collection of accounts')).toHaveValue(WALLETS);
      await expect(theirs('workspaceId')).toHaveValue('owner.team_id');
      await expect(step.getByLabel('How createdAt is written')).toHaveValue('date_iso');

      await expect(theirs('history[].to')).toHaveValue('log[].new_status');
      await expect(step.getByLabel('How history[].to is written')).toHaveValue('state');
      await expect(theirs('attempts[].startedAt')).toHaveValue('tries[].begun_at');
      await expect(step.getByRole('row', { name: /^attempts\[\]\.startedAt / })).toContainText('100.0 %');
      // The one amount that is a text keeps the price from being proposed: it is paired by hand.
      await theirs('billing.price').fill('cost');
      await step.getByLabel('How billing.price is written').selectOption('credits_2');
      await step.getByLabel('Show fields that a document may lack').check();
      await theirs('failure.class').fill('error.class');
      await theirs('failure.message').fill('error.text');
      await step.getByLabel('failed', { exact: true }).fill('error, aborted');
      await step.getByLabel('completed', { exact: true }).fill('done');
      await step.getByLabel('running', { exact: true }).fill('active');
      await step.getByRole('button', { name: 'Look again' }).click();
      await expect(step.getByRole('status')).toContainText('2 of 3 sampled documents can be read');
      const faults = step.getByRole('table', { name: 'What would be malformed, and why' });
      await expect(faults.getByRole('row', { name: /task-3/ })).toContainText('billing.price');
      await step.getByText('task-1 as the console would see it').click();
      await expect(step.getByLabel('As the console would see them')).toContainText('(withheld)');
      await step.getByLabel('Collection of jobs').focus();
      await keepScreen(page, 'mapping');
      await step.getByRole('button', { name: 'Use this mapping' }).click();
      await expect(form.getByRole('group', { name: 'Mapping' })).toContainText(TASKS);
      await form.getByRole('button', { name: 'Keep it' }).click();
      await expect(page.getByRole('table', { name: 'Connections' })).toContainText(`mapped: ${TASKS}`);

      await page.getByRole('button', { name: 'Connect to Shop' }).click();
      await expect(page.getByRole('region', { name: 'Open connection' })).toContainText('Shop');
      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Jobs' }).click();
      const before = await shop.task('task-1');
      await openJob(page, 'task-1');
      await expectState(page, 'failed');
      await page.getByRole('button', { name: 'Retry…' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('Reason').fill('the customer waits');
      await dialog.getByRole('button', { name: /^Retry for/ }).click();
      await expect(dialog.getByRole('status')).toContainText('The job waits again');
      await dialog.getByRole('button', { name: 'Done' }).click();
      await expectState(page, 'queued');

      const after = await shop.task('task-1');
      expect(after).toMatchObject({ status: 'pending', colour: 'red', cost: 2.5, owner: { team_id: 'w1', desk: 4 } });
      expect(after).not.toHaveProperty('state');
      expect(after).not.toHaveProperty('billing.price');
      for (const kept of ['prompt', 'created_at', 'vendor', 'task_type']) {
        expect(before?.[kept]).toBeDefined();
        expect(after?.[kept]).toEqual(before?.[kept]);
      }
      expect(after?.['tries']).toEqual(before?.['tries']);
      expect(after?.['log']).toMatchObject([{ mood: 'well', new_status: 'pending' }, {}, {}, { old_status: 'error' }]);
      expect(await shop.wallet()).toMatchObject({ balance: 1000, reserved: 0 });

      await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Doctor' }).click();
      await expect(page.getByRole('main')).toContainText(`jobs in ${TASKS}: 2 of 3 sampled documents can be read`);
    } finally {
      await shop.stop();
    }
  });

  test('is made by keyboard alone', async ({ start }) => {
    test.slow();
    const shop = await startShop();
    try {
      const { page } = await start();
      const { keyboard } = page;
      // A key that is pressed before the window listens is nobody's.
      await expect(page.getByRole('heading', { level: 1, name: 'Jobs' })).toBeVisible();
      await keyboard.press('Control+k');
      await keyboard.type('Connections');
      await keyboard.press('Enter');
      await pressOn(page, page.getByRole('button', { name: 'Add a connection' }));
      const form = page.getByRole('form', { name: 'Connection', exact: true });
      await typeInto(page, form.getByLabel('Name', { exact: true }), 'Shop');
      await typeInto(page, form.getByLabel('Address', { exact: true }), `mongodb://${shop.address}/shop`);
      await chooseIn(page, form.getByRole('combobox', { name: 'By', exact: true }), 'none');
      await pressOn(page, form.getByRole('button', { name: 'Map other names…' }));

      const step = page.getByRole('region', { name: 'Mapping' });
      await expect(step.getByLabel('Their field for state', { exact: true })).toHaveValue('status');
      await typeInto(page, step.getByLabel('Their field for billing.price', { exact: true }), 'cost');
      await chooseIn(page, step.getByLabel('How billing.price is written'), 'credits_2');
      await typeInto(page, step.getByLabel('failed', { exact: true }), 'error, aborted');
      await typeInto(page, step.getByLabel('completed', { exact: true }), 'done');
      await typeInto(page, step.getByLabel('running', { exact: true }), 'active');
      await pressOn(page, step.getByRole('button', { name: 'Look again' }));
      await expect(step.getByRole('status')).toContainText('of 3 sampled documents can be read');
      await pressOn(page, step.getByRole('button', { name: 'Use this mapping' }));
      await expect(form.getByRole('group', { name: 'Mapping' })).toContainText(TASKS);
      await pressOn(page, form.getByRole('button', { name: 'Keep it' }));
      await expect(page.getByRole('table', { name: 'Connections' })).toContainText(`mapped: ${TASKS}`);
    } finally {
      await shop.stop();
    }
  });
});

/** Far more than a screen has; who has gone round it without finding a place never will. */
const STOPS_MAX = 300;

/** Goes to a place as somebody does who has no mouse: with Tab alone. */
async function tabTo(page: Page, place: Locator): Promise<void> {
  await place.waitFor();
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    if (await place.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab leads nowhere to ${String(place)}`);
}

async function pressOn(page: Page, button: Locator): Promise<void> {
  await tabTo(page, button);
  await page.keyboard.press('Enter');
}

async function typeInto(page: Page, field: Locator, text: string): Promise<void> {
  await tabTo(page, field);
  await page.keyboard.press('Control+a');
  await page.keyboard.type(text);
  await expect(field).toHaveValue(text);
}

/** Chooses with the arrow keys. */
async function chooseIn(page: Page, list: Locator, value: string): Promise<void> {
  await tabTo(page, list);
  const options = await list.locator('option').evaluateAll((all) => all.map((one) => (one as HTMLOptionElement).value));
  await page.keyboard.press('Home');
  for (let at = 0; at < options.indexOf(value); at += 1) await page.keyboard.press('ArrowDown');
  await expect(list).toHaveValue(value);
}
