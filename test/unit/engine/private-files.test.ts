import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeToOthers } from '#engine/private-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-private-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (name: string): string => (statSync(path.join(folder, name)).mode & 0o777).toString(8);

describe.skipIf(process.platform === 'win32')('a data folder', () => {
  it('of an earlier version is closed to other users of the machine, and what is not ours stays as it is', () => {
    for (const name of ['copies', 'exports', 'audit', 'photos']) mkdirSync(path.join(folder, name));
    for (const name of ['own.sqlite', 'own.sqlite.backup-1', 'notes.txt']) writeFileSync(path.join(folder, name), '');
    for (const name of ['copies', 'exports', 'photos']) chmodSync(path.join(folder, name), 0o755);
    chmodSync(path.join(folder, 'audit'), 0o700);
    for (const name of ['own.sqlite', 'own.sqlite.backup-1', 'notes.txt']) chmodSync(path.join(folder, name), 0o644);
    closeToOthers(folder, () => undefined);
    const modes = ['copies', 'exports', 'audit', 'own.sqlite', 'own.sqlite.backup-1', 'photos', 'notes.txt'].map(
      modeOf,
    );
    expect(modes).toEqual(['700', '700', '700', '600', '600', '755', '644']);
  });

  it('is closed no further than itself: a link leads out of it', () => {
    mkdirSync(path.join(folder, 'elsewhere'));
    chmodSync(path.join(folder, 'elsewhere'), 0o755);
    symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, 'artefacts'));
    closeToOthers(folder, () => undefined);
    expect(modeOf('elsewhere')).toBe('755');
  });

  it('need not be there', () => {
    const said: string[] = [];
    closeToOthers(path.join(folder, 'not there'), (line) => said.push(line));
    expect(said).toEqual([]);
  });
});
