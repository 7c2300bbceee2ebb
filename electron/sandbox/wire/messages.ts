import { refuseFarDate } from '../semantics/date-range.ts';
import { ServerError } from '../semantics/server-error.ts';
import { decodeExact, decodeForStore, type Doc } from '../semantics/values.ts';
import { bsonDefect } from './bson-check.ts';
import { crc32c } from './crc32c.ts';
import { replyBytes } from './reply-bytes.ts';

/** Operation codes of MongoDB's wire protocol. */
const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;
const HEADER_BYTES = 16;
const CHECKSUM_PRESENT = 1;
const MORE_TO_COME = 2;
const EXHAUST_ALLOWED = 0x10000;
const NESTING_MAX = 200;

/** A command as it came over the wire. */
export interface Request {
  readonly requestId: number;
  readonly db: string;
  readonly body: Doc;
  /** True where the client wants no reply. */
  readonly isSilent: boolean;
  /** True where the client takes further replies without asking for each. */
  readonly isExhaustAllowed: boolean;
  /** True for the handshake of old, which wants its reply in the old form. */
  readonly isLegacy: boolean;
}

/** A frame that is no message of the protocol; the connection that sent it is closed. */
export class ProtocolError extends Error {}

/** Reads one whole frame. Errors: {@link ProtocolError}, also for BSON that cannot be read; `NotImplemented` for values that would be read as others. */
export function readRequest(frame: Buffer): Request {
  try {
    return readFrame(frame);
  } catch (cause) {
    if (cause instanceof ProtocolError || cause instanceof ServerError) throw cause;
    throw new ProtocolError('The frame holds no readable BSON.', { cause });
  }
}

function readFrame(frame: Buffer): Request {
  const requestId = frame.readInt32LE(4);
  switch (frame.readInt32LE(12)) {
    case OP_MSG:
      return readMessage(frame, requestId);
    case OP_QUERY:
      return readQuery(frame, requestId);
    default:
      throw new ProtocolError(`Operation code ${frame.readInt32LE(12)} is not offered.`);
  }
}

function readMessage(frame: Buffer, requestId: number): Request {
  const flags = frame.readUInt32LE(HEADER_BYTES);
  if ((flags & CHECKSUM_PRESENT) !== 0) refuseChecksum(frame);
  const end = (flags & CHECKSUM_PRESENT) === 0 ? frame.length : frame.length - 4;
  if ((flags & 0xffff & ~(CHECKSUM_PRESENT | MORE_TO_COME)) !== 0)
    throw new ProtocolError('A required flag is not known.');
  let body: Doc | null = null;
  const sequences: Doc = {};
  let offset = HEADER_BYTES + 4;
  while (offset < end) {
    const kind = frame[offset];
    offset += 1;
    if (kind === 0) {
      const bytes = documentAt(frame, offset, end);
      if (body !== null) throw new ProtocolError('A message has one body.');
      body = decodeExact(bytes);
      offset += bytes.length;
    } else if (kind === 1) {
      const size = frame.readInt32LE(offset);
      if (size < 5 || offset + size > end) throw new ProtocolError('A document sequence has a wrong length.');
      readSequence(frame.subarray(offset, offset + size), sequences);
      offset += size;
    } else throw new ProtocolError(`Section kind ${String(kind)} is not known.`);
  }
  if (body === null) throw new ProtocolError('A message without a body.');
  const db = body['$db'];
  if (typeof db !== 'string' || db === '') throw new ProtocolError('A message without $db.');
  if (Object.keys(sequences).some((name) => Object.hasOwn(body, name)))
    throw new ProtocolError('A document sequence has the name of a field of the body.');
  return {
    requestId,
    db,
    body: { ...body, ...sequences },
    isSilent: (flags & MORE_TO_COME) !== 0,
    isExhaustAllowed: (flags & EXHAUST_ALLOWED) !== 0,
    isLegacy: false,
  };
}

/** The last four bytes of a frame that says so are the CRC-32C of all before them. */
function refuseChecksum(frame: Buffer): void {
  const end = frame.length - 4;
  if (end < HEADER_BYTES + 4 || crc32c(frame.subarray(0, end)) !== frame.readUInt32LE(end))
    throw new ProtocolError('The checksum is not that of the message.');
}

function readSequence(section: Buffer, into: Doc): void {
  const nameEnd = section.indexOf(0, 4);
  if (nameEnd < 0) throw new ProtocolError('A document sequence without a name.');
  const documents: Doc[] = [];
  let offset = nameEnd + 1;
  while (offset < section.length) {
    const bytes = documentAt(section, offset, section.length);
    documents.push(decodeForStore(bytes));
    offset += bytes.length;
  }
  const name = section.toString('utf8', 4, nameEnd);
  if (name === '' || Object.hasOwn(into, name) || name === '__proto__')
    throw new ProtocolError('A document sequence has no name of its own.');
  into[name] = documents;
}

function documentAt(frame: Buffer, offset: number, end: number): Buffer {
  if (offset + 5 > end) throw new ProtocolError('A document is cut off.');
  const size = frame.readInt32LE(offset);
  if (size < 5 || offset + size > end) throw new ProtocolError('A document has a wrong length.');
  const bytes = frame.subarray(offset, offset + size);
  const defect = bsonDefect(bytes, NESTING_MAX);
  if (defect === 'far date') throw refuseFarDate();
  if (defect === 'deprecated type')
    throw new ServerError(
      'NotImplemented',
      'The sandbox server has neither values of the type undefined nor DBPointers',
    );
  if (defect !== null) throw new ProtocolError(`A document is no BSON (${defect}).`);
  return bytes;
}

function readQuery(frame: Buffer, requestId: number): Request {
  const nameEnd = frame.indexOf(0, HEADER_BYTES + 4);
  if (nameEnd < 0) throw new ProtocolError('A query without a collection.');
  const namespace = frame.toString('utf8', HEADER_BYTES + 4, nameEnd);
  const body = decodeExact(documentAt(frame, nameEnd + 9, frame.length));
  const name = (Object.keys(body)[0] ?? '').toLowerCase();
  if (!namespace.endsWith('.$cmd') || (name !== 'hello' && name !== 'ismaster')) {
    throw new ProtocolError('OP_QUERY serves only the handshake.');
  }
  return {
    requestId,
    db: namespace.slice(0, -'.$cmd'.length),
    body,
    isSilent: false,
    isExhaustAllowed: false,
    isLegacy: true,
  };
}

/** What a refusal of a whole frame answers; null where its sender wants no answer. */
export function unreadRequest(frame: Buffer): Request | null {
  const isSilent = frame.readInt32LE(12) !== OP_MSG || (frame.readUInt32LE(HEADER_BYTES) & MORE_TO_COME) !== 0;
  if (isSilent) return null;
  return {
    requestId: frame.readInt32LE(4),
    db: '',
    body: {},
    isSilent,
    isExhaustAllowed: false,
    isLegacy: false,
  };
}

/**
 * A reply as bytes, in the form of the request.
 * @param hasMore true where another reply follows by itself
 */
export function writeReply(
  request: Request,
  { replyId, hasMore }: { readonly replyId: number; readonly hasMore: boolean },
  reply: Doc,
): Buffer {
  const document = replyBytes(reply);
  const extra = request.isLegacy ? 20 : 5;
  // The document fills the rest: to have all of it filled with zeros first would take longer than the reply to a ping.
  const frame = Buffer.allocUnsafe(HEADER_BYTES + extra + document.length).fill(0, 0, HEADER_BYTES + extra);
  frame.writeInt32LE(frame.length, 0);
  frame.writeInt32LE(replyId, 4);
  frame.writeInt32LE(request.requestId, 8);
  frame.writeInt32LE(request.isLegacy ? OP_REPLY : OP_MSG, 12);
  if (hasMore) frame.writeUInt32LE(MORE_TO_COME, HEADER_BYTES);
  if (request.isLegacy) frame.writeInt32LE(1, HEADER_BYTES + 16);
  frame.set(document, HEADER_BYTES + extra);
  return frame;
}
