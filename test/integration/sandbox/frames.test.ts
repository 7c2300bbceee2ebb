import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { messageFrame } from '../../support/wire-client.ts';

let sandbox: Sandbox;
let client: MongoClient;

beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory' });
  client = await new MongoClient(sandbox.uri).connect();
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

const whole = messageFrame({ find: 'documents', filter: { name: 'x', list: [1, { deep: true }] }, $db: 'd' });
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
  fc.tuple(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 0, max: 255 })).map(([at, byte]) => {
    const changed = Buffer.from(whole);
    changed[at] = byte;
    return changed;
  }),
  fc.constantFrom(-1, 0, 15, 48_000_001, 0x7fffffff).map((length) => {
    const changed = Buffer.from(whole);
    changed.writeInt32LE(length, 0);
    return changed;
  }),
  fc.constant(messageFrame({ find: 'documents', filter: nested(300), $db: 'd' })),
);

function nested(depth: number): object {
  let value: object = { end: true };
  for (let level = 0; level < depth; level += 1) value = { in: value };
  return value;
}

/** Sends bytes and closes; resolves once the server has let go of the connection too. */
async function send(bytes: Buffer): Promise<void> {
  const socket = connect(sandbox.port, '127.0.0.1');
  // A reset is one of the ways in which the server may let go.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.resume();
  socket.end(bytes);
  await closed;
}

describe('frames that are none', () => {
  it('whatever bytes come, the server lets go of that connection, keeps none open and answers the next client', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { minLength: 20, maxLength: 20 }), async (frames) => {
        await Promise.all(frames.map(send));
        expect(await client.db('d').command({ ping: 1 })).toMatchObject({ ok: 1 });
      }),
      { numRuns: 100 },
    );
    const status = await client.db('admin').command({ serverStatus: 1 });
    expect(status['connections']).toMatchObject({ current: expect.toSatisfy((count: number) => count <= 5) as number });
  });
});
