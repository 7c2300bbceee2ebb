import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** What the bundles are made from, relative to the root of the project: such files below these folders, and two more. */
const SOURCE_FOLDERS = ['electron', 'renderer'] as const;
const SOURCE_FILE = /\.(?:ts|tsx|css|html|svg)$/;
const OTHER_SOURCES = ['electron.vite.config.ts', 'package-lock.json'] as const;

/** What a build leaves last; where all are newer than every source, nothing is built. */
const BUNDLES = [
  'out/main/index.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'out/bundled-packages.json',
] as const;

/**
 * Builds main, preload and page where a source is newer than they are.
 * @param root absolute path of the project
 * @param say called with one line before a build
 * @returns whether the bundles are there; what the build found wrong stands on stderr
 */
export function buildIfStale(root: string, say: (line: string) => void): boolean {
  const changedAt = (file: string): number => statSync(path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newestSource = Math.max(...sourcesOf(root).map(changedAt));
  if (Math.min(...BUNDLES.map(changedAt)) > newestSource) return true;
  say('Building the application (a few seconds).');
  const require = createRequire(import.meta.url);
  const builder = path.join(path.dirname(require.resolve('electron-vite/package.json')), 'bin', 'electron-vite.js');
  const build = spawnSync(process.execPath, [builder, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return build.status === 0;
}

/** Read folder by folder: matching patterns took three times as long, at every start. */
function sourcesOf(root: string): readonly string[] {
  const found = SOURCE_FOLDERS.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => SOURCE_FILE.test(file))
      .map((file) => path.join(folder, file)),
  );
  return [...found, ...OTHER_SOURCES];
}
