import { BrowserWindow, nativeTheme, screen } from 'electron';
import { systemCodeOf } from '#domain/errors.ts';
import { PAGE_URL } from './page-files.ts';
import { PageRecovery } from './page-recovery.ts';
import { confine, isPageUrl, WEB_PREFERENCES } from './security.ts';
import { onSomeScreen, readWindowState, writeWindowState } from './window-state.ts';

/** What a window is made from; paths are absolute. */
export interface WindowOptions {
  readonly preload: string;
  readonly stateFile: string;
  /** A route inside the page, null for its first screen. */
  readonly route: string | null;
  /** Told of an address that the page would open outside of itself. */
  readonly follow: (url: string) => void;
  readonly log: (line: string) => void;
}

/** Opens the window where it stood last time, and keeps where it stands. */
export async function openWindow(options: WindowOptions): Promise<BrowserWindow> {
  const screens = screen.getAllDisplays().map((display) => display.workArea);
  const { isMaximized, x, y, ...size } = onSomeScreen(readWindowState(options.stateFile), screens);
  const window = new BrowserWindow({
    ...size,
    ...(x === undefined || y === undefined ? {} : { x, y }),
    minWidth: 900,
    minHeight: 560,
    show: false,
    title: 'Runledger',
    // The page's own background, so that opening does not flash.
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#101418' : '#f7f8fa',
    webPreferences: { ...WEB_PREFERENCES, preload: options.preload },
  });
  confine(window.webContents, options.follow);
  recover(window, options.log);
  // Making a window large shows it, and nothing is drawn in it before.
  window.once('ready-to-show', () => (isMaximized ? window.maximize() : window.show()));
  window.on('close', () => {
    writeWindowState(options.stateFile, { ...window.getNormalBounds(), isMaximized: window.isMaximized() });
  });
  await loadPage(window, options.route === null ? PAGE_URL : `${PAGE_URL}#${options.route}`, options.log);
  return window;
}

/** Loads an address of the page. One that another address overtook is no failure; every other failure goes to the log. */
export async function loadPage(window: BrowserWindow, url: string, log: (line: string) => void): Promise<void> {
  try {
    await window.loadURL(url);
  } catch (cause) {
    if (systemCodeOf(cause) !== 'ERR_ABORTED') log(`the page could not be loaded: ${String(cause)}`);
  }
}

/** Loads a page that crashed again, where it was. */
function recover(window: BrowserWindow, log: (line: string) => void): void {
  const recovery = new PageRecovery(() => performance.now());
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const isAgain = recovery.crashed();
    log(`the page ended (${reason}, ${exitCode}); ${isAgain ? 'it is loaded again' : 'it is left as it is'}`);
    if (!isAgain) return;
    // Not from within the event: Electron is still taking the old process down.
    setImmediate(() => {
      if (!window.isDestroyed()) void loadPage(window, urlOf(window), log);
    });
  });
}

/** Where the page was; its first screen where it is not known. */
function urlOf(window: BrowserWindow): string {
  const url = window.webContents.getURL();
  return isPageUrl(url) ? url : PAGE_URL;
}
