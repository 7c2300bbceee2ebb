import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const MODULE = new URL('../../../electron/cli/run-application.ts', import.meta.url).href;
/** Ends in good order when it is told to, and not before. */
const APPLICATION = `
  process.once('SIGINT', () => { console.log('ended in good order'); process.exit(7); });
  console.log('it runs');
  setInterval(() => undefined, 1000);`;
const STARTER = `
  import { hasVirtualDisplay, onVirtualDisplay, runApplication } from '${MODULE}';
  if (!hasVirtualDisplay()) console.log('no virtual display');
  else {
    const launch = { command: process.execPath, args: ['-e', process.env.APPLICATION], env: {} };
    process.exitCode = await runApplication(onVirtualDisplay(launch), console.error);
  }`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-display-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function starter(PATH: string) {
  return spawn(process.execPath, ['--input-type=module', '-e', STARTER], {
    env: { ...process.env, PATH, APPLICATION },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe.skipIf(process.platform === 'win32')('an application on a virtual display', () => {
  it('ends in good order where the start command is stopped, and its status is that of the command', async () => {
    // As the script of that name: what it runs is a process below it.
    writeFileSync(path.join(folder, 'xvfb-run'), '#!/bin/sh\n[ "$1" = --help ] && exit 0\nshift\n"$@"\nexit $?\n', {
      mode: 0o755,
    });
    const child = starter(`${folder}${path.delimiter}${process.env['PATH'] ?? ''}`);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      if (said === 'it runs\n') child.kill('SIGINT');
    });
    expect(await once(child, 'close')).toEqual([7, null]);
    expect(said).toBe('it runs\nended in good order\n');
  });

  it('is known not to be possible where nothing makes one', async () => {
    const child = starter(folder);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(said).toBe('no virtual display\n');
  });
});
