/** The part of the driver's own connection that is built on here; the driver publishes no types for it. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';
  import type { TLSSocket } from 'node:tls';

  export class Connection {
    constructor(stream: Socket | TLSSocket, options: object);
    /** Sends a request. Resolves when the socket has taken all of it. */
    writeCommand(command: object, options: object): Promise<void>;
  }
}
