import { z } from 'zod';
import type { AppSchemes } from './app-schemes.ts';
import type { CdpConnection, CdpEvent } from './cdp-connection.ts';
import { ipcMain, type SenderFrame } from './ipc-main.ts';
import { PageRequests } from './page-requests.ts';
import { PreloadLink } from './preload-link.ts';
import type { MessagePortMain } from './ports.ts';
import { PreventableEvent, refusal, refusing, say, StandInEmitter } from './refusing.ts';
import { defaultSession } from './session.ts';

type WindowOpenHandler = (details: { readonly url: string }) => { readonly action: 'allow' | 'deny' };

const frameSchema = z.object({
  frame: z.object({
    id: z.string(),
    parentId: z.string().optional(),
    url: z.string(),
    urlFragment: z.string().optional(),
  }),
});
const withinSchema = z.object({ frameId: z.string(), url: z.string() });
const goneSchema = z.object({ executionContextId: z.int() });
const popupSchema = z.object({ targetInfo: z.object({ targetId: z.string() }) });
const openedSchema = z.object({ url: z.string() });
const navigatedSchema = z.object({ loaderId: z.string().optional(), errorText: z.string().optional() });
const sessionSchema = z.object({ sessionId: z.string() });

/** The page that a window's contents are shown in. */
export interface PageTarget {
  readonly cdp: CdpConnection;
  readonly targetId: string;
  readonly schemes: AppSchemes;
  readonly preload: string;
  readonly onBounds: () => void;
}

interface AttachedPage {
  readonly target: PageTarget;
  readonly sessionId: string;
  readonly link: PreloadLink;
  readonly requests: PageRequests;
  readonly frames: Map<string, { readonly url: string; readonly parentId: string | undefined }>;
  readonly stopListening: () => void;
}

/** One page as main sees it: Electron's `webContents`. */
export class WebContents extends StandInEmitter {
  /** What main holds: the same object, which refuses what the stand-in lacks. */
  readonly face: WebContents;
  #page: AttachedPage | null = null;
  #isDestroyed = false;
  #windowOpenHandler: WindowOpenHandler = () => ({ action: 'allow' });
  /** The address that main itself asked for, which it need not be asked about. */
  #ownNavigation: string | null = null;
  #loaded = Promise.withResolvers<void>();

  constructor() {
    super('webContents', [
      'will-navigate',
      'will-redirect',
      'will-frame-navigate',
      'will-attach-webview',
      'did-finish-load',
      'render-process-gone',
      'destroyed',
    ]);
    this.face = refusing('webContents', this);
  }

  /** Takes hold of a page of Chromium's. */
  async attach(target: PageTarget): Promise<void> {
    const { cdp, targetId, schemes, preload, onBounds } = target;
    const { sessionId } = await cdp.send(
      'Target.attachToTarget',
      { targetId, flatten: true },
      { result: sessionSchema },
    );
    const send = (method: string, params: object = {}): Promise<unknown> =>
      cdp.send(method, params, { sessionId, result: z.unknown() });
    const link = new PreloadLink({
      cdp,
      sessionId,
      mainFrame: targetId,
      preload,
      onSend: (channel, args, frameId) => {
        ipcMain.receive(channel, { sender: this.face, senderFrame: this.#frameOf(frameId) }, args);
      },
      onWindowOpen: (url) => this.#windowOpened(url),
      onBounds,
    });
    const requests = new PageRequests({
      cdp,
      sessionId,
      mainFrame: targetId,
      schemes,
      mayNavigate: (url) => this.#mayNavigate(url),
    });
    const stopListening = cdp.onEvent((event) => {
      if (event.sessionId === sessionId) this.#heard(event);
    });
    this.#page = { target, sessionId, link, requests, frames: new Map(), stopListening };
    // Chromium takes them one after the other; waiting for each answer would only add the ways.
    await Promise.all([
      send('Page.enable'),
      send('Inspector.enable'),
      send('Runtime.enable'),
      link.install(),
      send('Fetch.enable', { patterns: [{ urlPattern: '*', requestStage: 'Request' }] }),
      // A window that the page opens is held before it loads anything, and closed.
      send('Target.setAutoAttach', {
        autoAttach: true,
        waitForDebuggerOnStart: true,
        flatten: true,
        filter: [{ type: 'page' }, { exclude: true }],
      }),
    ]);
  }

  /** Shows an address and resolves when it has loaded; rejects where it did not. */
  async loadURL(url: string): Promise<void> {
    const page = this.#page;
    if (page === null) throw new Error('the window has no page');
    this.#ownNavigation = url;
    this.#loaded = Promise.withResolvers();
    const loaded = this.#loaded.promise;
    const answer = await page.target.cdp.send(
      'Page.navigate',
      { url: page.target.schemes.toChromium(url) },
      { sessionId: page.sessionId, result: navigatedSchema },
    );
    if (answer.errorText !== undefined) throw new Error(`${answer.errorText} loading '${url}'`);
    // Without a loader the address differs in its fragment only and nothing is loaded.
    if (answer.loaderId !== undefined) await loaded;
  }

  getURL(): string {
    const page = this.#page;
    return page === null ? '' : (page.frames.get(page.target.targetId)?.url ?? '');
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  postMessage(channel: string, message: unknown, transfer: readonly MessagePortMain[] = []): void {
    this.#page?.link.postMessage(channel, message, transfer);
  }

  send(channel: string, ...args: readonly unknown[]): void {
    if (args.length > 1) throw refusal('webContents.send with more than one argument');
    this.postMessage(channel, args[0]);
  }

  setWindowOpenHandler(handler: WindowOpenHandler): void {
    this.#windowOpenHandler = handler;
  }

  /** The page is gone. Idempotent. */
  destroy(): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#page?.stopListening();
    this.#page?.link.contextGone('all');
    this.emit('destroyed');
  }

  #heard({ method, params }: CdpEvent): void {
    const page = this.#page;
    if (page === null) return;
    switch (method) {
      case 'Fetch.requestPaused':
        void page.requests.answer(params);
        return;
      case 'Runtime.bindingCalled':
        page.link.bindingCalled(params);
        return;
      case 'Runtime.executionContextCreated':
        page.link.contextCreated(params);
        return;
      case 'Runtime.executionContextDestroyed':
        page.link.contextGone(goneSchema.parse(params).executionContextId);
        return;
      case 'Runtime.executionContextsCleared':
        page.link.contextGone('all');
        return;
      case 'Page.loadEventFired':
        this.#loaded.resolve();
        this.emit('did-finish-load');
        this.#applyPermissions(page);
        return;
      case 'Page.frameNavigated': {
        const { frame } = frameSchema.parse(params);
        const url = page.target.schemes.toMain(`${frame.url}${frame.urlFragment ?? ''}`);
        page.frames.set(frame.id, { url, parentId: frame.parentId });
        return;
      }
      case 'Page.navigatedWithinDocument': {
        const { frameId, url } = withinSchema.parse(params);
        page.frames.set(frameId, {
          url: page.target.schemes.toMain(url),
          parentId: page.frames.get(frameId)?.parentId,
        });
        return;
      }
      case 'Page.windowOpen':
        // Told of a link before there is a window, which names its address no more.
        this.#windowOpened(openedSchema.parse(params).url);
        return;
      case 'Target.attachedToTarget':
        page.target.cdp.tell('Target.closeTarget', { targetId: popupSchema.parse(params).targetInfo.targetId });
        return;
      case 'Inspector.targetCrashed':
        say('the page has crashed.');
        page.link.contextGone('all');
        this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 });
    }
  }

  /** Electron asks main about what the page wants, not about what main wants. */
  #mayNavigate(url: string): boolean {
    const own = this.#ownNavigation;
    this.#ownNavigation = null;
    if (own === url) return true;
    const event = Object.assign(new PreventableEvent(), { url, isMainFrame: true });
    this.emit('will-navigate', event);
    return !event.defaultPrevented;
  }

  #windowOpened(url: string): void {
    const page = this.#page;
    const { action } = this.#windowOpenHandler({ url: page?.target.schemes.toMain(url) ?? url });
    if (action === 'allow')
      say(`main allows the page to open ${url.slice(0, 200)}, but the stand-in opens no window for a page.`);
  }

  #frameOf(frameId: string): SenderFrame | null {
    const frame = this.#page?.frames.get(frameId);
    if (frame === undefined) return null;
    return { url: frame.url, parent: frame.parentId === undefined ? null : this.#frameOf(frame.parentId) };
  }

  #applyPermissions(page: AttachedPage): void {
    const { origin } = new URL(page.target.schemes.toChromium(this.getURL()));
    if (origin === 'null') return;
    for (const { name, isGranted } of defaultSession.decide(this.face, new URL(this.getURL()).origin)) {
      const setting = isGranted ? 'granted' : 'denied';
      page.target.cdp.tell('Browser.setPermission', { origin, permission: { name }, setting });
    }
  }
}
