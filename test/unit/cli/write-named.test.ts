import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeNamed } from '#cli/write-named.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-named-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function* brokenOff(): Generator<string> {
  yield 'half of what';
  throw new Error('the disk is full');
}

describe('a file that somebody named', () => {
  it('takes the place of the one before, and nothing else is left beside it', async () => {
    const file = path.join(folder, 'findings.csv');
    writeFileSync(file, 'of last month');
    await writeNamed(file, ['of ', 'this month']);
    expect(readFileSync(file, 'utf8')).toBe('of this month');
    expect(readdirSync(folder)).toEqual(['findings.csv']);
  });

  it('stays what it was where it cannot be written whole', async () => {
    const file = path.join(folder, 'findings.csv');
    writeFileSync(file, 'of last month');
    await expect(writeNamed(file, brokenOff())).rejects.toThrow('the disk is full');
    expect(readFileSync(file, 'utf8')).toBe('of last month');
    expect(readdirSync(folder)).toEqual(['findings.csv']);
  });

  it.skipIf(process.platform === 'win32')('is read by whom it was before, and a link to it stays one', async () => {
    const [file, link] = [path.join(folder, 'findings.csv'), path.join(folder, 'latest.csv')];
    writeFileSync(file, 'of last month', { mode: 0o600 });
    await writeNamed(file, ['of this month']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    symlinkSync(file, link);
    await writeNamed(link, ['of next month']);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('of next month');
  });

  it.skipIf(process.platform === 'win32')('is written to as it comes where it is none', async () => {
    await writeNamed('/dev/null', ['of this month']);
    await expect(writeNamed('/dev/full', ['of this month'])).rejects.toMatchObject({ code: 'ENOSPC' });
    await expect(writeNamed(folder, ['of this month'])).rejects.toMatchObject({ code: 'EISDIR' });
  });
});
