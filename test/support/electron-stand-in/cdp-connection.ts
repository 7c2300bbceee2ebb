import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';

/** An event of the DevTools protocol. */
export interface CdpEvent {
  readonly method: string;
  readonly params: unknown;
  readonly sessionId: string | undefined;
}

const incomingSchema = z.object({
  id: z.int().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  sessionId: z.string().optional(),
});

/** A command that Chromium refused, or that it can no longer answer. */
class CdpError extends Error {
  constructor(method: string, message: string) {
    super(`${method}: ${message}`);
    this.name = 'CdpError';
  }
}

/** The DevTools protocol over the two pipes that Chromium is started with: JSON texts, each ended by a NUL byte. */
export class CdpConnection {
  readonly #toChromium: Writable;
  readonly #waiting = new Map<
    number,
    { method: string; resolve: (result: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #listeners = new Set<(event: CdpEvent) => void>();
  #pieces: Buffer[] = [];
  #lastId = 0;
  #isClosed = false;

  constructor(toChromium: Writable, fromChromium: Readable) {
    this.#toChromium = toChromium;
    fromChromium.on('data', (chunk: Buffer) => this.#receive(chunk));
    fromChromium.on('close', () => this.#close());
    // A write to a Chromium that has just ended: the end of the other pipe tells the rest.
    toChromium.on('error', () => this.#close());
  }

  /** Sends a command and returns its result, parsed. Rejects with {@link CdpError}. */
  async send<Result>(
    method: string,
    params: object,
    options: { readonly sessionId?: string; readonly result: z.ZodType<Result> },
  ): Promise<Result> {
    if (this.#isClosed) throw new CdpError(method, 'Chromium has ended');
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { method, resolve, reject }));
    this.#toChromium.write(`${JSON.stringify({ id, method, params, sessionId: options.sessionId })}\0`);
    return options.result.parse(await reply);
  }

  /** Sends a command whose result does not matter; that Chromium or the page has gone meanwhile is no failure. */
  tell(method: string, params: object, sessionId?: string): void {
    void this.send(method, params, { ...(sessionId === undefined ? {} : { sessionId }), result: z.unknown() }).catch(
      (cause: unknown) => {
        if (!(cause instanceof CdpError)) throw cause;
      },
    );
  }

  /** Calls the listener with every event until the returned function is called. */
  onEvent(listener: (event: CdpEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #receive(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      const text = Buffer.concat([...this.#pieces, chunk.subarray(start, end)]).toString('utf8');
      this.#pieces = [];
      start = end + 1;
      this.#dispatch(incomingSchema.parse(JSON.parse(text)));
    }
    if (start < chunk.length) this.#pieces.push(chunk.subarray(start));
  }

  #dispatch(message: z.infer<typeof incomingSchema>): void {
    if (message.id === undefined) {
      const { method, params, sessionId } = message;
      if (method === undefined) return;
      for (const listener of this.#listeners) listener({ method, params, sessionId });
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.error === undefined) waiting?.resolve(message.result);
    else waiting?.reject(new CdpError(waiting.method, message.error.message));
  }

  #close(): void {
    this.#isClosed = true;
    for (const { method, reject } of this.#waiting.values()) reject(new CdpError(method, 'Chromium has ended'));
    this.#waiting.clear();
  }
}
