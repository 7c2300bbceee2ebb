import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../../electron/cli/doctor/doctor.ts', import.meta.url));

it('a doctor whose terminal is closed on its way has found nothing well', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const uri = `mongodb://127.0.0.1:${port}/`;
  const child = spawn(process.execPath, [program, '--uri', uri], { stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  // By then it listens to signals. A second one would end it at once.
  silent.once('connection', () => child.kill('SIGHUP'));
  try {
    expect(await once(child, 'close')).toEqual([1, null]);
    expect(stdout).toMatch(/^skipped +runtime +It was stopped/u);
  } finally {
    silent.close();
  }
});
