import { connect } from 'node:net';
import { deserialize, serialize, type Document } from 'bson';

/** A command as one frame of MongoDB's wire protocol (OP_MSG), for tests that go below the driver. */
export function messageFrame(body: Document): Buffer {
  const document = serialize(body);
  const frame = Buffer.alloc(21 + document.length);
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(7, 4);
  frame.writeInt32LE(2013, 12);
  frame.set(document, 21);
  return frame;
}

/** A command in the form of old (OP_QUERY), which only the handshake still has. */
export function queryFrame(body: Document): Buffer {
  const name = Buffer.from('admin.$cmd\0');
  const document = serialize(body);
  const frame = Buffer.alloc(16 + 4 + name.length + 8 + document.length);
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(7, 4);
  frame.writeInt32LE(2004, 12);
  frame.set(name, 20);
  frame.writeInt32LE(-1, 20 + name.length + 4);
  frame.set(document, 20 + name.length + 8);
  return frame;
}

/** Sends one command over a connection of its own, exactly as it is given: the driver would put its own session in. */
export function sendRaw(port: number, body: Document): Promise<Document> {
  return sendFrame(port, messageFrame(body));
}

/** Sends one frame over a connection of its own. Rejects where the server closes it without an answer. */
export async function sendFrame(port: number, frame: Buffer): Promise<Document> {
  return deserialize(await answerTo(port, frame));
}

/** The document of the answer to {@link sendFrame}, as bytes. */
export async function answerTo(port: number, frame: Buffer): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(frame);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    const received = Buffer.concat(chunks);
    if (received.length < 16 || received.length < received.readInt32LE(0)) continue;
    socket.destroy();
    // A reply in the form of old (OP_REPLY) has its document further behind.
    return received.subarray(received.readInt32LE(12) === 1 ? 36 : 21);
  }
  throw new Error('the server closed the connection without an answer');
}
