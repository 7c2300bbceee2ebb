import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { app as standInApp, type App } from './app.ts';
import { AppSchemes, type SchemeHandler } from './app-schemes.ts';
import { BrowserWindow as StandInWindow, setWindowHost } from './browser-window.ts';
import { startChromium, type Bounds, type Chromium } from './chromium.ts';
import { ipcMain as standInIpcMain, type IpcMain } from './ipc-main.ts';
import { Notification as StandInNotification } from './notification.ts';
import { StandInTray } from './tray.ts';
import { refusedModule, refusing, say } from './refusing.ts';
import { defaultSession, type StandInSession } from './session.ts';
import { forkUtilityProcess } from './utility-process.ts';

/**
 * What stands in for the module `electron` where its runtime cannot be had: Node and an installed Chromium, driven over its
 * debugging pipe. It has what Runledger's main and preload use and refuses the rest. What only the runtime can show (native menus,
 * the sandboxed preload, fuses, the key store) is never claimed.
 *
 * `ELECTRON_STAND_IN_CHROMIUM` names the executable. `ELECTRON_STAND_IN_HEADLESS=1` opens no window on the screen.
 * `ELECTRON_STAND_IN_USER_DATA` is the data folder that main is going to set, empty for the default one: Chromium starts on it before
 * main is loaded.
 * `ELECTRON_STAND_IN_SAVE_FOLDER` is where files are saved that somebody is asked a place for.
 * `ELECTRON_STAND_IN_AGREES=1` agrees to what a dialog asks. `ELECTRON_STAND_IN_BROWSER` names a file that gets a line for each page
 * that the system's browser would open.
 * `ELECTRON_STAND_IN_DEBUGGING=1` is for tests: Chromium also listens for a debugger on loopback.
 */
const schemes = new AppSchemes();
let chromium: Promise<Chromium> | null = null;

async function startOwnChromium(): Promise<Chromium> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) say("Chromium's own process sandbox is off, because it refuses to run as root with it.");
  try {
    return await startChromium({
      executable: process.env['ELECTRON_STAND_IN_CHROMIUM'] ?? 'chromium',
      isHeadless: process.env['ELECTRON_STAND_IN_HEADLESS'] === '1',
      hasDebuggingPort: process.env['ELECTRON_STAND_IN_DEBUGGING'] === '1',
      isSandboxed: !isRoot,
      profileDir: path.join(standInApp.getPath('userData'), 'electron-stand-in', 'chromium'),
    });
  } catch (cause) {
    say(cause instanceof Error ? cause.message : String(cause));
    standInApp.quit();
    throw cause;
  }
}

function ownChromium(): Promise<Chromium> {
  chromium ??= startOwnChromium();
  return chromium;
}

standInApp.afterLock(() => {
  // A start that fails is said, and met by the first window.
  void ownChromium().catch(() => undefined);
  // Node loads what answers requests when it is first named, which would be while the page waits.
  void globalThis.Response;
});
setWindowHost({
  schemes,
  chromium: ownChromium,
  windowClosed: (left) => {
    // Chromium ends with its last window; the next window starts it again.
    if (left === 0) chromium = null;
    standInApp.windowClosed(left);
  },
});
standInApp.beforeExit(async () => {
  if (chromium === null) return;
  const { cdp, exited } = await chromium;
  cdp.tell('Browser.close', {});
  await exited;
});

// In Electron the browser is there before the application's own script runs.
const userData = process.env['ELECTRON_STAND_IN_USER_DATA'];
if (userData !== undefined) standInApp.beginOn(userData);

export const app: App = refusing('app', standInApp);
export const BrowserWindow = refusing('BrowserWindow', StandInWindow);
export const ipcMain: IpcMain = refusing('ipcMain', standInIpcMain);
export const Notification = refusing('Notification', StandInNotification);
export const Tray = refusing('Tray', StandInTray);
/** Nothing is drawn outside of Chromium's window. */
export const nativeImage = refusing('nativeImage', {
  createFromBitmap: (_bitmap: Uint8Array, size: { readonly width: number; readonly height: number }) => size,
});
export const session: { readonly defaultSession: StandInSession } = refusing('session', {
  defaultSession: refusing('Session', defaultSession),
});
export const utilityProcess = refusing('utilityProcess', { fork: forkUtilityProcess });
export { MessageChannelMain } from './ports.ts';

export const protocol = refusing('protocol', {
  registerSchemesAsPrivileged: (list: Parameters<AppSchemes['register']>[0]) => schemes.register(list),
  handle: (scheme: string, handler: SchemeHandler) => schemes.handle(scheme, handler),
});

/** Chromium's window has no native menu; its template is taken so that main need not know. */
export const Menu = refusing('Menu', {
  buildFromTemplate: (template: readonly object[]) => ({ items: template }),
  setApplicationMenu: (_menu: object | null) => undefined,
});

/** The screens are not known here, so that a kept position is left to the window manager. */
export const screen = refusing('screen', { getAllDisplays: (): readonly { workArea: Required<Bounds> }[] => [] });

/** What the system prefers is not known here; the page itself asks Chromium. */
export const nativeTheme = refusing('nativeTheme', { shouldUseDarkColors: false });

/** There is no key store here, and none is pretended: what Electron says where it finds none. */
export const safeStorage = refusing('safeStorage', {
  isEncryptionAvailable: () => false,
  getSelectedStorageBackend: () => 'basic_text',
});

/** The system's browser is no part of this; what it would be handed is said. */
export const shell = refusing('shell', {
  openExternal: async (url: string): Promise<void> => {
    const file = process.env['ELECTRON_STAND_IN_BROWSER'];
    if (file === undefined) say(`the system's browser would open ${url.slice(0, 200)}`);
    else appendFileSync(file, `${url}\n`);
  },
  showItemInFolder: (file: string): void => say(`the system's file manager would show ${file}`),
});

/**
 * No dialog of the system can be shown here: a person who is asked a question agrees by its first button where
 * `ELECTRON_STAND_IN_AGREES=1` says so, and cancels otherwise; one who is asked where to save a file names the folder of
 * `ELECTRON_STAND_IN_SAVE_FOLDER`, and cancels where there is none.
 */
export const dialog = refusing('dialog', {
  showMessageBox: async (
    ...args: readonly { readonly message?: string; readonly cancelId?: number }[]
  ): Promise<{ readonly response: number }> => {
    const agrees = process.env['ELECTRON_STAND_IN_AGREES'] === '1';
    const { message = '', cancelId = 0 } = args.at(-1) ?? {};
    say(`there is no dialog here that asks "${message}"; ${agrees ? 'agreed' : 'cancelled'}`);
    return { response: agrees ? 0 : cancelId };
  },
  showSaveDialog: async (
    ...args: readonly { readonly defaultPath?: string }[]
  ): Promise<{ readonly canceled: boolean; readonly filePath: string }> => {
    const folder = process.env['ELECTRON_STAND_IN_SAVE_FOLDER'];
    const name = path.basename(args.at(-1)?.defaultPath ?? '');
    say(`there is no dialog here that asks where to save ${name}; ${folder === undefined ? 'cancelled' : folder}`);
    return folder === undefined
      ? { canceled: true, filePath: '' }
      : { canceled: false, filePath: path.join(folder, name) };
  },
});

export const autoUpdater = refusedModule('autoUpdater');
export const clipboard = refusedModule('clipboard');
export const contentTracing = refusedModule('contentTracing');
export const crashReporter = refusedModule('crashReporter');
export const desktopCapturer = refusedModule('desktopCapturer');
export const globalShortcut = refusedModule('globalShortcut');
export const net = refusedModule('net');
export const netLog = refusedModule('netLog');
export const powerMonitor = refusedModule('powerMonitor');
export const powerSaveBlocker = refusedModule('powerSaveBlocker');
export const systemPreferences = refusedModule('systemPreferences');
export const webContents = refusedModule('webContents');
