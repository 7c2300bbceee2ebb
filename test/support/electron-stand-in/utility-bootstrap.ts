import { EventEmitter } from 'node:events';

/**
 * Loaded before the program of a utility process: puts Electron's `process.parentPort` in place, and the ports that the main
 * process hands over.
 */
class HandedPort extends EventEmitter {
  readonly #id: number;
  #queue: unknown[] = [];
  #isStarted = false;
  #isClosed = false;

  constructor(id: number) {
    super();
    this.#id = id;
  }

  start(): void {
    this.#isStarted = true;
    this.#flush();
  }

  postMessage(data: unknown): void {
    if (!this.#isClosed) tell({ type: 'port-message', port: this.#id, data });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    ports.delete(this.#id);
    tell({ type: 'port-close', port: this.#id });
  }

  take(data: unknown): void {
    this.#queue.push(data);
    this.#flush();
  }

  otherClosed(): void {
    this.#isClosed = true;
    ports.delete(this.#id);
    this.emit('close');
  }

  #flush(): void {
    if (!this.#isStarted) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const data of queue) this.emit('message', { data, ports: [] });
  }
}

/** Queues what comes before the program listens, as Electron does. */
class ParentPort extends EventEmitter {
  #queue: object[] | null = [];

  override on(event: string, listener: (event: never) => void): this {
    super.on(event, listener as (event: unknown) => void);
    const queue = event === 'message' ? this.#queue : null;
    if (queue !== null) {
      this.#queue = null;
      for (const message of queue) this.emit('message', message);
    }
    return this;
  }

  postMessage(data: unknown): void {
    tell({ type: 'message', data });
  }

  take(message: object): void {
    if (this.#queue === null) this.emit('message', message);
    else this.#queue.push(message);
  }
}

const ports = new Map<number, HandedPort>();
const parentPort = new ParentPort();

function tell(message: object): void {
  // A parent that is gone takes this process with it, see below.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

function receive(message: unknown): void {
  if (typeof message !== 'object' || message === null || !('type' in message)) return;
  const data = 'data' in message ? message.data : undefined;
  if (message.type === 'message') {
    const ids: readonly unknown[] = 'ports' in message && Array.isArray(message.ports) ? message.ports : [];
    const handed = ids.map((id) => {
      const port = new HandedPort(Number(id));
      ports.set(Number(id), port);
      return port;
    });
    parentPort.take({ data, ports: handed });
    return;
  }
  const port = 'port' in message ? ports.get(Number(message.port)) : undefined;
  if (message.type === 'port-message') port?.take(data);
  else port?.otherClosed();
}

process.on('message', receive);
// A utility process does not outlive its main process.
process.on('disconnect', () => process.exit(1));
Object.defineProperty(process, 'parentPort', { value: parentPort });
