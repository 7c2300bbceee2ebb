import { deserialize, type Document } from 'bson';
import { z } from 'zod';
import { startWireProxy, type WireProxy } from './wire-proxy.ts';

/** What a server needs to allow for one write that came by, as `action on collection`. */
export type TappedWrite = `${'insert' | 'update' | 'remove' | 'other'} on ${string}`;

/** A stretch of wire that writes down which collections are written to, and changes nothing. */
export interface WriteTap extends WireProxy {
  /** Every write since the last call, each once. */
  take(): ReadonlySet<TappedWrite>;
}

const HEADER_BYTES = 16;
const OP_MSG = 2013;
/** Commands that change nothing in any collection. All that is not known is a write, so that none is overlooked. */
const READING: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'ping',
  'buildInfo',
  'connectionStatus',
  'saslStart',
  'saslContinue',
  'endSessions',
  'find',
  'getMore',
  'killCursors',
  'count',
  'distinct',
  'aggregate',
  'listCollections',
  'listIndexes',
  'listDatabases',
  'serverStatus',
  'hostInfo',
  'dbStats',
  'collStats',
  'getParameter',
  'replSetGetStatus',
  'getCmdLineOpts',
  'explain',
]);
const updateSchema = z.looseObject({ upsert: z.boolean().optional() });
const stageSchema = z.looseObject({ $merge: z.unknown(), $out: z.unknown() }).partial();

/** Listens on loopback before a server on loopback. Rejects where no port is free. */
export async function startWriteTap(upstreamPort: number): Promise<WriteTap> {
  let seen = new Set<TappedWrite>();
  const proxy = await startWireProxy(upstreamPort, ({ client, upstream }) => {
    let rest = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let size = sizeOf(rest); size !== null && rest.length >= size; size = sizeOf(rest)) {
        for (const write of writesOf(rest.subarray(0, size))) seen.add(write);
        rest = rest.subarray(size);
      }
      upstream.write(chunk);
    });
    upstream.pipe(client);
  });
  return {
    ...proxy,
    take: () => {
      const taken = seen;
      seen = new Set();
      return taken;
    },
  };
}

function sizeOf(bytes: Buffer): number | null {
  return bytes.length < HEADER_BYTES ? null : bytes.readInt32LE(0);
}

/** @returns what one message writes; a message in another form than OP_MSG throws, because it could write unseen */
function writesOf(message: Buffer): readonly TappedWrite[] {
  const opCode = message.readInt32LE(12);
  const command = opCode === OP_MSG ? commandOf(message) : null;
  if (command === null) return handshakeOnly(opCode);
  const [name = ''] = Object.keys(command);
  const collection = z.string().catch('').parse(command[name]);
  const documents = (field: string): readonly unknown[] => z.array(z.unknown()).catch([]).parse(command[field]);
  switch (name) {
    case 'insert':
      return [`insert on ${collection}`];
    case 'delete':
      return [`remove on ${collection}`];
    case 'update':
      return documents('updates').flatMap((one) => updating(collection, updateSchema.parse(one).upsert === true));
    case 'findAndModify':
      return command['remove'] === true
        ? [`remove on ${collection}`]
        : updating(collection, command['upsert'] === true);
    case 'aggregate':
      return documents('pipeline').flatMap((stage) => {
        const { $merge, $out } = stageSchema.parse(stage);
        return $merge === undefined && $out === undefined
          ? []
          : [`other on ${JSON.stringify($merge ?? $out)}` as const];
      });
    default:
      return READING.has(name) ? [] : [`other on ${collection} (${name})`];
  }
}

function updating(collection: string, isUpsert: boolean): readonly TappedWrite[] {
  return isUpsert ? [`insert on ${collection}`, `update on ${collection}`] : [`update on ${collection}`];
}

/** The first greeting of a driver may come in OP_QUERY; everything else that is no OP_MSG would hide what it does. */
function handshakeOnly(opCode: number): readonly TappedWrite[] {
  if (opCode !== 2004) throw new Error(`a message of the form ${opCode} cannot be looked into`);
  return [];
}

/** The command of an OP_MSG with its sequences of documents as fields, as the specification of the wire protocol has them. */
function commandOf(message: Buffer): Document {
  const command: Document = {};
  const hasChecksum = (message.readUInt32LE(HEADER_BYTES) & 1) === 1;
  const end = message.length - (hasChecksum ? 4 : 0);
  for (let at = HEADER_BYTES + 4; at < end;) {
    const kind = message[at];
    const bytes = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + bytes);
    if (kind === 0) Object.assign(command, deserialize(section));
    else {
      const nameEnd = section.indexOf(0, 4);
      command[section.toString('utf8', 4, nameEnd)] = sequenceOf(section.subarray(nameEnd + 1));
    }
    at += 1 + bytes;
  }
  return command;
}

function sequenceOf(bytes: Buffer): readonly Document[] {
  const documents: Document[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readInt32LE(at)) {
    documents.push(deserialize(bytes.subarray(at, at + bytes.readInt32LE(at))));
  }
  return documents;
}
