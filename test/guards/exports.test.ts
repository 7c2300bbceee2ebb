import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where others than our files ask for what is exported: Electron's modules that the stand-in refuses, and what Vitest calls. */
const ASKED_FROM_OUTSIDE = ['test/support/electron-stand-in/electron.ts', 'test/support/own-data-folder.ts'];

interface Export {
  readonly file: string;
  readonly name: string;
  readonly isType: boolean;
}

/** What all files export, how often each word stands in them, and in how many files. */
function look(): {
  readonly exports: readonly Export[];
  readonly places: ReadonlyMap<string, number>;
  readonly files: ReadonlyMap<string, number>;
} {
  const [exports, places, files] = [[] as Export[], new Map<string, number>(), new Map<string, number>()];
  for (const found of globSync(['{electron,renderer,test}/**/*.{ts,tsx,mjs}', '*.ts'], { cwd: root })) {
    const file = found.replaceAll(path.sep, '/');
    const source = readFileSync(path.join(root, file), 'utf8');
    const words = source.match(/[\w$]+/gu) ?? [];
    for (const word of words) places.set(word, (places.get(word) ?? 0) + 1);
    for (const word of new Set(words)) files.set(word, (files.get(word) ?? 0) + 1);
    if (ASKED_FROM_OUTSIDE.includes(file)) continue;
    for (const { exportName, isType } of parseSync(file, source).module.staticExports.flatMap((one) => one.entries)) {
      exports.push({ file, name: exportName.name ?? '', isType });
    }
  }
  return { exports, places, files };
}

describe('what is exported is used', () => {
  const { exports, places, files } = look();

  it('functions, classes and values by another file', () => {
    expect(exports.length).toBeGreaterThan(1000);
    expect(exports.filter(({ name, isType }) => !isType && files.get(name) === 1)).toEqual([]);
  });

  it('types anywhere but where they stand', () => {
    expect(exports.filter(({ name, isType }) => isType && places.get(name) === 1)).toEqual([]);
  });
});
