import { messageBytesOf, readCommand } from '../../faults/wire-refusal.ts';
import { startWireProxy, type WireProxy } from '../../support/wire-proxy.ts';

/** Commands that are about the connection and not about anybody's jobs. */
const OF_THE_CONNECTION = new Set(['hello', 'ping', 'endSessions', 'isMaster', 'ismaster', 'buildInfo']);

/** A TCP proxy that counts the commands which pass, whichever driver or library sends them. */
export interface CountingProxy extends WireProxy {
  commands(): number;
}

/** Starts a counting proxy before a server on loopback. It slows what it counts, so that nothing is timed through it. */
export async function startCountingProxy(upstreamPort: number): Promise<CountingProxy> {
  let commands = 0;
  const proxy = await startWireProxy(upstreamPort, ({ client, upstream }) => {
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
  });
  return { ...proxy, commands: () => commands };
}
