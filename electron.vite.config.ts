import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import { bundledPackages } from './electron/cli/bundled-packages.ts';
import { gatherRules } from './electron/cli/rule-index.mjs';

const root = import.meta.dirname;

// However the build was begun, also by a spec: what it bundles is what stands in the folder of rules.
gatherRules();

/**
 * What every start loads stands in the bundles: looking for and reading the 95 files of zod, in each process and thread, and the 130 of the
 * driver took more processor time than running them. Other packages are loaded from where they are installed, by whoever needs them.
 */
const BUNDLED_PACKAGES = [
  'zod',
  'bson',
  'mongodb',
  'mongodb-connection-string-url',
  '@mongodb-js/saslprep',
  'openid-client',
  're2js',
  'pino',
  'rotating-file-stream',
] as const;

/** Paths are absolute: a relative input that begins with `electron/` would be taken for the package of that name. */
export default defineConfig({
  main: {
    build: {
      outDir: path.join(root, 'out/main'),
      externalizeDeps: { exclude: [...BUNDLED_PACKAGES] },
      rollupOptions: {
        input: {
          index: path.join(root, 'electron/main/index.ts'),
          engine: path.join(root, 'electron/engine/entry.ts'),
          'copy-reader': path.join(root, 'electron/cache/threads/reader-thread.ts'),
          'copy-withholding': path.join(root, 'electron/cache/threads/withhold-thread.ts'),
          'copy-upgrade': path.join(root, 'electron/cache/threads/upgrade-thread.ts'),
          'copy-pages': path.join(root, 'electron/monitor/threads/page-thread.ts'),
          'copy-log': path.join(root, 'electron/cache/threads/log-thread.ts'),
          'reconciliation-worker': path.join(root, 'electron/console/reconciliation/desk-worker.ts'),
          'check-thread': path.join(root, 'electron/runner/validators/check-thread.ts'),
          'sandbox-worker': path.join(root, 'electron/sandbox/worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: path.join(root, 'out/preload'),
      rollupOptions: {
        input: { index: path.join(root, 'electron/preload/index.ts') },
        // A sandboxed preload is no module: Electron loads only CommonJS there.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: path.join(root, 'renderer'),
    plugins: [react(), bundledPackages(path.join(root, 'out/bundled-packages.json'))],
    build: {
      outDir: path.join(root, 'out/renderer'),
      rollupOptions: { input: path.join(root, 'renderer/index.html') },
      // Everything is a file of its own: the page's policy allows no data: script or style.
      assetsInlineLimit: 0,
      // A page that is read, parsed and compiled at each start: two fifths of the size are a fifth of a second.
      minify: true,
      chunkSizeWarningLimit: 1000,
      // One sheet, in one order, whichever screens are loaded.
      cssCodeSplit: false,
    },
  },
});
