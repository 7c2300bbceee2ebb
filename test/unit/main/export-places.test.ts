import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExportPlaces } from '../../../electron/main/export-places.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-exports-'));
  mkdirSync(path.join(folder, 'exports'));
  mkdirSync(path.join(folder, 'desk'));
  writeFileSync(path.join(folder, 'exports', 'case.zip'), 'a pack');
  writeFileSync(path.join(folder, 'secret.txt'), 'not an export');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The places, where somebody answers with a path; what was asked and shown is noted. */
function placesOf(answer: string | null) {
  const asked: string[] = [];
  const shown: string[] = [];
  const places = new ExportPlaces(path.join(folder, 'exports'), {
    askPlace: (name) => {
      asked.push(name);
      return Promise.resolve(answer);
    },
    showFile: (file) => shown.push(file),
  });
  return { places, asked, shown };
}

describe('a written export', () => {
  it('is kept where the person says, over what stands there, and leaves nothing half beside it', async () => {
    const place = path.join(folder, 'desk', 'for-ann.zip');
    writeFileSync(place, 'an older one');
    writeFileSync(`${place}.new`, 'of their own');
    const { places, asked } = placesOf(place);
    expect(await places.saveAs('case.zip')).toEqual({ ok: true, value: { path: place } });
    expect(asked).toEqual(['case.zip']);
    expect(readFileSync(place, 'utf8')).toBe('a pack');
    expect(readdirSync(path.join(folder, 'desk'))).toEqual(['for-ann.zip', 'for-ann.zip.new']);
    expect(readFileSync(`${place}.new`, 'utf8')).toBe('of their own');
  });

  it('is kept nowhere else where the person changes their mind', async () => {
    expect(await placesOf(null).places.saveAs('case.zip')).toEqual({ ok: true, value: { path: null } });
    expect(readdirSync(path.join(folder, 'desk'))).toEqual([]);
  });

  it('that cannot be written where the person says is said with the place, and leaves nothing', async () => {
    const place = path.join(folder, 'no-such-folder', 'case.zip');
    expect(await placesOf(place).places.saveAs('case.zip')).toMatchObject({
      ok: false,
      error: { code: 'internal', detail: `${place} could not be written: ENOENT` },
    });
  });

  it('is shown in its folder', async () => {
    const { places, shown } = placesOf(null);
    expect(await places.show('case.zip')).toEqual({ ok: true, value: {} });
    expect(shown).toEqual([path.join(folder, 'exports', 'case.zip')]);
  });
});

describe('a file that is no export', () => {
  it.each(['../secret.txt', 'none.zip', '.', '..', ''])('is neither shown nor copied: %j', async (name) => {
    const { places, asked, shown } = placesOf(path.join(folder, 'desk', 'copy'));
    expect(await places.saveAs(name)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect(await places.show(name)).toMatchObject({ ok: false, error: { code: 'not_found' } });
    expect([asked, shown, readdirSync(path.join(folder, 'desk'))]).toEqual([[], [], []]);
  });
});
