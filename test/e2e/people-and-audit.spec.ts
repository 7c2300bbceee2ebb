import { expect, test } from './application.ts';
import { openJob, rowOf } from './job.page.ts';
import { keepScreen } from './screens.ts';

test.describe('people and what they did', () => {
  test('a founder gives out roles, a viewer is told why not, and the audit shows and proves it', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'seen-1' });
    const { page } = await start({ env: production.env, args: ['--person', 'fay'] });
    await openJob(page, 'seen-1');
    const screens = page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: 'People' }).click();
    await expect(page.getByText('Nobody has a role yet')).toBeVisible();
    const form = page.getByRole('form', { name: 'Give a role' });
    await form.getByLabel('Person').fill('vic');
    await form.getByLabel('Role to give').selectOption('viewer');
    await form.getByRole('button', { name: 'Give role' }).click();
    const people = page.getByRole('table', { name: 'People and their roles' });
    await expect(people.getByRole('combobox', { name: 'Role of fay' })).toHaveValue('founder');
    await keepScreen(page, 'people');

    // Whoever walks through the roles by keys has given none of them yet.
    const ofVic = people.getByRole('combobox', { name: 'Role of vic' });
    await ofVic.selectOption('support');
    await ofVic.selectOption('finance');
    await people.getByRole('button', { name: 'Keep viewer' }).click();
    await expect(ofVic).toHaveValue('viewer');
    await people.getByRole('combobox', { name: 'Role of fay' }).selectOption('viewer');
    await people.getByRole('button', { name: 'Change' }).click();
    const asking = page.getByRole('dialog', { name: 'Give another role' });
    await expect(asking).toContainText('You (fay) have the role founder, and would have the role viewer.');
    await expect(asking).toContainText('only another founder could give it back');
    await asking.getByRole('button', { name: 'Change the role' }).click();
    await expect(asking.getByRole('alert')).toContainText('Nobody would be left who may give out roles');
    await asking.getByRole('button', { name: 'Close' }).click();

    await screens.getByRole('link', { name: 'Audit' }).click();
    const entries = page.getByRole('table', { name: /^Audit entries/ });
    await expect(entries).toContainText('people.set');
    // The one that was given and the one that was refused, each before it was done and behind it.
    await expect(entries.getByRole('row').filter({ hasText: 'people.set' })).toHaveCount(4);
    await expect(entries).toContainText('Nobody would be left who may give out roles');
    await expect(entries.getByRole('link', { name: 'seen-1' })).toBeVisible();
    await page.getByRole('button', { name: 'Check the audit' }).click();
    await expect(page.getByText('nothing was changed or removed')).toBeVisible();
    await keepScreen(page, 'audit');

    await entries.getByRole('button', { name: 'job.get' }).first().click();
    await expect(entries).not.toContainText('people.set');
    await entries.getByRole('link', { name: 'seen-1' }).first().click();
    await expect(page.getByRole('heading', { level: 1, name: 'seen-1' })).toBeVisible();
    await page.goBack();
    await expect(page.getByLabel('Act')).toHaveValue('job.get');
    await expect(entries).not.toContainText('people.set');
    await page.getByLabel('Person').pressSequentially('fay the founder');
    await expect(page.getByLabel('Person')).toHaveValue('fay the founder');
    await expect(page.getByText('No entry matches. Names are matched whole.')).toBeVisible();

    // By name too: who has a role already is asked about before something is taken away.
    await screens.getByRole('link', { name: 'People' }).click();
    for (const role of ['support', 'viewer']) {
      await form.getByLabel('Person').fill('vic');
      await form.getByLabel('Role to give').selectOption(role);
      await form.getByRole('button', { name: 'Give role' }).click();
      if (role === 'viewer') await asking.getByRole('button', { name: 'Change the role' }).click();
      await expect(ofVic).toHaveValue(role);
      await expect(form.getByLabel('Person')).toHaveValue('');
    }
    await people.getByRole('button', { name: 'Take the role of vic away' }).click();
    const taking = page.getByRole('dialog', { name: 'Take the role away' });
    await expect(taking).toContainText(
      'vic has the role viewer, and would have none. Who has none may look all the same',
    );
    await taking.getByRole('button', { name: 'Close' }).click();
    await expect(ofVic).toHaveValue('viewer');

    const viewer = await start({ env: production.env, args: ['--person', 'vic'] });
    await rowOf(viewer.page, 'seen-1').getByRole('link', { name: 'seen-1' }).click();
    await expect(viewer.page.getByRole('alert')).toContainText('Your role does not allow this.');
    await viewer.page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Audit' }).click();
    await expect(viewer.page.getByRole('note')).toContainText('the role viewer may not read the audit');
  });
});
