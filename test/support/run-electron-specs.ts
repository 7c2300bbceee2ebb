import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { findOrFetchElectron } from '#cli/electron-runtime.ts';

/**
 * `npm run test:electron`: the end-to-end specs on Electron itself, where its runtime can be had. Exit statuses: those of the
 * specs, and 3 where they did not run, which is said plainly.
 */
const EXIT_NOT_RUN = 3;

const root = fileURLToPath(new URL('../..', import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const { args: chosen } = new Command('test:electron')
  .description('Runs the end-to-end specs on Electron itself. Exit status: theirs, and 3 where they did not run.')
  .argument('[specs...]', "only specs whose path contains one of these, and Playwright's own options")
  .allowUnknownOption()
  .parse();
const executable = findOrFetchElectron({ root, env: process.env, isInsisting: false, now: Date.now(), say });
if (executable === null) {
  say('NOT RUN: the end-to-end specs did not run on Electron, because its runtime cannot be had on this machine.');
  say('`npm run test:e2e` runs the same specs on the stand-in; that proves nothing about Electron.');
  process.exitCode = EXIT_NOT_RUN;
} else {
  say(`The end-to-end specs run on ${executable}.`);
  const playwright = path.join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const specs = spawnSync(
    process.execPath,
    [playwright, 'test', '--config', 'test/e2e/playwright.config.ts', ...chosen],
    { cwd: root, stdio: 'inherit', env: { ...process.env, RUNLEDGER_E2E_RUNTIME: 'electron' } },
  );
  process.exitCode = specs.status ?? 1;
}
