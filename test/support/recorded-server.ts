import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { afterEach } from 'vitest';
import { listenOnLoopback, LOOPBACK } from '#sandbox/loopback.ts';

/** A call as it came in. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How one call is answered: a whole reply, or whatever is done with the connection. */
export type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | ((response: ServerResponse, call: RecordedCall) => void);

/** A server on loopback that answers call after call as it was told, and keeps what it was asked. */
export interface RecordedServer {
  readonly url: string;
  readonly calls: readonly RecordedCall[];
  /** The next calls are answered so, one after the other; the last answer stays. */
  answer(...answers: readonly Answer[]): void;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Starts a server that ends with the test. */
export async function startRecordedServer(): Promise<RecordedServer> {
  const answers: Answer[] = [];
  const calls: RecordedCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const call = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
      calls.push(call);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined) response.writeHead(500).end('no answer was recorded');
      else if (typeof answer === 'function') answer(response, call);
      else send(response, answer);
    });
  });
  const port = await listenOnLoopback(server, 0);
  stops.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://${LOOPBACK}:${port}`,
    calls,
    answer: (...next) => void answers.splice(0, answers.length, ...next),
  };
}

function send(response: ServerResponse, answer: Exclude<Answer, (...rest: never) => void>): void {
  const { status = 200, headers = {}, body = '' } = answer;
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, { 'Content-Type': isText ? 'text/plain' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

/** Breaks the connection before anything was answered. */
export const cutBeforeReply: Answer = (response) => response.destroy();

/** Breaks the connection in the middle of a reply. */
export function cutWithin(text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': String(text.length * 2),
      ...headers,
    });
    response.write(text, () => response.destroy());
  };
}

/** Sends a beginning and then nothing more. */
export function stallWithin(text: string, sent: () => void): Answer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write(text, sent);
  };
}
