import { z } from 'zod';
import type { Bounds, Chromium } from './chromium.ts';
import type { CdpConnection } from './cdp-connection.ts';
import type { AppSchemes } from './app-schemes.ts';
import { PreventableEvent, refusal, refusing, StandInEmitter } from './refusing.ts';
import { defaultSession } from './session.ts';
import { WebContents } from './web-contents.ts';

/** What main may ask for; anything laxer than the stand-in gives is refused. */
interface WindowOptions {
  readonly width?: number;
  readonly height?: number;
  readonly x?: number;
  readonly y?: number;
  readonly webPreferences?: Readonly<Record<string, unknown>>;
}

/** What all windows share. */
export interface WindowHost {
  readonly schemes: AppSchemes;
  /** Chromium with its first window, which is started where it does not run; the same one from then on. */
  chromium(): Promise<Chromium>;
  /** Called after a window was closed. */
  windowClosed(left: number): void;
}

const boundsSchema = z.object({
  windowId: z.int(),
  bounds: z.object({
    left: z.int().optional(),
    top: z.int().optional(),
    width: z.int().optional(),
    height: z.int().optional(),
    windowState: z.enum(['normal', 'minimized', 'maximized', 'fullscreen']).default('normal'),
  }),
});
type WindowState = z.infer<typeof boundsSchema>['bounds']['windowState'];

/** The stand-in gives a sandboxed, isolated page without Node, and nothing else. */
const REQUIRED_PREFERENCES: Readonly<Record<string, boolean>> = {
  sandbox: true,
  contextIsolation: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  nodeIntegrationInSubFrames: false,
  webSecurity: true,
  allowRunningInsecureContent: false,
  experimentalFeatures: false,
  webviewTag: false,
};

let host: WindowHost | null = null;
const windows = new Set<BrowserWindow>();
const targetSchema = z.object({ targetId: z.string() });

/** Says what windows are made with; once, before the first one. */
export function setWindowHost(given: WindowHost): void {
  host = given;
}

/** A window of Chromium's without a browser around it. */
export class BrowserWindow extends StandInEmitter {
  readonly #contents = new WebContents();
  readonly #preload: string;
  readonly #face: BrowserWindow;
  #bounds: Bounds;
  #state: WindowState = 'normal';
  #chromium: Chromium | null = null;
  #targetId: string | null = null;
  #isDestroyed = false;

  constructor(options: WindowOptions = {}) {
    super('BrowserWindow', ['ready-to-show', 'close', 'closed', 'resize', 'focus']);
    const preferences = options.webPreferences ?? {};
    for (const [name, value] of Object.entries(REQUIRED_PREFERENCES)) {
      if ((preferences[name] ?? value) !== value) throw refusal(`webPreferences.${name}: ${String(preferences[name])}`);
    }
    if (typeof preferences['preload'] !== 'string') throw refusal('a window without a preload');
    this.#preload = preferences['preload'];
    this.#bounds = { x: options.x, y: options.y, width: options.width ?? 800, height: options.height ?? 600 };
    this.#face = refusing('BrowserWindow', this);
    windows.add(this.#face);
    return this.#face;
  }

  static getAllWindows(): BrowserWindow[] {
    return [...windows];
  }

  get webContents(): WebContents {
    return this.#contents.face;
  }

  async loadURL(url: string): Promise<void> {
    if (this.#targetId === null) await this.#open();
    const isFirst = this.#contents.getURL() === '';
    await this.#contents.loadURL(url);
    if (isFirst && !this.#isDestroyed) this.emit('ready-to-show');
  }

  /** Chromium shows its window as soon as it has one. */
  show(): void {
    this.focus();
  }

  focus(): void {
    if (this.#targetId !== null) this.#chromium?.cdp.tell('Target.activateTarget', { targetId: this.#targetId });
  }

  restore(): void {
    this.#setState('normal');
  }

  maximize(): void {
    this.#setState('maximized');
  }

  isMinimized(): boolean {
    return this.#state === 'minimized';
  }

  isMaximized(): boolean {
    return this.#state === 'maximized';
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  /** Where the window stood when it was last neither maximized nor minimized. */
  getNormalBounds(): { x: number; y: number; width: number; height: number } {
    return { x: this.#bounds.x ?? 0, y: this.#bounds.y ?? 0, width: this.#bounds.width, height: this.#bounds.height };
  }

  /** Closes the window unless a listener of 'close' prevents it. */
  close(): void {
    if (this.#isDestroyed) return;
    const event = new PreventableEvent();
    this.emit('close', event);
    if (event.defaultPrevented) return;
    if (this.#targetId !== null) this.#chromium?.cdp.tell('Target.closeTarget', { targetId: this.#targetId });
    this.#gone();
  }

  async #open(): Promise<void> {
    if (host === null) throw new Error('no application runs');
    const { schemes } = host;
    const isFirst = windows.size === 1;
    const chromium = await host.chromium();
    const { cdp } = chromium;
    const targetId = isFirst
      ? chromium.firstTarget
      : (await cdp.send('Target.createTarget', { url: 'about:blank', newWindow: true }, { result: targetSchema }))
          .targetId;
    this.#chromium = chromium;
    this.#targetId = targetId;
    cdp.onEvent(({ method, params }) => {
      if (method === 'Target.targetDestroyed' && targetSchema.parse(params).targetId === targetId) this.#closedByUser();
    });
    void chromium.exited.then(() => this.#closedByUser());
    await Promise.all([
      this.#place(cdp, targetId),
      this.#contents.attach({
        cdp,
        targetId,
        schemes,
        preload: this.#preload,
        onBounds: () => void this.#readBounds(),
      }),
    ]);
    cdp.onEvent(({ method, params }) => {
      if (method === 'Browser.downloadWillBegin') this.#offerDownload(params);
    });
    // Denied before main is asked: the stand-in saves nothing, and main hears of each all the same.
    cdp.tell('Browser.setDownloadBehavior', { behavior: 'deny', eventsEnabled: true });
    if (this.#state !== 'normal') this.#setState(this.#state);
    await this.#readBounds();
  }

  /** Chromium was started before anyone knew where its window is to stand. */
  async #place(cdp: CdpConnection, targetId: string): Promise<void> {
    const { x, y, width, height } = this.#bounds;
    const { windowId } = await cdp.send('Browser.getWindowForTarget', { targetId }, { result: boundsSchema });
    const bounds = { width, height, ...(x === undefined || y === undefined ? {} : { left: x, top: y }) };
    await cdp.send('Browser.setWindowBounds', { windowId, bounds }, { result: z.unknown() });
  }

  #offerDownload(params: unknown): void {
    const { url, frameId } = z.object({ url: z.string(), frameId: z.string() }).parse(params);
    if (frameId !== this.#targetId) return;
    if (!defaultSession.offerDownload(url, this.#contents.face)) throw refusal('a download');
  }

  /** The window is already gone: nothing can prevent it any more. */
  #closedByUser(): void {
    if (this.#isDestroyed) return;
    this.emit('close', new PreventableEvent());
    this.#gone();
  }

  #gone(): void {
    this.#isDestroyed = true;
    windows.delete(this.#face);
    this.#contents.destroy();
    this.emit('closed');
    host?.windowClosed(windows.size);
  }

  #setState(windowState: WindowState): void {
    this.#state = windowState;
    if (this.#chromium === null || this.#targetId === null) return;
    const { cdp } = this.#chromium;
    void cdp
      .send('Browser.getWindowForTarget', { targetId: this.#targetId }, { result: boundsSchema })
      .then(({ windowId }) => cdp.tell('Browser.setWindowBounds', { windowId, bounds: { windowState } }))
      .catch((cause: unknown) => this.#unlessGone(cause));
  }

  async #readBounds(): Promise<void> {
    if (this.#chromium === null || this.#targetId === null) return;
    try {
      const { bounds } = await this.#chromium.cdp.send(
        'Browser.getWindowForTarget',
        { targetId: this.#targetId },
        { result: boundsSchema },
      );
      this.#state = bounds.windowState;
      if (bounds.windowState !== 'normal' || bounds.width === undefined || bounds.height === undefined) return;
      this.#bounds = { x: bounds.left, y: bounds.top, width: bounds.width, height: bounds.height };
    } catch (cause) {
      this.#unlessGone(cause);
    }
  }

  /** A question to a window that is closed meanwhile has no answer, and needs none. */
  #unlessGone(cause: unknown): void {
    if (!this.#isDestroyed) throw cause;
  }
}
