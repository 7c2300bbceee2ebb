import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, chromium, expect, type Page } from '@playwright/test';
import { startProduction, type Production } from './production.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What the application runs on: the stand-in, unless `npm run test:electron` asks for Electron itself. */
export const IS_ELECTRON = process.env['RUNLEDGER_E2E_RUNTIME'] === 'electron';

/** How one application is started; the rest is as `npm start` has it. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** A folder to start on again; a new one unless told. */
  readonly dataDir?: string;
  /** How long it is left alone before a debugger attaches to its page, in milliseconds; none unless told. */
  readonly aloneMs?: number;
}

/** A running application as its user and its operating system see it. */
export interface Application {
  readonly page: Page;
  readonly dataDir: string;
  /** What it has printed. */
  log(): string;
  /** Asks it to end as Ctrl-C does. @returns its exit status */
  stop(): Promise<number | null>;
  /** Kills every process of it at once. */
  kill(): Promise<void>;
  /** Kills the process that shows the page, or the engine's; everything else stays. */
  crash(part: 'page' | 'engine'): Promise<void>;
  /** Stops the engine's process where it is: it runs nothing any more, and hears no signal but the one that kills. */
  freezeEngine(): Promise<void>;
  /** The page as it is now: of one whose process was killed nothing can be asked any more. */
  pageAgain(): Promise<Page>;
}

export interface Started extends Application {
  readonly isOver: () => boolean;
}

/** The arguments for Node, from the project's folder, that start the application on a folder. */
export function startArguments(dataDir: string, more: readonly string[] = []): string[] {
  const runtime = IS_ELECTRON ? ['--runtime', 'electron'] : ['--runtime', 'stand-in', '--headless'];
  return ['electron/cli/start.ts', ...runtime, '--data-dir', dataDir, ...more];
}

/** Starts the application on a folder, and waits for its window. */
export async function startApplication(options: StartOptions, dataDir: string): Promise<Started> {
  const portFile = path.join(dataDir, IS_ELECTRON ? '' : 'electron-stand-in/chromium', 'DevToolsActivePort');
  // Of an earlier start on the same folder: it would be taken for this one's.
  rmSync(portFile, { force: true });
  const { MONGODB_URI: _uri, ...env } = process.env;
  const child = spawn(process.execPath, startArguments(dataDir, options.args), {
    cwd: root,
    env: { ...env, ELECTRON_STAND_IN_DEBUGGING: '1', RUNLEDGER_DEBUGGING: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString('utf8');
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  let isOver = false;
  void exited.then(() => {
    isOver = true;
  });
  await new Promise((resolve) => {
    setTimeout(resolve, options.aloneMs ?? 0);
  });
  const address = `http://127.0.0.1:${await debuggingPort(portFile, () => log)}`;
  const attach = async (): Promise<Page> => {
    const browser = await chromium.connectOverCDP(address);
    const page = browser.contexts()[0]?.pages()[0];
    if (page === undefined) throw new Error(`the application shows no page:\n${log}`);
    await page.waitForURL(/index\.html/);
    return page;
  };
  const signalTo = async (part: keyof typeof CRASHABLE, signal: NodeJS.Signals): Promise<void> => {
    const found = (await processesBelow(child.pid ?? 0)).filter(({ command }) => CRASHABLE[part].test(command));
    if (found.length === 0) throw new Error(`the application has no process of its ${part}`);
    for (const { pid } of found) process.kill(pid, signal);
  };
  const page = await attach();
  return {
    page,
    dataDir,
    log: () => log,
    isOver: () => isOver,
    stop: async () => {
      child.kill('SIGINT');
      return exited;
    },
    crash: (part) => signalTo(part, 'SIGKILL'),
    freezeEngine: () => signalTo('engine', 'SIGSTOP'),
    pageAgain: attach,
    kill: async () => {
      // The application runs in a group of its own below the start command; Chromium and the engine end with their pipes.
      for (const { pid } of await processesBelow(child.pid ?? 0)) process.kill(pid, 'SIGKILL');
      child.kill('SIGKILL');
      await exited;
      rmSync(portFile, { force: true });
    },
  };
}

async function debuggingPort(file: string, log: () => string): Promise<string> {
  let port = '';
  await expect
    .poll(
      () => {
        port = readIfThere(file).split('\n')[0] ?? '';
        return port;
      },
      { message: `the application opened no window:\n${log()}`, timeout: 90_000 },
    )
    .not.toBe('');
  return port;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw cause;
  }
}

/** By what the processes of a part are known: on the stand-in the engine is a Node process, on Electron a utility process. */
const CRASHABLE = {
  page: /--type=renderer/,
  engine: /out\/main\/engine\.js|--utility-sub-type=node/,
} as const;

/** The processes below one, the last born first. */
async function processesBelow(pid: number): Promise<readonly { readonly pid: number; readonly command: string }[]> {
  const { execFile } = await import('node:child_process');
  const table = await new Promise<string>((resolve, reject) =>
    execFile('ps', ['-e', '-ww', '-o', 'pid=,ppid=,args='], { maxBuffer: 16 * 1024 * 1024 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    ),
  );
  const rows = table
    .trim()
    .split('\n')
    .map((line) => {
      const [own = '', parent = '', ...command] = line.trim().split(/\s+/);
      return { pid: Number(own), parent: Number(parent), command: command.join(' ') };
    });
  const below = (parent: number): readonly (typeof rows)[number][] =>
    rows.filter((row) => row.parent === parent).flatMap((row) => [...below(row.pid), row]);
  return below(pid);
}

/** What a spec may ask for; each is made where it is asked for, and gone when the spec is over. */
interface Fixtures {
  /** Starts applications, which are stopped, and whose folders are removed. */
  readonly start: (options?: StartOptions) => Promise<Application>;
  /** A deployment that applications attach to. Named behind `start`, it is stopped before they are. */
  readonly production: Production;
}

export const test = base.extend<Fixtures>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads a fixture's needs from this pattern, and there are none
  production: async ({}, use) => {
    const production = await startProduction();
    await use(production);
    await production.stop();
  },
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads a fixture's needs from this pattern, and there are none
  start: async ({}, use, testInfo) => {
    const started: Started[] = [];
    const folders: string[] = [];
    await use(async (options = {}) => {
      const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'runledger-e2e-'));
      if (options.dataDir === undefined) folders.push(dataDir);
      const application = await startApplication(options, dataDir);
      started.push(application);
      return application;
    });
    for (const [index, application] of started.entries()) {
      if (!application.isOver()) await application.stop();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach(`application-${index}.log`, { body: application.log(), contentType: 'text/plain' });
        console.error(application.log());
      }
    }
    // Chromium's helper processes end a little after it, and write to its profile until then.
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  },
});
export { expect };
