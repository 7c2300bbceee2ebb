import { connect, createServer, type Socket } from 'node:net';
import { listenOnLoopback, LOOPBACK } from '#sandbox/loopback.ts';

/** A client's connection and the one that is made to the server for it. Where one of the two ends, the other does. */
export interface WirePair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Ends both at once. */
  readonly end: () => void;
}

/** What listens in front of a server. */
export interface WireProxy {
  readonly port: number;
  /** Ends every connection and listens no longer. */
  stop(): Promise<void>;
}

/**
 * Listens on loopback before a server on loopback. Rejects where no port is free.
 * @param onPair carries the bytes of a new connection in both directions
 */
export async function startWireProxy(upstreamPort: number, onPair: (pair: WirePair) => void): Promise<WireProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, LOOPBACK);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // The other side learns of it by its own connection's end; a server that is down refuses everybody.
      socket.on('error', end);
      socket.on('close', end);
    }
    onPair({ client, upstream, end });
  });
  const port = await listenOnLoopback(server, 0);
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
