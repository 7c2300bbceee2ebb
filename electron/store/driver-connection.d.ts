/** The part of the driver's own connection that is built on here; the driver publishes no types for it. */
declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';
  import type { TLSSocket } from 'node:tls';

  /** What is sent: the command as it goes to the server. */
  export interface DriverRequest {
    readonly command?: object;
  }

  export class Connection {
    constructor(stream: Socket | TLSSocket, options: object);
    /** Sends a request, for whose answer the socket's time-out was set before. Resolves when the socket has taken all of it. */
    writeCommand(request: DriverRequest, options: object): Promise<void>;
  }
}
