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

/** Sends one command over a connection of its own, exactly as it is given: the driver would put its own session in. */
export function sendRaw(port: number, body: Document): Promise<Document> {
  return sendFrame(port, messageFrame(body));
}

/** Sends one frame over a connection of its own. Rejects where the server closes it without an answer. */
export async function sendFrame(port: number, frame: Buffer): Promise<Document> {
  const socket = connect(port, '127.0.0.1');
  socket.write(frame);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer);
    const received = Buffer.concat(chunks);
    if (received.length < 16 || received.length < received.readInt32LE(0)) continue;
    socket.destroy();
    return deserialize(received.subarray(21));
  }
  throw new Error('the server closed the connection without an answer');
}
