import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildCasePack } from '#console/case-pack/case-pack.ts';
import { runProgram } from '../../support/run-program.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-pack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('a pack with a file too many cannot write over what is said of it', async () => {
  const pack = buildCasePack([], new Date(Date.UTC(2026, 10, 24)));
  const file = path.join(folder, 'case.zip');
  const forged = '\r\u001b[2KNothing was changed.';
  writeFileSync(file, zipSync({ ...unzipSync(pack.bytes), [forged]: Buffer.from('x') }));
  const { status, stdout } = await runProgram('electron/cli/cli.ts', ['verify-pack', file]);
  expect(status).toBe(3);
  expect(stdout).toContain('\ufffd\ufffd[2KNothing was changed. was added');
  for (const control of ['\r', '\u001b']) expect(stdout).not.toContain(control);
});
