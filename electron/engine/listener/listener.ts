import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { CALLBACK_BYTES_MAX, type CallbackDesk } from '#runner/callback-desk.ts';
import type { RunnerState } from '#runner/runner.ts';
import { JobEventReader, type EventSource } from './job-events.ts';
import type { RunnerMetrics } from './metrics.ts';
import { streamEvents } from './event-stream.ts';

/** What the listener tells, and how it is reached. */
export interface ListenerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** What callers must bring as `Authorization: Bearer`. Never logged. */
  readonly token: string;
  readonly status: () => RunnerState | null;
  readonly isConnected: () => boolean;
  readonly metrics: RunnerMetrics;
  /** Null while there is no connection. */
  readonly changes: () => EventSource | null;
  readonly callbacks: CallbackDesk;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** More than that many streams of events at once are refused: each reads the server by itself. */
const STREAMS_MAX = 100;
const PATH_MAX = 2000;

/** `/health`, `/metrics` and `/events` for who has the token, and the addresses that providers call back. */
export class RunnerListener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #stopping = new AbortController();
  #streams = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  /** Begins to listen. Error: `invalid_request` where the port is taken or not to be had. @returns the port */
  start(): Promise<Result<number, AppError>> {
    const { port, host } = this.#options;
    return new Promise((resolve) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) =>
        resolve(err(appError('invalid_request', `cannot listen on ${host}:${port} (${cause.code ?? cause.message})`))),
      );
      this.#server.listen(port, host, () => resolve(ok((this.#server.address() as AddressInfo).port)));
    });
  }

  /** Ends every stream and closes the port. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    if (target.length > PATH_MAX || !URL.canParse(target, 'http://runner'))
      return answer(response, 400, 'not an address');
    const url = new URL(target, 'http://runner');
    if (request.method === 'POST') return this.#takeCallback(url, request, response);
    if (!this.#isKnown(request)) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      return answer(response, 401, 'a bearer token is expected');
    }
    if (request.method !== 'GET') return answer(response, 405, 'GET is expected');
    if (url.pathname === '/health') return this.#tellHealth(response);
    if (url.pathname === '/metrics') return this.#tellMetrics(response);
    if (url.pathname === '/events') return this.#stream(url, request, response);
    return answer(response, 404, 'there are /health, /metrics and /events');
  }

  #isKnown(request: IncomingMessage): boolean {
    const brought = Buffer.from(request.headers.authorization ?? '');
    const expected = Buffer.from(`Bearer ${this.#options.token}`);
    return brought.length === expected.length && timingSafeEqual(brought, expected);
  }

  #tellHealth(response: ServerResponse): void {
    const status = this.#options.status();
    const isConnected = this.#options.isConnected();
    const isHealthy = isConnected && status !== null && status.state !== 'stopped';
    const { error = null, ...runner } = status ?? {};
    const body = {
      status: isHealthy ? 'ok' : 'unavailable',
      isConnected,
      runner: status === null ? null : runner,
      lastError: error?.code ?? null,
    };
    response.writeHead(isHealthy ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
    response.end(JSON.stringify(body));
  }

  async #tellMetrics(response: ServerResponse): Promise<void> {
    const text = await this.#options.metrics.text();
    response.writeHead(200, { 'Content-Type': this.#options.metrics.contentType });
    response.end(text);
  }

  async #stream(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { changes, wait } = this.#options;
    const source = changes();
    if (source === null) return answer(response, 503, 'there is no connection to the server');
    if (this.#streams >= STREAMS_MAX) return answer(response, 503, `there are ${STREAMS_MAX} streams already`);
    const header = request.headers['last-event-id'];
    // A page cannot set a header on its first connection; it may name the position in the address.
    const lastEventId = typeof header === 'string' ? header : url.searchParams.get('lastEventId');
    const reader = new JobEventReader(source, { workspaceId: url.searchParams.get('workspace'), lastEventId });
    this.#streams += 1;
    try {
      await streamEvents(reader, response, { signal: this.#stopping.signal, wait });
    } finally {
      this.#streams -= 1;
    }
  }

  async #takeCallback(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Before anything of it is kept: whoever knows no address of ours gets no memory of ours.
    if (!this.#options.callbacks.isExpected(url.pathname)) return answer(response, 404, 'nobody waits for this');
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > CALLBACK_BYTES_MAX) return answer(response, 413, 'too large');
      chunks.push(chunk);
    }
    // Whoever is refused tries again, and finds the runner that waits by then.
    const isTaken = this.#options.callbacks.receive(url.pathname, Buffer.concat(chunks).toString('utf8'));
    return isTaken ? answer(response, 200, 'taken') : answer(response, 404, 'nobody waits for this');
  }
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    Connection: status === 413 ? 'close' : 'keep-alive',
  });
  response.end(`${text}\n`);
}
