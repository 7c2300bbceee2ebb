import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, startArguments, test } from './application.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Starts the application on a folder where one runs already. @returns its exit status, and what it said */
async function startAgain(dataDir: string, link: string): Promise<readonly [code: number | null, said: string]> {
  const child = spawn(process.execPath, startArguments(dataDir, [link]), {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number | null];
  return [code, said];
}

test.describe('a second start on the same folder', () => {
  test('hands its link to the window that is open, and ends without an engine of its own', async ({ start }) => {
    const first = await start({});
    await expect(first.page.getByRole('link', { name: /^Jobs/ })).toBeVisible();
    const connections = (): number => first.log().split('Connected to').length - 1;
    await expect.poll(connections).toBe(1);
    const [code, said] = await startAgain(first.dataDir, 'runledger://job/handed-on');
    expect(code).toBe(0);
    expect(said).toContain('Runledger runs on this data folder already. Its window comes to the front');
    await expect(first.page).toHaveURL(/#\/jobs\/handed-on$/);
    await expect(first.page.getByRole('main')).toContainText('handed-on');
    expect(first.page.context().pages()).toHaveLength(1);
    expect(connections()).toBe(1);
    expect(await first.stop()).toBe(0);
  });
});
