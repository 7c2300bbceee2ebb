import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './application.ts';
import { openJob, part, rowOf } from './job.page.ts';

/** What the page may do, and what a hostile document can make of it. */
test.describe('the page', () => {
  test('has nothing of Node, goes nowhere, opens nothing, loads nothing from elsewhere', async ({ start }) => {
    const { page } = await start();
    await expect(page.getByRole('grid', { name: 'Jobs' })).toBeVisible();
    const home = page.url();
    const world = await page.evaluate(() => ({
      globals: ['require', 'process', 'module', 'Buffer', 'electron'].filter((name) => name in window),
      bridge: Object.keys(Reflect.get(window, 'runledger') as object),
      opened: window.open('https://example.com/') === null,
      permission: Notification.permission,
    }));
    expect(world).toEqual({
      globals: [],
      bridge: ['invoke', 'cancel', 'subscribe'],
      opened: true,
      permission: 'denied',
    });
    const blocked = await page.evaluate(async () => {
      const failed = async (action: () => unknown): Promise<boolean> => {
        try {
          await action();
          return false;
        } catch {
          return true;
        }
      };
      return {
        fetch: await failed(() => fetch('https://example.com/')),
        // In a task of its own: what a debugger evaluates at once is exempt from the policy.
        eval: await new Promise<boolean>((resolve) =>
          setTimeout(() => void failed(() => Reflect.construct(Function, ['return 1'])).then(resolve)),
        ),
      };
    });
    expect(blocked).toEqual({ fetch: true, eval: true });
    await page.evaluate(() => {
      location.href = 'https://example.com/';
    });
    await expect(page.getByRole('grid', { name: 'Jobs' })).toBeVisible();
    expect(page.url()).toBe(home);
  });

  test('answers a request that is none of the contract with a typed error', async ({ start }) => {
    const { page } = await start();
    await expect(page.getByRole('grid', { name: 'Jobs' })).toBeVisible();
    const answers = await page.evaluate(async () => {
      const bridge = Reflect.get(window, 'runledger') as {
        invoke: (name: string, params: unknown) => Promise<{ ok: boolean; error?: { code: string } }>;
      };
      const replies = await Promise.all([
        bridge.invoke('jobs.deleteAll', {}),
        bridge.invoke('job.get', { jobId: { $ne: null } }),
        bridge.invoke('jobs.page', 'everything'),
      ]);
      return replies.map(({ ok, error }) => [ok, error?.code]);
    });
    expect(answers).toEqual([
      [false, 'unknown_request'],
      [false, 'malformed_request'],
      [false, 'malformed_request'],
    ]);
  });

  test('leaves nothing that other users of the machine could read or enter', async ({ start }) => {
    test.skip(process.platform === 'win32', 'the folders of a profile are private there by themselves');
    const { page, dataDir } = await start();
    await expect(page.getByRole('grid', { name: 'Jobs' }).getByRole('row').nth(1)).toBeVisible();
    // The rest is the browser's own, and where the window stood.
    const ours = (name: string): boolean =>
      /^(?:artefacts|audit|copies|logs|people|sandbox)(?:$|\/)|^own\.sqlite/.test(name);
    const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter(ours);
    for (const folder of ['audit', 'copies', 'sandbox'])
      expect(files.map((file) => path.dirname(file))).toContain(folder);
    const open = files.filter((file) => {
      const found = statSync(path.join(dataDir, file), { throwIfNoEntry: false });
      return found !== undefined && (found.mode & 0o077) !== 0;
    });
    expect(open).toEqual([]);
  });

  test('shows markup, script, right-to-left text and very long lines of a job as text', async ({
    start,
    production,
  }) => {
    const { page } = await start({ env: production.env });
    const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202Eevil\u0000';
    await production.order({ id: 'hostile-1', prompt: `${hostile} ${'w'.repeat(100_000)}` });
    await expect(rowOf(page, 'hostile-1')).toContainText('<img src=x');
    await openJob(page, 'hostile-1');
    await expect(part(page, 'Prompt and options')).toContainText('<script>window.hacked=1</script>');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
  });
});
