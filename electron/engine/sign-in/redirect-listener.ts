import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { appError, type AppError } from '#domain/errors.ts';
import { err, ok, type Result } from '#domain/result.ts';
import { stoppedBy } from './stopped-by.ts';

/** The only interface that it listens on: what comes here never crosses a network. */
const LOOPBACK = '127.0.0.1';
const PATH = '/redirect';

/**
 * Where an identity provider sends a browser back to (RFC 8252): one port of loopback, one request, and it is closed. Only a request
 * that brings the state of this very sign-in is believed; another one ends it, because somebody else knows of it then.
 */
export class RedirectListener {
  readonly #server: Server;
  readonly #arrived = Promise.withResolvers<URL>();
  #answer: ServerResponse | null = null;
  /** What the identity provider has to be told. */
  readonly redirectUri: string;

  private constructor(server: Server, redirectUri: string) {
    this.#server = server;
    this.redirectUri = redirectUri;
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#receive(request, response));
  }

  /**
   * Begins to listen. A free port is named by its number; one that a provider knows by heart is called `localhost`, as MongoDB's own
   * tools register it. Error: `sign_in_blocked` where the port is taken.
   * @param port null takes a free one
   */
  static open(port: number | null): Promise<Result<RedirectListener, AppError>> {
    const server = createServer();
    return new Promise((resolve) => {
      server.once('error', (cause: NodeJS.ErrnoException) =>
        resolve(
          err(
            appError('sign_in_blocked', `cannot listen on ${LOOPBACK}:${port ?? 0} (${cause.code ?? cause.message})`),
          ),
        ),
      );
      server.listen(port ?? 0, LOOPBACK, () => {
        const { port: bound } = server.address() as AddressInfo;
        const host = port === null ? LOOPBACK : 'localhost';
        resolve(ok(new RedirectListener(server, `http://${host}:${bound}${PATH}`)));
      });
    });
  }

  /** Waits for the browser. Errors: `sign_in_forged` for another state, and what ended the signal. */
  async take(state: string, signal: AbortSignal): Promise<Result<URL, AppError>> {
    const stopped = Promise.withResolvers<null>();
    const stop = (): void => stopped.resolve(null);
    signal.addEventListener('abort', stop);
    const url = signal.aborted ? null : await Promise.race([this.#arrived.promise, stopped.promise]);
    signal.removeEventListener('abort', stop);
    if (url === null) return err(stoppedBy(signal));
    if (url.searchParams.get('state') !== state) return err(appError('sign_in_forged', 'the state is another one'));
    return ok(url);
  }

  /** Tells the person at the browser how it ended. */
  answer(isSignedIn: boolean): void {
    const response = this.#answer;
    if (response === null) return;
    this.#answer = null;
    response.writeHead(isSignedIn ? 200 : 400, PAGE_HEADERS);
    response.end(isSignedIn ? page('You are signed in.') : page('The sign-in did not work.'));
  }

  /** Listens no more; a browser that still waits is told that it did not work. Idempotent. */
  close(): void {
    this.answer(false);
    this.#server.close();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.canParse(request.url ?? '', this.redirectUri) ? new URL(request.url ?? '', this.redirectUri) : null;
    // Browsers also ask for icons; and a name that was led here from outside is no name of this machine.
    const isOurs = request.method === 'GET' && url?.pathname === PATH;
    const { host } = new URL(this.redirectUri);
    if (url === null || !isOurs || url.host !== host || request.headers.host !== host || !this.#server.listening) {
      response.writeHead(404).end();
      return;
    }
    this.#answer = response;
    this.#server.close();
    this.#arrived.resolve(url);
  }
}

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  connection: 'close',
} as const;

function page(sentence: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Runledger</title><h1>${sentence}</h1><p>Close this page and go back to Runledger.</p></html>`;
}
