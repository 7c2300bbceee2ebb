import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { MongoNetworkError } from 'mongodb';
import { Connection, type DriverRequest } from 'mongodb/lib/cmap/connection.js';

/**
 * The driver's connection, of which each request ends. The driver (7.9.0) waits for a socket to drain that did not take a request at once, and a
 * socket that is closed meanwhile never drains: whoever wrote to a connection in the moment in which the server ended it waited for ever. Here the
 * request fails as one whose connection was cut, which the driver tries again. So does one whose socket fails meanwhile, which the driver tells as it
 * comes: as an error that is none of its own. A server says nothing while it makes indexes, for minutes over millions of documents: there no silence
 * is too long (the driver's own `timeoutMS` does nothing).
 */
class AnsweringConnection extends Connection {
  readonly #stream: Socket | TLSSocket;

  constructor(stream: Socket | TLSSocket, options: object) {
    super(stream, options);
    this.#stream = stream;
  }

  override async writeCommand(request: DriverRequest, options: object): Promise<void> {
    const stream = this.#stream;
    if (Object.hasOwn(request.command ?? {}, 'createIndexes')) stream.setTimeout(0);
    const closed = Promise.withResolvers<never>();
    const tell = (): void => closed.reject(new MongoNetworkError('the connection was closed before it took a request'));
    if (stream.closed) tell();
    stream.once('close', tell);
    try {
      await Promise.race([super.writeCommand(request, options), closed.promise]);
    } catch (cause) {
      throw cause instanceof Error && cause === stream.errored
        ? new MongoNetworkError(cause.message, { cause })
        : cause;
    } finally {
      stream.off('close', tell);
    }
  }
}

/** The option with which a client's requests end whatever becomes of their connection. The driver knows it, but does not publish it. */
export const ANSWERING: { readonly connectionType: object } = { connectionType: AnsweringConnection };
