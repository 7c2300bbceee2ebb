import type { Server } from 'node:net';

/** Everything of the sandbox listens here and nowhere else. */
export const LOOPBACK = '127.0.0.1';

/**
 * Lets a server listen on loopback. Rejects where the port is taken.
 * @param port 0 takes a free one
 * @returns the port that it listens on
 */
export function listenOnLoopback(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
