import { deserialize, serialize } from 'bson';

const HEADER_BYTES = 16;
const OP_MSG = 2013;
const FLAG_BYTES = 4;
const BODY_AT = HEADER_BYTES + FLAG_BYTES + 1;
const SIZE_BYTES_MIN = BODY_AT + 5;

/** How many bytes the message has that starts here; null where not even that can be seen. */
export function messageBytesOf(chunk: Buffer): number | null {
  return chunk.length < HEADER_BYTES ? null : chunk.readInt32LE(0);
}

/** One command on its way to a server. */
export interface Command {
  readonly name: string;
  /** The refusal that its server would send for an error code, before anything was done. */
  readonly refusal: (code: number) => Buffer;
}

/**
 * Reads a command, so that it can be refused in the server's place: what the fail point `failCommand` does on servers that have
 * it, and not all have. Null where the bytes are not one whole command in OP_MSG, whose layout is that of the MongoDB wire
 * protocol's specification.
 */
export function readCommand(request: Buffer): Command | null {
  const isWhole = request.length >= SIZE_BYTES_MIN && request.readInt32LE(0) === request.length;
  if (!isWhole || request.readInt32LE(12) !== OP_MSG || request[BODY_AT - 1] !== 0) return null;
  const bodyBytes = request.readInt32LE(BODY_AT);
  const body = deserialize(request.subarray(BODY_AT, BODY_AT + bodyBytes));
  const [name] = Object.keys(body);
  if (name === undefined) return null;
  // A server marks what may be repeated; the driver repeats a numbered write only where it is.
  const labels = 'txnNumber' in body ? { errorLabels: ['RetryableWriteError'] } : {};
  const refusal = (code: number): Buffer => {
    const answer = Buffer.from(serialize({ ok: 0, code, errmsg: `refused with ${code} by a test`, ...labels }));
    const head = Buffer.alloc(BODY_AT);
    head.writeInt32LE(BODY_AT + answer.length, 0);
    head.writeInt32LE(1, 4);
    head.writeInt32LE(request.readInt32LE(4), 8);
    head.writeInt32LE(OP_MSG, 12);
    return Buffer.concat([head, answer]);
  };
  return { name, refusal };
}
