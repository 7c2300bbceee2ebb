import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { CdpConnection } from './cdp-connection.ts';
import { createMembrane, startPage, startPreload } from './page-scripts.ts';
import { RemotePorts, type MessagePortMain } from './ports.ts';
import { say } from './refusing.ts';
import { toWireJson } from './wire-json.ts';

/** The name of the preload's isolated world. */
const WORLD = 'Electron stand-in preload';

const contextSchema = z.object({
  context: z.object({
    id: z.int(),
    name: z.string(),
    auxData: z.object({ frameId: z.string() }).optional(),
  }),
});
const bindingSchema = z.object({ name: z.string(), payload: z.string(), executionContextId: z.int() });

/** What the preload's side sends. */
const fromPreloadSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('send'), channel: z.string(), args: z.array(z.unknown()) }),
  z.object({ type: z.literal('port-message'), port: z.int(), data: z.unknown() }),
  z.object({ type: z.literal('port-close'), port: z.int() }),
  z.object({ type: z.literal('bounds') }),
  z.object({ type: z.literal('window-open'), url: z.string() }),
  z.object({ type: z.literal('preload-error'), message: z.string() }),
]);
type FromPreload = z.infer<typeof fromPreloadSchema>;

/** What the link needs of the page around it. */
export interface PreloadLinkOptions {
  readonly cdp: CdpConnection;
  readonly sessionId: string;
  readonly mainFrame: string;
  /** Absolute path of the preload's bundle. */
  readonly preload: string;
  readonly onSend: (channel: string, args: readonly unknown[], frameId: string) => void;
  readonly onWindowOpen: (url: string) => void;
  /** The window may have moved or changed its size. */
  readonly onBounds: () => void;
}

/**
 * The preload in an isolated world of the page, and the way to it: a binding that only that world sees carries its messages
 * here, and a function that only that world holds takes ours. Ends with each document and begins again with the next.
 */
export class PreloadLink {
  readonly #options: PreloadLinkOptions;
  readonly #secret = randomBytes(12).toString('hex');
  /** Frame by execution context, for the contexts of the preload's world. */
  readonly #frames = new Map<number, string>();
  #context: number | null = null;
  #ports: RemotePorts | null = null;

  constructor(options: PreloadLinkOptions) {
    this.#options = options;
  }

  /** Puts the scripts in place for every document from now on. */
  async install(): Promise<void> {
    const { cdp, sessionId, preload } = this.#options;
    const handshake = `handshake-${this.#secret}`;
    const send = (method: string, params: object): Promise<unknown> =>
      cdp.send(method, params, { sessionId, result: z.unknown() });
    const names = [handshake, this.#binding, this.#receiver].map((name) => JSON.stringify(name)).join(', ');
    const program = `function (require, module, exports) {\n${readFileSync(preload, 'utf8')}\n}`;
    await Promise.all([
      send('Runtime.addBinding', { name: this.#binding, executionContextName: WORLD }),
      send('Page.addScriptToEvaluateOnNewDocument', {
        source: `(${startPage.toString()})(${JSON.stringify(handshake)}, ${createMembrane.toString()})`,
      }),
      send('Page.addScriptToEvaluateOnNewDocument', {
        worldName: WORLD,
        source: `(${startPreload.toString()})(${names}, ${createMembrane.toString()}, ${program})`,
      }),
    ]);
  }

  /** Sends a message with ports to the preload; without a document there is nobody to receive it. */
  postMessage(channel: string, message: unknown, transfer: readonly MessagePortMain[]): void {
    const ports = this.#ports;
    if (ports === null) return;
    const handed = transfer.map((port) => ports.add(port));
    this.#post(['message', channel, message, handed.map(({ id }) => id)]);
    for (const { open } of handed) open();
  }

  /** For the event `Runtime.executionContextCreated`. */
  contextCreated(params: unknown): void {
    const { context } = contextSchema.parse(params);
    if (context.name !== WORLD || context.auxData === undefined) return;
    this.#frames.set(context.id, context.auxData.frameId);
    if (context.auxData.frameId !== this.#options.mainFrame) return;
    this.#ports?.closeAll();
    this.#context = context.id;
    this.#ports = new RemotePorts((message) => this.#post(message));
  }

  /** For the events that end one document or all of them. */
  contextGone(id: number | 'all'): void {
    if (id === 'all') this.#frames.clear();
    else this.#frames.delete(id);
    if (id !== 'all' && id !== this.#context) return;
    const ports = this.#ports;
    this.#context = null;
    this.#ports = null;
    ports?.closeAll();
  }

  /** For the event `Runtime.bindingCalled`. */
  bindingCalled(params: unknown): void {
    const { name, payload, executionContextId } = bindingSchema.parse(params);
    const frameId = this.#frames.get(executionContextId);
    if (name !== this.#binding || frameId === undefined) return;
    this.#receive(fromPreloadSchema.parse(JSON.parse(payload)), frameId);
  }

  get #binding(): string {
    return `toMain_${this.#secret}`;
  }

  get #receiver(): string {
    return `fromMain_${this.#secret}`;
  }

  #receive(message: FromPreload, frameId: string): void {
    switch (message.type) {
      case 'send':
        this.#options.onSend(message.channel, message.args, frameId);
        return;
      case 'port-message':
        this.#ports?.receive(message.port, message.data);
        return;
      case 'port-close':
        this.#ports?.close(message.port);
        return;
      case 'bounds':
        this.#options.onBounds();
        return;
      case 'window-open':
        this.#options.onWindowOpen(message.url);
        return;
      case 'preload-error':
        say(`the preload failed: ${message.message}`);
    }
  }

  #post(message: readonly unknown[]): void {
    if (this.#context === null) return;
    const params = {
      functionDeclaration: `(text) => globalThis[${JSON.stringify(this.#receiver)}](text)`,
      executionContextId: this.#context,
      arguments: [{ value: toWireJson(message) }],
    };
    this.#options.cdp.tell('Runtime.callFunctionOn', params, this.#options.sessionId);
  }
}
