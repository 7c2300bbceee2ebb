import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDir } from '#engine/writable-folders.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the data folder that somebody named', () => {
  it('is made for its owner alone where it is not there', () => {
    const named = path.join(folder, 'of', 'mine');
    expect(openDataDir(named)).toEqual({ ok: true, value: named });
    expect(statSync(named).mode & 0o077).toBe(0);
  });

  it('is refused in a sentence where it cannot be made', () => {
    const file = path.join(folder, 'a-file');
    writeFileSync(file, '');
    const detail = `the data folder ${path.join(file, 'data')} cannot be used, ENOTDIR`;
    expect(openDataDir(path.join(file, 'data'))).toMatchObject({ error: { code: 'invalid_request', detail } });
  });
});
