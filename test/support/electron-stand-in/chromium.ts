import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { CdpConnection } from './cdp-connection.ts';

/** A rectangle of the screen, in device-independent pixels; without a position the system chooses one. */
export interface Bounds {
  readonly x?: number | undefined;
  readonly y?: number | undefined;
  readonly width: number;
  readonly height: number;
}

/** How Chromium is started. */
export interface ChromiumOptions {
  readonly executable: string;
  readonly isHeadless: boolean;
  /** Chromium refuses to run as root with its process sandbox. */
  readonly isSandboxed: boolean;
  /** Absolute; Chromium's own files. */
  readonly profileDir: string;
  /** Also listens for a debugger on loopback; the port stands in `DevToolsActivePort` in the profile. */
  readonly hasDebuggingPort: boolean;
}

/** A running Chromium. */
export interface Chromium {
  readonly cdp: CdpConnection;
  /** The first window's page. */
  readonly firstTarget: string;
  /** Resolves when the process has ended. */
  readonly exited: Promise<void>;
}

/** Nothing of Chromium's own: no services of its maker, no pages, bubbles and questions of a browser. */
const QUIET_SWITCHES = [
  '--no-first-run',
  '--no-default-browser-check',
  '--hide-crash-restore-bubble',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-field-trial-config',
  '--disable-sync',
  '--disable-breakpad',
  '--metrics-recording-only',
  '--no-service-autorun',
  '--password-store=basic',
  '--use-mock-keychain',
  `--disable-features=${[
    'Translate',
    'MediaRouter',
    'OptimizationHints',
    'AutofillServerCommunication',
    'GlobalMediaControls',
    // Parts of the browser's frame that are pages themselves, which nobody sees: half of the processor time of a start went into them.
    'PreloadTopChromeWebUI',
    'WebUIOmniboxPopup',
    'WebUIOmniboxAimPopup',
    'WebUIReloadButton',
    'WebUIToolbar',
    'InitialWebUI',
  ].join(',')}`,
] as const;

/** How long Chromium may take until it answers. */
const START_MS_MAX = 60_000;

/** Chromium's command line; a window without a browser's frame around it. */
function chromiumSwitches(options: ChromiumOptions): readonly string[] {
  return [
    ...QUIET_SWITCHES,
    `--user-data-dir=${options.profileDir}`,
    '--remote-debugging-pipe',
    ...(options.hasDebuggingPort ? ['--remote-debugging-port=0', '--remote-debugging-address=127.0.0.1'] : []),
    ...(options.isHeadless ? ['--headless', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'] : []),
    ...(options.isSandboxed ? [] : ['--no-sandbox']),
    options.isHeadless ? 'about:blank' : '--app=data:text/html,',
  ];
}

/**
 * Starts Chromium and waits until it answers. Rejects with a sentence, and what Chromium said last, where it does not.
 */
export async function startChromium(options: ChromiumOptions): Promise<Chromium> {
  mkdirSync(options.profileDir, { recursive: true });
  const child = spawn(options.executable, [...chromiumSwitches(options)], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    // A group of its own, so that Ctrl-C lets the application close it in good order. It ends with its pipe in any case.
    detached: true,
  });
  let lastLines = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    lastLines = `${lastLines}${chunk.toString('utf8')}`.slice(-2000);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (cause) => {
      lastLines = cause.message;
      resolve();
    });
  });
  const cdp = new CdpConnection(writableOf(child.stdio[3]), readableOf(child.stdio[4]));
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), START_MS_MAX);
  const given = new Promise<null>((resolve) => abort.signal.addEventListener('abort', () => resolve(null)));
  const target = await Promise.race([firstPage(cdp, abort.signal), exited.then(() => null), given]);
  clearTimeout(timer);
  abort.abort();
  if (target === null) {
    child.kill('SIGKILL');
    throw new Error(`Chromium (${options.executable}) did not start: ${lastLines.trim().split('\n').at(-1) ?? ''}`);
  }
  return { cdp, firstTarget: target, exited };
}

const targetsSchema = z.object({ targetInfos: z.array(z.object({ targetId: z.string(), type: z.string() })) });

/** The first page that Chromium opens by itself; it may answer before it has one. */
async function firstPage(cdp: CdpConnection, signal: AbortSignal): Promise<string | null> {
  const found = Promise.withResolvers<string>();
  const stopListening = cdp.onEvent(({ method, params }) => {
    if (method !== 'Target.targetCreated') return;
    const { targetInfo } = z.object({ targetInfo: z.object({ targetId: z.string(), type: z.string() }) }).parse(params);
    if (targetInfo.type === 'page') found.resolve(targetInfo.targetId);
  });
  try {
    await cdp.send('Target.setDiscoverTargets', { discover: true }, { result: z.unknown() });
    const { targetInfos } = await cdp.send('Target.getTargets', {}, { result: targetsSchema });
    const page = targetInfos.find(({ type }) => type === 'page');
    return page?.targetId ?? (await found.promise);
  } catch (cause) {
    if (signal.aborted || cause instanceof Error) return null;
    throw cause;
  } finally {
    stopListening();
  }
}

function writableOf(stream: Readable | Writable | null | undefined): Writable {
  if (stream !== null && stream !== undefined && 'write' in stream) return stream;
  throw new Error('Chromium was started without its debugging pipe.');
}

function readableOf(stream: Readable | Writable | null | undefined): Readable {
  if (stream !== null && stream !== undefined && 'read' in stream) return stream;
  throw new Error('Chromium was started without its debugging pipe.');
}
