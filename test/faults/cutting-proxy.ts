import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Where a connection breaks: before the request is sent, after the server has answered, in the middle of its answer, or late. */
export const CUTS = ['before_sending', 'after_applying', 'mid_reply', 'stalled'] as const;
export type Cut = (typeof CUTS)[number];

/** A TCP proxy that breaks connections when it is told to. */
export interface CuttingProxy {
  readonly port: number;
  /** The next request, on whatever connection it comes, breaks in this way. */
  cutNext(cut: Cut): void;
  /** Forgets cuts that were ordered and not made. */
  relent(): void;
  /** How many connections were cut so far. */
  cuts(): number;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
/** Longer than the runners' heartbeat, shorter than their patience with a server. */
const STALL_MS = 700;

/** Starts a proxy before a server on loopback. Rejects where no port is free. */
export async function startCuttingProxy(upstreamPort: number): Promise<CuttingProxy> {
  const ordered: Cut[] = [];
  const sockets = new Set<Socket>();
  let made = 0;
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, HOST);
    let underWay: Cut | null = null;
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
    client.on('data', (request) => {
      underWay = ordered.shift() ?? underWay;
      if (underWay !== null) made += 1;
      if (underWay === 'before_sending') return end();
      upstream.write(request);
    });
    upstream.on('data', (reply) => {
      switch (underWay) {
        case 'after_applying':
          return end();
        case 'mid_reply':
          client.write(reply.subarray(0, Math.floor(reply.length / 2)), end);
          return;
        case 'stalled':
          upstream.pause();
          void delay(STALL_MS).then(end);
          return;
        case 'before_sending':
        case null:
          client.write(reply);
      }
    });
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
  return {
    port,
    cutNext: (cut) => ordered.push(cut),
    relent: () => ordered.splice(0),
    cuts: () => made,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
