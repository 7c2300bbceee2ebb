import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { versionIn } from './version.ts';

/** How the runtime is looked for. */
export interface ElectronRuntimeOptions {
  /** Absolute path of the project. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fetch it even where fetching failed a short while ago. */
  readonly isInsisting: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly say: (line: string) => void;
}

/** How long fetching may take, in milliseconds: some 110 MB. */
const FETCH_MS_MAX = 10 * 60_000;
/** For how long a failure is remembered, in milliseconds, so that not every start waits for a network that is closed. */
const FAILURE_KEPT_MS = 24 * 3_600_000;

/** Fetching failed: of which version, and when, in milliseconds since 1970. */
interface Failure {
  readonly version: string;
  readonly at: number;
}

/**
 * The path of Electron's executable, fetched by the package's own installer where it is missing; null where it cannot be had,
 * which has been said then. `ELECTRON_SKIP_BINARY_DOWNLOAD=1` and `ELECTRON_OVERRIDE_DIST_PATH` mean what they mean to Electron.
 */
export function findOrFetchElectron(options: ElectronRuntimeOptions): string | null {
  const { root, env, isInsisting, now, say } = options;
  const folder = path.dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const version = versionIn(path.join(folder, 'package.json'));
  const installed = installedElectron(folder, env);
  if (installed !== null) return installed;
  if (env['ELECTRON_SKIP_BINARY_DOWNLOAD'] === '1') {
    say("Electron's runtime is not installed, and ELECTRON_SKIP_BINARY_DOWNLOAD=1 forbids to fetch it.");
    return null;
  }
  const note = path.join(root, 'node_modules', '.cache', 'runledger', 'electron-fetch-failed.txt');
  const failure = readFailure(note);
  if (!isInsisting && failure?.version === version && now - failure.at < FAILURE_KEPT_MS) {
    say("Electron's runtime could not be fetched lately; `npm start -- --runtime electron` tries again.");
    return null;
  }
  say(`Fetching the runtime of Electron ${version} (about 110 MB, once).`);
  const fetch = spawnSync(process.execPath, [path.join(folder, 'install.js')], {
    stdio: ['ignore', 'inherit', 'pipe'],
    timeout: FETCH_MS_MAX,
    encoding: 'utf8',
  });
  const fetched = fetch.status === 0 ? installedElectron(folder, env) : null;
  if (fetched !== null) {
    rmSync(note, { force: true });
    return fetched;
  }
  const reason = fetch.signal === null ? firstLine(fetch.stderr) : 'it took longer than ten minutes';
  say(`Electron's runtime could not be fetched: ${reason}.`);
  mkdirSync(path.dirname(note), { recursive: true });
  writeFileSync(note, `${version}\n${now}\n`);
  return null;
}

function installedElectron(folder: string, env: ElectronRuntimeOptions['env']): string | null {
  const pathFile = path.join(folder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const executable = path.join(
    env['ELECTRON_OVERRIDE_DIST_PATH'] ?? path.join(folder, 'dist'),
    readFileSync(pathFile, 'utf8').trim(),
  );
  return existsSync(executable) ? executable : null;
}

/** The note is a convenience, two lines: one that cannot be read counts as none. */
function readFailure(note: string): Failure | null {
  try {
    const [version = '', at = ''] = readFileSync(note, 'utf8').split('\n');
    return version === '' || !/^\d+$/.test(at) ? null : { version, at: Number(at) };
  } catch {
    return null;
  }
}

/** The installer prints a stack; its first line says what happened. */
function firstLine(stderr: string): string {
  return (
    stderr
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.trim()
      .replace(/^TypeError: |\.$/g, '') ?? 'the installer gave no reason'
  );
}
