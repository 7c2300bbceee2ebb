import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Long, serialize } from 'bson';
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '#sandbox/server.ts';
import { crc32c } from '#sandbox/wire/crc32c.ts';
import { messageFrame, sendFrame } from '../../support/wire-client.ts';

let sandbox: Sandbox;
let client: MongoClient;
let refused = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ dataDir: 'memory', log: () => (refused += 1) });
  client = await new MongoClient(sandbox.uri, { maxPoolSize: 1 }).connect();
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

/** A quarter of what is run by hand: `RUNLEDGER_FRAMES=10000`. A multiple of {@link AT_ONCE}. */
const FRAMES = Number(process.env['RUNLEDGER_FRAMES'] ?? 2500);
const AT_ONCE = 50;
/** The driver's pool of one, its monitor, and that one's round trips. */
const OWN_CONNECTIONS = 3;
/** The printed seed makes the same frames again. */
const SEED = Number(process.env['RUNLEDGER_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const whole = messageFrame({ find: 'documents', filter: { name: 'x', list: [1, { deep: true }] }, $db: 'd' });
const insert = sequenceFrame('documents', [{ n: 1 }, { n: 2 }]);

/** An insert whose documents come as a sequence behind the body. */
function sequenceFrame(name: string, documents: readonly object[]): Buffer {
  const body = Buffer.from(serialize({ insert: 'documents', $db: 'd' }));
  const items = Buffer.concat(documents.map((one) => Buffer.from(serialize(one))));
  const section = Buffer.alloc(1 + 4 + name.length + 1);
  section[0] = 1;
  section.writeInt32LE(4 + name.length + 1 + items.length, 1);
  section.write(name, 5);
  return framed(2013, Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), body, section, items]));
}

function framed(opCode: number, body: Buffer): Buffer {
  const frame = Buffer.alloc(16 + body.length);
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(7, 4);
  frame.writeInt32LE(opCode, 12);
  frame.set(body, 16);
  return frame;
}

function nested(depth: number): object {
  let value: object = { end: true };
  for (let level = 0; level < depth; level += 1) value = { in: value };
  return value;
}

/** Nested so deeply that whoever reads it by recursion runs out of stack; too deep for the writer of `bson` itself. */
function abyss(depth: number): Buffer {
  let bytes = Buffer.alloc(5 + depth * 8);
  let end = bytes.length;
  for (let level = 0; level <= depth; level += 1) {
    const at = level * 7;
    bytes.writeInt32LE(end - at, at);
    if (level < depth) bytes.set([3, 97, 0], at + 4);
    end -= 1;
  }
  bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 0]), bytes]);
  return framed(2013, bytes);
}

/** A copy with some bytes set anew. */
function withBytes(frame: Buffer, changes: readonly (readonly [number, number])[]): Buffer {
  const changed = Buffer.from(frame);
  for (const [at, byte] of changes) changed[at % frame.length] = byte;
  return changed;
}

function withInt(frame: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(frame);
  changed.writeInt32LE(value, at);
  return changed;
}

const position = fc.integer({ min: 0, max: 4000 });
const byte = fc.integer({ min: 0, max: 255 });
const good = fc.constantFrom(whole, insert);
const wrongLength = fc.constantFrom(-0x80000000, -1, 0, 1, 4, 5, 15, 16, 17, 48_000_001, 0x7fffffff);
const frame: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.integer(), fc.uint8Array({ maxLength: 300 })).map(([code, bytes]) => framed(code, Buffer.from(bytes))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => framed(2013, Buffer.from(bytes))),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => framed(2004, Buffer.from(bytes))),
  fc.tuple(good, position).map(([bytes, end]) => bytes.subarray(0, end % bytes.length)),
  fc
    .tuple(good, fc.array(fc.tuple(position, byte), { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => withBytes(bytes, changes)),
  fc.tuple(good, wrongLength).map(([bytes, length]) => withInt(bytes, 0, length)),
  fc.tuple(good, wrongLength).map(([bytes, length]) => withInt(bytes, 21, length)),
  wrongLength.map((size) => withInt(insert, 21 + insert.readInt32LE(21) + 1, size)),
  fc.tuple(good, fc.integer()).map(([bytes, flags]) => withInt(bytes, 16, flags)),
  fc.constantFrom('', 'insert', '$db', '__proto__').map((name) => sequenceFrame(name, [{ n: 1 }])),
  fc.constantFrom(201, 300, 1000).map((depth) => messageFrame({ find: 'd', filter: nested(depth), $db: 'd' })),
  fc.constantFrom(10_000, 100_000).map(abyss),
  fc
    .constantFrom({}, { $db: 'd' }, { find: 'd' }, { find: 'd', $db: 5 }, { find: null, $db: 'd' }, { '': 1, $db: 'd' })
    .map(messageFrame),
);

/** Opens a connection and sends bytes over it; it stays open. */
async function send(bytes: Buffer): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
  const socket = connect(sandbox.port, '127.0.0.1');
  // A reset is one of the ways in which the server may let go.
  socket.on('error', () => undefined);
  const closed = once(socket, 'close');
  socket.resume();
  await Promise.race([once(socket, 'connect'), closed]);
  if (!socket.destroyed) socket.write(bytes);
  return { socket, closed };
}

async function connections(): Promise<number> {
  const status = await client.db('admin').command({ serverStatus: 1 });
  return (status['connections'] as { readonly current: number }).current;
}

describe('frames that are none', () => {
  it(`${FRAMES} of them (seed ${SEED}) cost nobody else an answer, and no connection stays`, async () => {
    const documents = client.db('beside').collection<{ _id: number }>('documents');
    const frames = fc.sample(frame, { seed: SEED, numRuns: FRAMES });
    for (let at = 0; at < frames.length; at += AT_ONCE) {
      const sent = await Promise.all(frames.slice(at, at + AT_ONCE).map(send));
      // While what was sent is still half there, another client's write and read come through.
      await documents.insertOne({ _id: at });
      expect(await documents.findOne({ _id: at })).toEqual({ _id: at });
      for (const { socket } of sent) socket.end();
      await Promise.all(sent.map(({ closed }) => closed));
    }
    expect(await documents.countDocuments()).toBe(FRAMES / AT_ONCE);
    expect(await connections()).toBeLessThanOrEqual(OWN_CONNECTIONS);
    expect(refused).toBeGreaterThan(FRAMES / 2);
  });

  it('a message above 48 MB is refused by its header, before its bytes are there', async () => {
    const { closed } = await send(withInt(whole, 0, 48_000_001));
    await closed;
    const largest = await send(withInt(whole, 0, 48_000_000));
    expect(await client.db('d').command({ ping: 1 })).toMatchObject({ ok: 1 });
    largest.socket.destroy();
    await largest.closed;
  });

  it('a checksum is checked where a message brings one', async () => {
    const unsigned = Buffer.concat([withInt(messageFrame({ ping: 1, $db: 'd' }), 16, 1), Buffer.alloc(4)]);
    const signed = withInt(unsigned, 0, unsigned.length);
    signed.writeUInt32LE(crc32c(signed.subarray(0, -4)), signed.length - 4);
    expect(await sendFrame(sandbox.port, signed)).toMatchObject({ ok: 1 });
    const last = signed.length - 1;
    const wrong = withBytes(signed, [[last, (signed[last] ?? 0) ^ 1]]);
    await expect(sendFrame(sandbox.port, wrong)).rejects.toThrow('closed the connection without an answer');
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('a client that takes its replies late gets every one of them, and holds up nobody', async () => {
    await client
      .db('d')
      .collection('large')
      .insertOne({ text: 'x'.repeat(1_000_000) });
    const question = messageFrame({ find: 'large', $db: 'd' });
    const { socket, closed } = await send(question);
    socket.pause();
    for (let at = 0; at < 40; at += 1) socket.write(question);
    expect(await client.db('d').command({ ping: 1 })).toMatchObject({ ok: 1 });
    let answers = 0;
    socket.on('data', (chunk) => (answers += chunk.length));
    socket.resume();
    while (answers < 41 * 1_000_000) await once(socket, 'data');
    socket.destroy();
    await closed;
  });
});

it('a date that no date of JavaScript is costs its command a refusal, and its connection nothing', async () => {
  const time = new Date(1_234_567_890_123);
  const frame = messageFrame({ insert: 'far', documents: [{ _id: 1, time }], $db: 'd' });
  const [near, far] = [serialize({ time }), serialize({ time: Long.fromString('9007199254740992') })].map((one) =>
    Buffer.from(one.subarray(-9, -1)),
  );
  if (near === undefined || far === undefined) throw new Error('no dates');
  frame.set(far, frame.indexOf(near));
  expect(await sendFrame(sandbox.port, frame)).toMatchObject({ ok: 0, code: 238, codeName: 'NotImplemented' });
  expect(await client.db('d').collection('far').countDocuments()).toBe(0);
});
