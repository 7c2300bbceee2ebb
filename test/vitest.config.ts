import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
// Tests start many processes of the program, as an npm script would.
import '../electron/cli/compile-cache.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        test: {
          name: 'unit',
          // The simulations keep every core busy; with one left idle, as is usual, the suite takes twice as long on two.
          maxWorkers: '100%',
          include: [
            'test/unit/**/*.test.ts',
            'test/unit/**/*.test.tsx',
            'test/guards/**/*.test.ts',
            'test/faults/**/*.test.ts',
          ],
          environment: 'node',
          testTimeout: 60_000,
        },
      },
      {
        root,
        test: {
          name: 'integration',
          globalSetup: 'test/support/own-data-folder.ts',
          include: ['test/integration/**/*.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
