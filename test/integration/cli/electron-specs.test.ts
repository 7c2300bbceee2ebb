import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../support/run-electron-specs.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-no-electron-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the specs on Electron', () => {
  it('say plainly that they did not run where there is no runtime, and do not count as passed', () => {
    const run = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      // A folder without a runtime, and no way to fetch one.
      env: { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: folder, ELECTRON_SKIP_BINARY_DOWNLOAD: '1' },
    });
    expect(run.status).toBe(3);
    expect(run.stderr).toContain('NOT RUN');
  });
});
