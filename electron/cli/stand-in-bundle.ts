import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** Relative to the root of the project. */
const SOURCES = 'test/support/electron-stand-in';
const BUNDLES = 'node_modules/.cache/runledger/electron-stand-in';
/** What Node loads before the application, what that names, and what Node loads before the engine. */
const ENTRIES = ['register', 'electron', 'utility-bootstrap'] as const;

/**
 * The module that Node loads before the application, so that its bundles find the stand-in where they import `electron`. It stands in
 * bundles of its own, which are made where a source is newer: twenty files and a schema library's ninety-five took longer to load than
 * the application itself, which Electron, being compiled, does not.
 * @param root absolute path of the project
 * @returns absolute path
 */
export async function standInModule(root: string): Promise<string> {
  const sources = path.join(root, SOURCES);
  const bundles = ENTRIES.map((entry) => path.join(root, BUNDLES, `${entry}.js`));
  const changedAt = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = [
    path.join(root, 'package-lock.json'),
    ...readdirSync(sources).map((file) => path.join(sources, file)),
  ];
  if (Math.min(...bundles.map(changedAt)) <= Math.max(...newest.map(changedAt))) await build(root);
  return path.join(root, BUNDLES, 'register.js');
}

async function build(root: string): Promise<void> {
  // Each file takes its place whole: another start may be loading it.
  const draft = path.join(root, `${BUNDLES}.${process.pid}`);
  const vite = await import('vite');
  await vite.build({
    configFile: false,
    logLevel: 'warn',
    root,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: draft,
      rollupOptions: {
        input: Object.fromEntries(ENTRIES.map((entry) => [entry, path.join(root, SOURCES, `${entry}.ts`)])),
        external: ['better-sqlite3', 'electron'],
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
  mkdirSync(path.join(root, BUNDLES), { recursive: true });
  for (const file of readdirSync(draft)) renameSync(path.join(draft, file), path.join(root, BUNDLES, file));
  rmSync(draft, { recursive: true });
}
