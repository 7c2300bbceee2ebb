import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

let folder: string | null = null;

/** Gives the programs that tests start a data folder of their own: commands keep the audit of what they do in it. */
export function setup(): void {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-tests-'));
  process.env['RUNLEDGER_DATA_DIR'] = folder;
}

/** Takes it away. */
export function teardown(): void {
  if (folder !== null) rmSync(folder, { recursive: true, force: true });
}
