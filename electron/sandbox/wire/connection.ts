import type { Socket } from 'node:net';
import type { Client } from '../commands/command.ts';
import type { Executor } from '../commands/executor.ts';
import { isAwaiting, MESSAGE_BYTES_MAX } from '../commands/server-commands.ts';
import { ServerError, toServerError } from '../semantics/server-error.ts';
import type { Doc } from '../semantics/values.ts';
import { ProtocolError, readRequest, unreadRequest, writeReply, type Request } from './messages.ts';

const HEADER_BYTES = 16;

/**
 * Serves one client: whole frames in, replies out in the order of the requests. What is not the protocol closes the
 * connection, and nothing else.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #executor: Pick<Executor, 'run'>;
  readonly #client: Client;
  readonly #log: (message: string) => void;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wanted = HEADER_BYTES;
  #replies = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(socket: Socket, executor: Pick<Executor, 'run'>, id: number, log: (message: string) => void) {
    this.#socket = socket;
    this.#executor = executor;
    this.#client = { connectionId: id, appName: null, user: null, loginEndsAtMs: null };
    this.#log = log;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    // A client that goes away in the middle is no failure of the server.
    socket.on('error', () => socket.destroy());
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return;
    let data = Buffer.concat(this.#chunks);
    for (;;) {
      if (data.length < HEADER_BYTES) break;
      const length = data.readInt32LE(0);
      if (length < HEADER_BYTES || length > MESSAGE_BYTES_MAX) return this.#refuse(`a frame of ${length} bytes`);
      if (data.length < length) break;
      this.#serve(data.subarray(0, length));
      data = data.subarray(length);
    }
    this.#chunks = data.length === 0 ? [] : [data];
    this.#bytes = data.length;
    this.#wanted = data.length < HEADER_BYTES ? HEADER_BYTES : data.readInt32LE(0);
  }

  #serve(frame: Buffer): void {
    let request;
    try {
      request = readRequest(frame);
    } catch (cause) {
      if (cause instanceof ProtocolError) return this.#refuse(cause.message);
      if (!(cause instanceof ServerError)) throw cause;
      return this.#refuseCommand(unreadRequest(frame), cause);
    }
    this.#answer(request);
  }

  /** In its turn, as every reply. */
  #refuseCommand(request: Request | null, cause: ServerError): void {
    if (request === null) return this.#log(`connection ${this.#client.connectionId}: ${cause.message}`);
    this.#tail = this.#tail.then(() => this.#reply(request, failureOf(cause)));
  }

  #answer(request: Request): void {
    const answered = this.#executor.run(request.db, request.body, this.#client);
    this.#tail = Promise.all([this.#tail, answered]).then(
      ([, reply]) => this.#reply(request, reply),
      // A reply that cannot be written is a defect of the server; it costs this client its connection and no other.
      (cause: unknown) => this.#refuse(`no reply: ${cause instanceof Error ? cause.message : String(cause)}`),
    );
  }

  #reply(request: Request, reply: Doc | null): void {
    if (reply === null) return this.#refuse('a fail point closes it');
    if (request.isSilent || this.#socket.destroyed) return;
    this.#replies += 1;
    const hasMore = request.isExhaustAllowed && isAwaiting(request.body) && reply['ok'] === 1;
    const isTaken = this.#socket.write(this.#frameOf(request, reply, hasMore));
    // Who watches the server in this way is told again and again, each reply answering the one before.
    if (hasMore) this.#answer({ ...request, requestId: this.#replies });
    if (isTaken || this.#socket.isPaused()) return;
    // A client that sends and never reads would fill the memory: it is read from again once it has taken its replies.
    this.#socket.pause();
    this.#socket.once('drain', () => this.#socket.resume());
  }

  #frameOf(request: Request, reply: Doc, hasMore: boolean): Buffer {
    try {
      return writeReply(request, { replyId: this.#replies, hasMore }, reply);
    } catch (cause) {
      // What does not fit a message, or what an evaluation made that is no BSON.
      return writeReply(request, { replyId: this.#replies, hasMore: false }, failureOf(toServerError(cause)));
    }
  }

  #refuse(reason: string): void {
    this.#log(`connection ${this.#client.connectionId} closed: ${reason}`);
    this.#socket.destroy();
  }
}

function failureOf({ code, codeName, message }: ServerError): Doc {
  return { ok: 0, errmsg: message, code, codeName };
}
