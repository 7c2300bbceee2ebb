import { fileURLToPath } from 'node:url';
import { defineConfig } from '@playwright/test';
// Specs start many processes of the program, as an npm script would.
import '../../electron/cli/compile-cache.mjs';

const output = fileURLToPath(new URL('../output', import.meta.url));

/** The specs start the application as `npm start` does, each on a data folder of its own, and look at it in a real Chromium. */
export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  outputDir: `${output}/e2e`,
  globalSetup: './prepare.ts',
  // Two cores: each application is a main process, an engine, a Chromium and a server.
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list'], ['json', { outputFile: `${output}/e2e.json` }]],
});
