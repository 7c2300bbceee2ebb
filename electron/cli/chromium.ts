import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What finding and getting a Chromium needs. */
export interface ChromiumOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

/** How long a download may take, in milliseconds. */
const FETCH_MS_MAX = 10 * 60_000;
/** Where the path of the installed one that was found last is noted: looking for it takes as long as everything else of the start command. */
const NOTE = fileURLToPath(new URL('../../node_modules/.cache/runledger/chromium.txt', import.meta.url));

/** What to do where no Chromium can be had, in one line. */
export const NO_CHROMIUM =
  'No Chromium was found and none could be fetched. Install Chromium or Chrome, or set CHROME_PATH to the one you have, and start again.';

/**
 * The path of a Chromium: one that is installed (`CHROME_PATH` names it, otherwise where the system keeps them), one that
 * Playwright has or downloads, or Debian's package, which on Debian as root comes first because it brings the system libraries
 * that a bare machine lacks. Null where none can be had; each step that takes long is said before.
 */
export async function findOrFetchChromium({ env, say }: ChromiumOptions): Promise<string | null> {
  const named = env['CHROME_PATH'];
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    say(`CHROME_PATH names ${named}, which does not exist; another Chromium is looked for.`);
  }
  const installed = notedChromium() ?? (await installedChromium());
  if (installed !== null) return installed;
  const { chromium } = await import('@playwright/test');
  const ofPlaywright = chromium.executablePath();
  if (existsSync(ofPlaywright)) return ofPlaywright;
  if (isDebian() && process.getuid?.() === 0) {
    say("Installing Debian's package `chromium` (about 100 MB, once).");
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      DEBIAN_FRONTEND: 'noninteractive',
    });
    const packaged = await installedChromium();
    if (packaged !== null) return packaged;
  }
  say("Fetching Playwright's Chromium (about 180 MB, once).");
  const cli = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')),
    'cli.js',
  );
  run(process.execPath, [cli, 'install', 'chromium']);
  return existsSync(ofPlaywright) ? ofPlaywright : null;
}

async function installedChromium(): Promise<string | null> {
  const { Launcher } = await import('chrome-launcher');
  try {
    const [found = null] = Launcher.getInstallations();
    if (found !== null) {
      mkdirSync(path.dirname(NOTE), { recursive: true });
      writeFileSync(NOTE, found);
    }
    return found;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_LAUNCHER_PATH_NOT_SET') return null;
    throw cause;
  }
}

/** The note is a convenience: one that cannot be read, or names what is gone, counts as none. */
function notedChromium(): string | null {
  try {
    const noted = readFileSync(NOTE, 'utf8');
    return path.isAbsolute(noted) && existsSync(noted) ? noted : null;
  } catch {
    return null;
  }
}

function isDebian(): boolean {
  const release = '/etc/os-release';
  return existsSync(release) && /^ID=debian$/m.test(readFileSync(release, 'utf8'));
}

/** Output goes to stderr; whether it helped is seen by looking for the executable afterwards. */
function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  spawnSync(command, [...args], {
    stdio: ['ignore', 2, 2],
    timeout: FETCH_MS_MAX,
    env: { ...process.env, ...env },
  });
}
