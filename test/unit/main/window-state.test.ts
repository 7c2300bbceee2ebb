import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onSomeScreen, readWindowState, writeWindowState } from '../../../electron/main/window-state.ts';

const SCREEN = { x: 0, y: 0, width: 1920, height: 1080 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runledger-window-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('where the window stood', () => {
  it('is kept for the next start', () => {
    const file = path.join(folder, 'window.json');
    const state = { x: 40, y: 60, width: 1300, height: 820, isMaximized: true };
    expect(writeWindowState(file, state)).toBe(true);
    expect(readWindowState(file)).toEqual(state);
    expect(onSomeScreen(readWindowState(file), [SCREEN])).toEqual(state);
  });

  it.each(['', 'no JSON', '{"width":"wide"}'])('is forgotten where the file holds %j', (text) => {
    const file = path.join(folder, 'window.json');
    const usual = readWindowState(file);
    writeFileSync(file, text);
    expect(readWindowState(file)).toEqual(usual);
  });

  it('is not taken up on a screen that is gone', () => {
    const away = { x: 5000, y: 60, width: 1300, height: 820, isMaximized: false };
    expect(onSomeScreen(away, [SCREEN])).not.toMatchObject({ x: 5000 });
  });
});
