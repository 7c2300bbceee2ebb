import type { Locator, Page } from '@playwright/test';
import { expect, test } from './application.ts';
import { expectCellsToHold, openJob, part, rowOf } from './job.page.ts';
import { makePlan } from './plan.page.ts';
import { WORKSPACE } from './production.ts';
import { expectAccessible, keepScreen } from './screens.ts';
import { queuedJob } from '../support/job-builder.ts';

const MARKUP = [
  '<script>document.title = "ran"</script>',
  '<img src=x onerror="document.title = \'ran\'">',
  '<svg onload="document.title = \'ran\'"></svg>',
  '<a href="javascript:document.title = \'ran\'">press</a>',
  '<iframe srcdoc="<script>top.document.title=1</script>"></iframe>',
  '<style>body { display: none }</style>',
  '${7*7} {{constructor.constructor("return 1")()}}',
  '\u202eright to left override \u2066 isolate \u001b[31m ansi \u0000 nul',
].join('\n');
const RIGHT_TO_LEFT = 'צור לי אתר בעברית, עם תמונה של שועל אדום 2026 <b>עברית</b> (foo)';
const LINE = 'a'.repeat(100_000);

/** Nothing sticks out of the window at the side, nothing ran, nothing of the page's own was replaced. */
async function expectUnharmed(page: Page): Promise<void> {
  const state = await page.evaluate(() => ({
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    scripts: [...document.querySelectorAll('script')].filter((script) => script.src === '').length,
    frames: document.querySelectorAll('iframe').length,
    hasRun: document.title === 'ran',
    navigation: document.querySelectorAll('nav[aria-label="Screens"] a').length > 5,
  }));
  expect(state).toEqual({ overflow: 0, scripts: 0, frames: 0, hasRun: false, navigation: true });
}

/** As small as a person can make the window. */
const SMALLEST = { width: 900, height: 560 } as const;

async function expectToHoldWhatIsInIt(box: Locator): Promise<void> {
  expect(await box.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0);
}

/** In how many lines a text is drawn. */
async function linesOf(text: Locator): Promise<number> {
  return text.evaluate((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getClientRects().length;
  });
}

/** Documents that no product of ours would write; each is shown as text. */
test.describe('hostile documents', () => {
  // Every text is looked at in every form.
  test.setTimeout(300_000);
  test('with markup, script, right-to-left text and lines without end run nothing and break nothing', async ({
    start,
    production,
  }) => {
    const asked: string[] = [];
    const texts = { markup: MARKUP, 'right-to-left': RIGHT_TO_LEFT, line: LINE };
    for (const [id, prompt] of Object.entries(texts)) {
      const { _id, ...job } = queuedJob({
        id,
        workspaceId: WORKSPACE,
        prompt,
        createdAt: new Date(),
        options: { style: prompt },
      });
      const at = new Date();
      await production.writeRaw({
        _id,
        ...job,
        kind: prompt.slice(0, 90).replaceAll('\u0000', ''),
        state: 'failed',
        failure: { class: 'provider', code: 'x', message: prompt.slice(0, 2000), fingerprint: `f-${id}`, at },
        history: [
          ...job.history,
          {
            seq: 2,
            from: 'queued',
            to: 'failed',
            at,
            attempt: 0,
            actor: { type: 'user', id: prompt.slice(0, 100) },
            reason: prompt.slice(0, 400),
            policyVersion: null,
          },
        ],
      });
    }
    const { page } = await start({ env: production.env });
    page.on('request', (request) => {
      if (!/runledger/.test(request.url()) && !/^(data|blob):/.test(request.url())) asked.push(request.url());
    });
    page.on('dialog', () => asked.push('a dialog'));
    await expect(rowOf(page, 'markup')).toBeVisible();
    await expectUnharmed(page);
    await expectCellsToHold(page);
    await keepScreen(page, 'hostile-jobs');
    for (const id of Object.keys(texts)) {
      await openJob(page, id);
      await expectUnharmed(page);
      await expectAccessible(page);
      await page.goBack();
    }
    await openJob(page, 'markup');
    await expect(part(page, 'Prompt and options')).toContainText('<script>document.title = "ran"</script>');
    await keepScreen(page, 'hostile-job');
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Failures' }).click();
    await expect(page.getByRole('list', { name: 'Groups of failures' })).toBeVisible();
    await expectUnharmed(page);
    await keepScreen(page, 'hostile-failures');
    expect(asked).toEqual([]);
  });

  test('with names that have no gap run out of nothing in the smallest window', async ({ start, production }) => {
    const id = `gapless-${'x'.repeat(80)}`;
    const model = 'y'.repeat(190);
    await production.plantFailed({ id, failureClass: 'temporary', acceptanceId: model, priceCredits: 500, model });
    const { page } = await start({ env: production.env, args: ['--runner'] });
    await page.setViewportSize(SMALLEST);
    await rowOf(page, id).getByRole('link', { name: id }).press('Enter');
    await page.getByRole('button', { name: 'Retry…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Retry gapless' });
    await expect(dialog.getByRole('button', { name: /^Collect the result for/ })).toBeVisible();
    await expectToHoldWhatIsInIt(dialog);
    await page.keyboard.press('Escape');
    const main = page.getByRole('main');
    await page.getByRole('link', { name: WORKSPACE }).first().click();
    await expect(part(page, 'Latest jobs').getByRole('link', { name: id })).toBeVisible();
    await expectToHoldWhatIsInIt(part(page, 'Latest jobs'));
    await expectToHoldWhatIsInIt(main);
    const screens = page.getByRole('navigation', { name: 'Screens' });
    await screens.getByRole('link', { name: 'Failures' }).click();
    await expect(page.getByRole('list', { name: 'Groups of failures' })).toContainText(model);
    await expectToHoldWhatIsInIt(main);
    await makePlan(page, `model:${model}`);
    await screens.getByRole('link', { name: 'Retry plans' }).click();
    const plan = page.getByRole('table', { name: 'Retry plans' }).getByRole('row').filter({ hasText: model });
    await expectToHoldWhatIsInIt(main);
    expect(await linesOf(plan.getByRole('cell', { name: 'Planned' }))).toBe(1);
    await screens.getByRole('link', { name: 'Reconciliation' }).click();
    await page.getByRole('navigation', { name: 'Finance' }).getByRole('link', { name: 'Margin' }).click();
    await page.getByLabel('Month').fill(new Date().toISOString().slice(0, 7));
    const margin = page.getByRole('table', { name: /^Margin of/ });
    await expect(margin).toContainText(model);
    await expectToHoldWhatIsInIt(main);
    expect(await linesOf(margin.getByRole('columnheader', { name: 'Provider' }))).toBe(1);
    expect(await linesOf(margin.getByRole('rowheader', { name: 'website' }).locator('bdi'))).toBe(1);
    await screens.getByRole('link', { name: 'Runners' }).click();
    const runner = page.getByRole('table', { name: 'Runners' }).getByRole('row').filter({ hasText: 'this machine' });
    const widths = await runner.locator('th, td').evaluateAll((cells) => cells.map((cell) => cell.clientWidth));
    expect(Math.min(...widths)).toBeGreaterThan(40);
  });

  test("of 15 MB, of missing fields and of wrong types are shown or listed, and stand in nobody's way", async ({
    start,
    production,
  }) => {
    const job = (id: string) => {
      const { _id, ...rest } = queuedJob({ id, workspaceId: WORKSPACE, createdAt: new Date() });
      return { _id, ...rest };
    };
    await production.writeRaw({ ...job('huge'), attachment: 'x'.repeat(15_000_000) });
    const { input: _input, ...promptless } = job('promptless');
    await production.writeRaw(promptless);
    await production.writeRaw({ ...job('number-for-text'), kind: 7 });
    await production.writeRaw({ ...job('text-for-date'), createdAt: 'yesterday' });
    await production.writeRaw({ ...job('list-for-document'), billing: [1, 2] });
    await production.order({ id: 'sound' });
    const { page } = await start({ env: production.env });
    await expect(rowOf(page, 'sound')).toBeVisible();
    await expect(rowOf(page, 'huge')).toBeVisible();
    await expectUnharmed(page);
    await openJob(page, 'huge');
    await expectUnharmed(page);
    await keepScreen(page, 'hostile-huge');
    await page.goto(`${page.url().split('#')[0] ?? ''}#/malformed`);
    for (const id of ['promptless', 'number-for-text', 'text-for-date', 'list-for-document'])
      await expect(page.getByText(id, { exact: true })).toBeVisible();
    await expectUnharmed(page);
    await keepScreen(page, 'hostile-malformed');
  });

  test('of outputs are drawn without script, network or origin, and not at all with another hash', async ({
    start,
    production,
  }) => {
    await production.order({ id: 'page-1', priceCredits: 100 });
    const { page, dataDir } = await start({ env: production.env, args: ['--runner'] });
    await openJob(page, 'page-1');
    const output = part(page, 'Output');
    await expect(output).toContainText('The bytes have the hash that the job keeps.');
    const frame = output.locator('iframe');
    await expect(frame).toHaveAttribute('sandbox', '');
    await expect(output.frameLocator('iframe').getByRole('heading').first()).toBeVisible();
    await keepScreen(page, 'job-output');

    const path = new URL((await frame.getAttribute('src')) ?? '', 'https://x.invalid').pathname.replace(
      '/preview/',
      '',
    );
    await (
      await import('node:fs/promises')
    ).appendFile(`${dataDir}/artefacts/${path}`, '<script>parent.document.title = "ran"</script>');
    await page.reload();
    await expect(output.getByRole('alert')).toContainText('other bytes than the job keeps the hash of');
    await expect(output.locator('iframe')).toHaveCount(0);
  });
});

test.describe('links of other programs', () => {
  // The application is started once for each link.
  test.setTimeout(300_000);

  test('open what they name, and nothing else', async ({ start }) => {
    for (const [link, route] of [
      ['runledger://job/no-such-job', /#\/jobs\/no-such-job$/],
      ['runledger://user/u%2F1', /#\/users\/u%2F1$/],
      // Whatever dots stand in it, a link leads to a job, a workspace or a user and to no other screen.
      ['runledger://job/a/../../people', /#\/jobs\/people$/],
      ['runledger://evil/x', /#\/jobs$/],
    ] as const) {
      const application = await start({ args: [link] });
      await expect(application.page).toHaveURL(route);
      await application.stop();
    }
  });
});
