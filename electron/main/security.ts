import type { Session, WebContents, WebPreferences } from 'electron';
import { PREVIEW_PATH } from '#contract/output-views.ts';
import { PAGE_ORIGIN } from './page-files.ts';

/**
 * What a window's page gets of the system: nothing but the bridge. Every line is written down, also where it is Electron's
 * default, because a default may change and a test holds each.
 */
export const WEB_PREFERENCES = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
} as const satisfies WebPreferences;

/** The frame that sent a message, as far as it matters. */
export interface SenderFrame {
  readonly url: string;
  readonly parent: unknown;
}

/** True for the main frame of a page of ours; a frame that is gone or has no URL is refused. */
export function isTrustedSender(frame: SenderFrame | null | undefined): boolean {
  if (frame === null || frame === undefined || frame.parent !== null) return false;
  return isPageUrl(frame.url);
}

/** True for an address of the bundled page. */
export function isPageUrl(url: string): boolean {
  // An artefact of the same origin is nothing that the window may become.
  return pathHere(url)?.startsWith(PREVIEW_PATH) === false;
}

/** True for the address of an artefact. */
function isPreviewUrl(url: string): boolean {
  return pathHere(url)?.startsWith(PREVIEW_PATH) === true;
}

/** The path of an address of the page's own origin; null for any other. */
function pathHere(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}` === PAGE_ORIGIN ? pathname : null;
}

/**
 * Refuses whatever a page could ask for beyond showing itself: navigation, windows, embedded pages.
 * @param follow told of an address that the page would open in a window of its own
 */
export function confine(contents: WebContents, follow: (url: string) => void): void {
  contents.on('will-navigate', (event) => {
    if (!isPageUrl(event.url)) event.preventDefault();
  });
  contents.on('will-redirect', (event) => {
    if (!isPageUrl(event.url)) event.preventDefault();
  });
  // What is drawn in a frame is an artefact, whose links lead nowhere; the page's policy says so too.
  contents.on('will-frame-navigate', (event) => {
    if (!event.isMainFrame && !isPreviewUrl(event.url)) event.preventDefault();
  });
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(({ url }) => {
    follow(url);
    return { action: 'deny' };
  });
}

/** Permissions that the page may have: writing to the clipboard, for "copy id". */
const PERMISSIONS = new Set(['clipboard-sanitized-write']);

/** Refuses every other permission, asked for or looked up, and every download that nobody asked for. */
export function refusePermissions(session: Session): void {
  session.setPermissionRequestHandler((contents, permission, answer) => {
    answer(PERMISSIONS.has(permission) && isPageUrl(contents.getURL()));
  });
  session.setPermissionCheckHandler((contents, permission) => {
    return PERMISSIONS.has(permission) && contents !== null && isPageUrl(contents.getURL());
  });
  session.on('will-download', (event) => event.preventDefault());
}
