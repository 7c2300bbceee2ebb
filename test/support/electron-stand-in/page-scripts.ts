/**
 * What runs inside Chromium. The functions here are sent to the page as text, so each uses nothing from outside itself but
 * its arguments. Two worlds share one document: the page's own, and an isolated one for the preload, as Electron has it.
 */

/** A wall between two worlds of one page: values are copied, functions and promises become stand-ins on the other side. */
interface Membrane {
  /** Gives a value to the other side under a name. */
  readonly expose: (name: string, value: unknown) => void;
}

/**
 * One side of the wall. Everything crosses as text in events on `line`, a port that both worlds hold and no page can reach;
 * dispatching is synchronous, so that a call returns its value as across Electron's context bridge.
 */
export function createMembrane(
  line: EventTarget,
  outgoing: string,
  incoming: string,
  onExpose: (name: string, value: unknown) => void,
): Membrane {
  type Functions = Map<number, (...args: unknown[]) => unknown>;
  const functions: Functions = new Map();
  const promises = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  const replies: unknown[][] = [];
  const Event = CustomEvent;
  const dispatch = line.dispatchEvent.bind(line);
  const { parse, stringify } = JSON;
  let lastId = 0;

  const post = (message: unknown[]): void => void dispatch(new Event(outgoing, { detail: stringify(message) }));
  const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

  /** True for what JSON carries as it is: most of what crosses, and far quicker than value by value. */
  const isJson = (value: unknown, depth: number): boolean => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
    if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
    if (typeof value !== 'object' || depth > 1000) return false;
    if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return false;
    for (const key in value) if (!isJson(Reflect.get(value, key), depth + 1)) return false;
    return true;
  };
  const freeze = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) value.forEach(freeze);
    else {
      for (const key in value) freeze(Reflect.get(value, key));
      Object.freeze(value);
    }
    return value;
  };

  const encode = (value: unknown, depth: number): unknown[] => {
    if (depth === 0 && isJson(value, 0)) return ['json', value];
    if (depth > 1000) throw new TypeError('A value nested deeper than 1000 cannot cross the bridge.');
    if (value === undefined) return ['undefined'];
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return ['plain', value];
    if (typeof value === 'function') {
      lastId += 1;
      functions.set(lastId, (...args) => Reflect.apply(value, undefined, args));
      return ['function', lastId];
    }
    if (value instanceof Promise) {
      lastId += 1;
      const id = lastId;
      value.then(
        (result) => post(['settle', id, encode(result, 0)]),
        (cause: unknown) => post(['reject', id, textOf(cause)]),
      );
      return ['promise', id];
    }
    if (Array.isArray(value)) return ['array', value.map((item) => encode(item, depth + 1))];
    const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
    if (typeof value === 'object' && (prototype === Object.prototype || prototype === null)) {
      const entries: readonly (readonly [string, unknown])[] = Object.entries(value);
      return ['object', entries.map(([key, item]) => [key, encode(item, depth + 1)])];
    }
    throw new TypeError('Electron stand-in: only plain values, functions and promises cross the bridge.');
  };

  const call = (id: number, args: unknown[]): unknown => {
    post(['call', id, args.map((arg) => encode(arg, 0))]);
    const reply = replies.pop();
    if (reply === undefined) throw new Error('The other side of the bridge is gone.');
    if (reply[0] === 'threw') throw new Error(String(reply[1]));
    return decode(reply[1]);
  };

  const decode = (encoded: unknown): unknown => {
    if (!Array.isArray(encoded)) return undefined;
    const parts: readonly unknown[] = encoded;
    const [kind, content] = parts;
    if (kind === 'plain') return content;
    if (kind === 'json') return freeze(content);
    if (kind === 'function') return (...args: unknown[]) => call(Number(content), args);
    if (kind === 'promise') return new Promise((resolve, reject) => promises.set(Number(content), { resolve, reject }));
    if (kind === 'array' && Array.isArray(content)) return content.map(decode);
    if (kind === 'object' && Array.isArray(content)) {
      const entries = content.map((entry: unknown): [string, unknown] =>
        Array.isArray(entry) ? [String(entry[0]), decode(entry[1])] : ['', undefined],
      );
      return Object.freeze(Object.fromEntries(entries));
    }
    return undefined;
  };

  const answer = (id: number, args: unknown): void => {
    try {
      const found = functions.get(id);
      if (found === undefined) throw new Error('There is no such function.');
      const result = found(...(Array.isArray(args) ? args.map(decode) : []));
      post(['returned', encode(result, 0)]);
    } catch (cause) {
      post(['threw', textOf(cause)]);
    }
  };

  line.addEventListener(incoming, (event) => {
    const message: unknown = event instanceof CustomEvent ? parse(String(event.detail)) : null;
    if (!Array.isArray(message)) return;
    const parts: readonly unknown[] = message;
    const [kind, first, second] = parts;
    if (kind === 'call') answer(Number(first), second);
    else if (kind === 'returned' || kind === 'threw') replies.push([kind, first]);
    else if (kind === 'expose') onExpose(String(first), decode(second));
    else {
      const waiting = promises.get(Number(first));
      promises.delete(Number(first));
      if (kind === 'settle') waiting?.resolve(decode(second));
      else waiting?.reject(new Error(String(second)));
    }
  });
  return { expose: (name, value) => post(['expose', name, encode(value, 0)]) };
}

/** Runs in the page's own world, before any script of the page: waits for the preload and shows what it exposes. */
export function startPage(handshake: string, membrane: typeof createMembrane): void {
  if (window !== window.parent) return;
  const meet = (event: Event): void => {
    event.stopImmediatePropagation();
    const line = event instanceof MessageEvent ? event.ports[0] : undefined;
    if (line === undefined) return;
    membrane(line, 'to-preload', 'to-page', (name, value) => {
      const place = name === 'window.open' ? 'open' : name;
      Object.defineProperty(window, place, { value, enumerable: true, writable: false, configurable: false });
    });
  };
  window.addEventListener(handshake, meet, { once: true, capture: true });
}

/** Runs in the preload's isolated world: gives the preload an `electron` of its own, and carries messages to main and back. */
export function startPreload(
  handshake: string,
  binding: string,
  receiver: string,
  membrane: typeof createMembrane,
  preload: (require: (name: string) => unknown, module: { exports: object }, exports: object) => void,
): void {
  if (window !== window.parent) return;
  const found: unknown = Reflect.get(globalThis, binding);
  if (typeof found !== 'function') throw new Error('Electron stand-in: the preload has no way to the main process.');
  const tell = (message: object): void => void Reflect.apply(found, undefined, [JSON.stringify(message)]);
  const listeners = new Map<string, Set<(event: object, ...args: unknown[]) => void>>();
  const ports = new Map<number, MessagePort>();

  const openPort = (id: number): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    ports.set(id, port1);
    port1.addEventListener('message', (event) => tell({ type: 'port-message', port: id, data: event.data as unknown }));
    port1.addEventListener('close', () => {
      if (ports.delete(id)) tell({ type: 'port-close', port: id });
    });
    port1.start();
    return port2;
  };

  const receive = (text: string): void => {
    const message: unknown = JSON.parse(text);
    if (!Array.isArray(message)) return;
    const parts: readonly unknown[] = message;
    const [kind, first, second, third] = parts;
    if (kind === 'port-message') ports.get(Number(first))?.postMessage(second);
    else if (kind === 'port-close') {
      const port = ports.get(Number(first));
      ports.delete(Number(first));
      port?.close();
    } else {
      const event = { ports: Array.isArray(third) ? third.map((id) => openPort(Number(id))) : [] };
      for (const listener of listeners.get(String(first)) ?? []) listener(event, second);
    }
  };
  Object.defineProperty(globalThis, receiver, { value: receive });

  const line = new MessageChannel().port1;
  window.dispatchEvent(new MessageEvent(handshake, { ports: [line] }));
  const wall = membrane(line, 'to-page', 'to-preload', () => undefined);
  // Electron's page gets null from a refused window.open; links that open windows are refused from outside.
  wall.expose('window.open', (url: unknown) => {
    tell({ type: 'window-open', url: typeof url === 'string' ? url : '' });
    return null;
  });

  const refuse = (name: string): never => {
    throw new Error(`Electron stand-in: ${name} is not part of it; this needs the real Electron.`);
  };
  const strict = (name: string, target: object): object =>
    new Proxy(target, {
      get: (inner, key): unknown =>
        key in inner || typeof key === 'symbol' ? Reflect.get(inner, key) : refuse(`${name}.${key}`),
    });
  const electron = strict('electron', {
    contextBridge: strict('contextBridge', { exposeInMainWorld: wall.expose }),
    ipcRenderer: strict('ipcRenderer', {
      send: (channel: string, ...args: unknown[]) => tell({ type: 'send', channel, args }),
      on: (channel: string, listener: (event: object, ...args: unknown[]) => void) => {
        const known = listeners.get(channel) ?? new Set();
        listeners.set(channel, known.add(listener));
      },
    }),
  });

  const tellBounds = (): void => tell({ type: 'bounds' });
  for (const name of ['resize', 'blur', 'visibilitychange']) window.addEventListener(name, tellBounds);

  const module = { exports: {} };
  try {
    preload(
      (name) => (name === 'electron' ? electron : refuse(`require('${name}') in a preload`)),
      module,
      module.exports,
    );
  } catch (cause) {
    tell({ type: 'preload-error', message: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) });
  }
}
