import { contextBridge, ipcRenderer } from 'electron';
import type { BridgeReply, WindowBridge } from '#contract/wire.ts';

/**
 * The bridge between the page and its port to the engine. It carries messages and understands none of them: the page parses
 * what it receives, the engine what it is sent. Names are written here and not imported, because a schema library in the
 * preload would cost time at each start of a window; a test holds them against the contract's.
 */
const BRIDGE_NAME = 'runledger';
const PORT_CHANNEL = 'engine-port';

const LOST: BridgeReply = { ok: false, error: { code: 'engine_stopped', detail: null } };

interface Waiting {
  readonly message: unknown;
  readonly ticket: number | undefined;
  readonly settle: (reply: BridgeReply) => void;
}

let port: MessagePort | null = null;
let isLost = false;
let lastId = 0;
const waiting = new Map<number, Waiting>();
const listeners = new Set<(events: readonly unknown[]) => void>();

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function receive(data: unknown): void {
  if (!isObject(data)) return;
  if (data['type'] === 'events' && Array.isArray(data['events'])) {
    const events: readonly unknown[] = data['events'];
    for (const listener of listeners) listener(events);
    return;
  }
  const id = typeof data['id'] === 'number' ? data['id'] : -1;
  const request = waiting.get(id);
  if (request === undefined) return;
  waiting.delete(id);
  if (data['type'] === 'result') request.settle({ ok: true, result: data['result'] });
  else if (isObject(data['error'])) {
    const { code, detail } = data['error'];
    request.settle({ ok: false, error: { code: String(code), detail: typeof detail === 'string' ? detail : null } });
  }
}

/** Whatever was asked of an engine that is gone will not be answered. */
function lose(): void {
  isLost = true;
  port?.close();
  port = null;
  for (const request of waiting.values()) request.settle(LOST);
  waiting.clear();
}

ipcRenderer.on(PORT_CHANNEL, (event) => {
  const [next] = event.ports;
  if (next === undefined) {
    lose();
    return;
  }
  if (port !== null) lose();
  isLost = false;
  port = next;
  next.onmessage = (message) => receive(message.data);
  // What was asked before the first port came is sent now.
  for (const request of waiting.values()) next.postMessage(request.message);
});

const bridge: WindowBridge = {
  invoke: (name, params, ticket) =>
    new Promise((resolve) => {
      if (isLost) {
        resolve(LOST);
        return;
      }
      lastId += 1;
      const message = { type: 'request', id: lastId, name, params };
      waiting.set(lastId, { message, ticket, settle: resolve });
      port?.postMessage(message);
    }),
  cancel: (ticket) => {
    for (const [id, request] of waiting) {
      if (request.ticket === ticket) port?.postMessage({ type: 'cancel', id });
    }
  },
  subscribe: (listener) => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  },
};

contextBridge.exposeInMainWorld(BRIDGE_NAME, bridge);
ipcRenderer.send(PORT_CHANNEL);
