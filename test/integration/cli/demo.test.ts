import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startTestServer } from '../../support/test-server.ts';

const program = fileURLToPath(new URL('../../../electron/cli/demo.ts', import.meta.url));

it('a demo that is stopped on its way reports what there is, says so, and is no success', async () => {
  const server = await startTestServer();
  const child = spawn(process.execPath, [program, '--jobs', '5000', '--json', '--uri', server.uri], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
    // By then it listens to signals, and five thousand jobs are not done. A second one would end it at once.
    if (stderr.includes('stands in the database') && !child.killed) child.kill('SIGTERM');
  });
  try {
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(stderr).toContain('Stopped before every job came to its end');
    expect(JSON.parse(stdout)).toMatchObject({ jobs: 5000, violations: [] });
  } finally {
    const [database = ''] = /runledger_demo_\w+/u.exec(stderr) ?? [];
    if (database !== '') await server.client.db(database).dropDatabase();
    await server.stop();
  }
});
