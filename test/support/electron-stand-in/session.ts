import { PreventableEvent, refusing, StandInEmitter } from './refusing.ts';
import type { WebContents } from './web-contents.ts';

type RequestHandler = (contents: WebContents, permission: string, answer: (isGranted: boolean) => void) => void;
type CheckHandler = (contents: WebContents, permission: string, origin: string) => boolean;

/** Electron's names of permissions and the names under which Chromium is told of them. */
const PERMISSIONS: readonly (readonly [electron: string, chromium: string])[] = [
  ['geolocation', 'geolocation'],
  ['notifications', 'notifications'],
  ['media', 'camera'],
  ['media', 'microphone'],
  ['midi', 'midi'],
  ['display-capture', 'display-capture'],
  ['idle-detection', 'idle-detection'],
  ['clipboard-read', 'clipboard-read'],
  ['clipboard-sanitized-write', 'clipboard-write'],
  ['storage-access', 'storage-access'],
  ['window-management', 'window-management'],
];

/** The default session: what main says of permissions and downloads is put to Chromium. */
export class StandInSession extends StandInEmitter {
  #ask: RequestHandler | null = null;
  #check: CheckHandler | null = null;

  constructor() {
    super('Session', ['will-download']);
  }

  setPermissionRequestHandler(handler: RequestHandler | null): void {
    this.#ask = handler;
  }

  setPermissionCheckHandler(handler: CheckHandler | null): void {
    this.#check = handler;
  }

  /**
   * What main says to each permission for a page, as Chromium is told in advance: it asks nobody later. Granted is only what both
   * of main's handlers grant.
   */
  decide(contents: WebContents, origin: string): readonly { readonly name: string; readonly isGranted: boolean }[] {
    return PERMISSIONS.map(([permission, name]) => {
      let isGranted = this.#ask === null;
      this.#ask?.(contents, permission, (answer) => {
        isGranted = answer;
      });
      return { name, isGranted: isGranted && (this.#check?.(contents, permission, origin) ?? true) };
    });
  }

  /** Tells main of a download. @returns true where it was prevented */
  offerDownload(url: string, contents: WebContents): boolean {
    const event = new PreventableEvent();
    this.emit('will-download', event, refusing('DownloadItem', { getURL: () => url }), contents);
    return event.defaultPrevented;
  }
}

export const defaultSession = new StandInSession();
