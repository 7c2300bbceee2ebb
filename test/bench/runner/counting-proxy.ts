import { connect, createServer } from 'node:net';
import { messageBytesOf, readCommand } from '../../faults/wire-refusal.ts';

/** Commands that are about the connection and not about anybody's jobs. */
const OF_THE_CONNECTION = new Set(['hello', 'ping', 'endSessions', 'isMaster', 'ismaster', 'buildInfo']);
const HOST = '127.0.0.1';

/** A TCP proxy that counts the commands which pass, whichever driver or library sends them. */
export interface CountingProxy {
  readonly port: number;
  commands(): number;
  stop(): Promise<void>;
}

/** Starts a counting proxy before a server on loopback. It slows what it counts, so that nothing is timed through it. */
export async function startCountingProxy(upstreamPort: number): Promise<CountingProxy> {
  let commands = 0;
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, HOST);
    let held = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      upstream.write(chunk);
      held = Buffer.concat([held, chunk]);
      for (let size = messageBytesOf(held); size !== null && size <= held.length; size = messageBytesOf(held)) {
        const command = readCommand(held.subarray(0, size));
        if (command !== null && !OF_THE_CONNECTION.has(command.name)) commands += 1;
        held = held.subarray(size);
      }
    });
    upstream.pipe(client);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, HOST, () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(address.port);
    });
  });
  return {
    port,
    commands: () => commands,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
