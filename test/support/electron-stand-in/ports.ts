import { STAND_IN, StandInEmitter } from './refusing.ts';

/** Where the messages for one side of a channel go once that side has left the main process. */
export interface RemoteSide {
  deliver(data: unknown): void;
  /** The other side was closed. */
  closed(): void;
}

/** The side of a channel that stays: what a remote side sends into the channel, and how it closes it. */
export interface Channel {
  send(data: unknown): void;
  close(): void;
}

/** The other end of a channel, as this end knows it. */
interface OtherEnd {
  take(data: unknown): void;
  closed(): void;
}

/**
 * One end of a channel, as Electron's `MessagePortMain`: queues until started, can be handed over once to another process,
 * and tells the other end when it is closed.
 */
export class MessagePortMain extends StandInEmitter {
  #other: OtherEnd | null = null;
  #queue: unknown[] = [];
  #remote: RemoteSide | null = null;
  #isStarted = false;
  #isClosed = false;

  constructor() {
    super('MessagePortMain', ['message', 'close']);
  }

  /** Ties two ends together. */
  static entangle(first: MessagePortMain, second: MessagePortMain): void {
    first.#other = second.#asOther();
    second.#other = first.#asOther();
  }

  postMessage(data: unknown): void {
    if (this.#remote !== null) throw new Error(`${STAND_IN}: this port was handed to another process.`);
    this.#other?.take(data);
  }

  start(): void {
    this.#isStarted = true;
    this.#flush();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#other?.closed();
  }

  /** Hands this end to another process; what has come meanwhile goes along. */
  handOver(remote: RemoteSide): Channel {
    if (this.#remote !== null || this.#isStarted) throw new Error(`${STAND_IN}: a port can be handed over once.`);
    this.#remote = remote;
    this.#flush();
    // The other end may have gone in between.
    if (this.#isClosed) remote.closed();
    return { send: (data) => this.#other?.take(data), close: () => this.close() };
  }

  #asOther(): OtherEnd {
    return { take: (data) => this.#take(data), closed: () => this.#otherClosed() };
  }

  #take(data: unknown): void {
    if (this.#isClosed) return;
    this.#queue.push(data);
    this.#flush();
  }

  #flush(): void {
    if (this.#remote === null && !this.#isStarted) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const data of queue) {
      if (this.#remote !== null) this.#remote.deliver(data);
      else this.emit('message', { data, ports: [] });
    }
  }

  #otherClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#remote?.closed();
    this.emit('close');
  }
}

/** A new channel, as Electron's class of that name. */
export class MessageChannelMain {
  readonly port1 = new MessagePortMain();
  readonly port2 = new MessagePortMain();

  constructor() {
    MessagePortMain.entangle(this.port1, this.port2);
  }
}

/** Ports that left for one other process, by number. */
export class RemotePorts {
  readonly #post: (message: readonly ['port-message' | 'port-close', number, unknown?]) => void;
  readonly #channels = new Map<number, Channel>();
  #lastId = 0;

  constructor(post: (message: readonly ['port-message' | 'port-close', number, unknown?]) => void) {
    this.#post = post;
  }

  /** Hands a port over. The returned `open` lets what waits in it follow, once the message that carries it is on its way. */
  add(port: MessagePortMain): { readonly id: number; readonly open: () => void } {
    this.#lastId += 1;
    const id = this.#lastId;
    return {
      id,
      open: () => {
        const channel = port.handOver({
          deliver: (data) => this.#post(['port-message', id, data]),
          closed: () => {
            this.#channels.delete(id);
            this.#post(['port-close', id]);
          },
        });
        this.#channels.set(id, channel);
      },
    };
  }

  receive(id: number, data: unknown): void {
    this.#channels.get(id)?.send(data);
  }

  close(id: number): void {
    const channel = this.#channels.get(id);
    this.#channels.delete(id);
    channel?.close();
  }

  /** The other process, or the page, is gone. */
  closeAll(): void {
    for (const id of this.#channels.keys()) this.close(id);
  }
}
