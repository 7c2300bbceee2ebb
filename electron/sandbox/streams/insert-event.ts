import { Timestamp, type UUID } from 'bson';
import { encode } from '../semantics/values.ts';

/** Which collection a document is inserted into. */
export interface InsertPlace {
  readonly db: string;
  readonly coll: string;
  readonly uuid: UUID;
}

/** What an event has in front of what tells it from the others of its collection. */
interface Template {
  readonly place: InsertPlace;
  readonly bytes: Buffer;
  /** Where the logical time stands. */
  readonly clusterAt: number;
  /** Where the wall clock's time stands. */
  readonly wallAt: number;
}

const HEADER_BYTES = 4;
/** What `operationType: 'insert'` takes, and then the type and name of `clusterTime`. */
const TYPE_BYTES = 1 + 'operationType\0'.length + 4 + 'insert\0'.length;
const DOCUMENT_TYPE = 3;
const DOCUMENT_KEY = Buffer.from('\x03documentKey\0');
const FULL_DOCUMENT = Buffer.from('\x03fullDocument\0');
const ID = Buffer.from('_id\0');
const OBJECT_ID_TYPE = 7;
const INT_TYPE = 16;
/** How many bytes an id takes whose type says that; others are written the long way. */
const ID_BYTES: ReadonlyMap<number, number> = new Map([
  [OBJECT_ID_TYPE, 12],
  [INT_TYPE, 4],
  [1, 8],
  [9, 8],
  [18, 8],
]);
const STRING_TYPE = 2;

/**
 * Writes the events of inserts: all bytes but the times and the document are the same for a collection, and a bulk insert writes a
 * thousand of them.
 */
export class InsertEvents {
  #template: Template | null = null;

  /** An event as BSON; null where the document does not begin with an id of a simple type. @param document as BSON */
  write(
    place: InsertPlace,
    at: { readonly time: Timestamp; readonly wallMs: number },
    document: Uint8Array,
  ): Buffer | null {
    const idBytes = idLength(document);
    if (idBytes === null) return null;
    const { bytes: head, clusterAt, wallAt } = this.#templateOf(place);
    const keyBytes = HEADER_BYTES + idBytes + 1;
    const length = head.length - 1 + DOCUMENT_KEY.length + keyBytes + FULL_DOCUMENT.length + document.length + 1;
    const event = Buffer.allocUnsafe(length);
    event.set(head);
    event.writeInt32LE(length, 0);
    event.writeUInt32LE(at.time.i, clusterAt);
    event.writeUInt32LE(at.time.t, clusterAt + 4);
    event.writeBigInt64LE(BigInt(at.wallMs), wallAt);
    let to = head.length - 1;
    event.set(DOCUMENT_KEY, to);
    to += DOCUMENT_KEY.length;
    event.writeInt32LE(keyBytes, to);
    event.set(document.subarray(HEADER_BYTES, HEADER_BYTES + idBytes), to + HEADER_BYTES);
    event[to + keyBytes - 1] = 0;
    to += keyBytes;
    event.set(FULL_DOCUMENT, to);
    event.set(document, to + FULL_DOCUMENT.length);
    event[length - 1] = 0;
    return event;
  }

  #templateOf(place: InsertPlace): Template {
    const known = this.#template;
    if (
      known !== null &&
      known.place.uuid === place.uuid &&
      known.place.db === place.db &&
      known.place.coll === place.coll
    )
      return known;
    const event = {
      operationType: 'insert',
      clusterTime: new Timestamp({ t: 0, i: 0 }),
      wallTime: new Date(0),
      ns: { db: place.db, coll: place.coll },
      collectionUUID: place.uuid,
    };
    const clusterAt = HEADER_BYTES + TYPE_BYTES + 1 + 'clusterTime\0'.length;
    this.#template = {
      place,
      bytes: Buffer.from(encode(event)),
      clusterAt,
      wallAt: clusterAt + 8 + 1 + 'wallTime\0'.length,
    };
    return this.#template;
  }
}

/** The length of the first element, type and name included, where it is an `_id` of a simple type. */
function idLength(document: Uint8Array): number | null {
  const type = document[HEADER_BYTES] ?? DOCUMENT_TYPE;
  for (const [at, byte] of ID.entries()) if (document[HEADER_BYTES + 1 + at] !== byte) return null;
  const front = 1 + ID.length;
  const fixed = ID_BYTES.get(type);
  if (fixed !== undefined) return front + fixed;
  if (type !== STRING_TYPE) return null;
  const view = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  return front + 4 + view.readInt32LE(HEADER_BYTES + front);
}
