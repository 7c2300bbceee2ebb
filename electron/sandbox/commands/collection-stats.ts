import { capOf } from '../storage/capped.ts';
import { isView, refuseView, type CollectionInfo } from '../storage/catalog.ts';
import { recordBounds } from '../storage/schema.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { collectionName, numberField, type Command, type CommandCall } from './command.ts';

/** The bytes of all documents of a database. */
export function sizeOf(call: CommandCall, db: string): number {
  return call.deployment.catalog.list(db).reduce((sum, collection) => sum + bytesOf(call, collection), 0);
}

const dbStats: Command = {
  writes: false,
  run(call) {
    const all = call.deployment.catalog.list(call.db);
    const collections = all.filter((one) => !isView(one));
    const scale = scaleOf(call.body);
    const objects = collections.reduce((sum, collection) => sum + call.deployment.records.count(collection), 0);
    const bytes = sizeOf(call, call.db);
    const indexes = collections.flatMap((one) => one.indexes);
    const indexSize = indexes.reduce((sum, index) => sum + indexBytes(call, index.id), 0) / scale;
    return {
      db: call.db,
      collections: collections.length,
      views: all.length - collections.length,
      objects,
      avgObjSize: objects === 0 ? 0 : bytes / objects,
      dataSize: bytes / scale,
      storageSize: bytes / scale,
      indexes: indexes.length,
      indexSize,
      totalSize: bytes / scale + indexSize,
      scaleFactor: scale,
    };
  },
};

const collStats: Command = {
  writes: false,
  run(call) {
    const name = collectionName(call);
    const collection = call.deployment.catalog.find(call.db, name);
    const scale = scaleOf(call.body);
    const ns = `${call.db}.${name}`;
    const none = {
      ns,
      size: 0,
      count: 0,
      storageSize: 0,
      nindexes: 0,
      totalIndexSize: 0,
      totalSize: 0,
      indexSizes: {},
    };
    if (collection === null) return { ...none, capped: false, scaleFactor: scale };
    refuseView(collection);
    return { ns, ...storageStats(call, collection, { scale }) };
  },
};

/** The sizes of a collection and its indexes in bytes, divided by the `scale` of the options. Errors: `TypeMismatch`, `BadValue`. */
export function storageStats(call: CommandCall, collection: CollectionInfo, options: unknown): Doc {
  if (!isDoc(options))
    throw new ServerError('TypeMismatch', "BSON field 'storageStats' is the wrong type, expected type 'object'");
  const scale = scaleOf(options);
  const count = call.deployment.records.count(collection);
  const bytes = bytesOf(call, collection);
  const indexSizes = Object.fromEntries(
    collection.indexes.map((index) => [index.name, Math.trunc(indexBytes(call, index.id) / scale)]),
  );
  const totalIndexSize = Object.values(indexSizes).reduce((sum, one) => sum + one, 0);
  const size = Math.trunc(bytes / scale);
  return {
    size,
    count,
    ...(count === 0 ? {} : { avgObjSize: Math.trunc(bytes / count) }),
    numOrphanDocs: 0,
    storageSize: size,
    freeStorageSize: 0,
    ...cappedStats(collection, scale),
    nindexes: collection.indexes.length,
    indexBuilds: [],
    totalIndexSize,
    totalSize: size + totalIndexSize,
    indexSizes,
    scaleFactor: scale,
  };
}

function cappedStats({ options }: CollectionInfo, scale: number): Doc {
  const cap = capOf(options);
  if (cap === null) return { capped: false };
  return { capped: true, max: cap.documentsMax ?? 0, maxSize: Math.trunc(cap.bytesMax / scale) };
}

function scaleOf(options: Doc): number {
  const scale = numberField(options, 'scale') ?? 1;
  if (scale < 1) throw new ServerError('BadValue', `BSON field 'scale' value must be >= 1, actual value '${scale}'`);
  return Math.trunc(scale);
}

/** The bytes of a collection's documents. */
export function bytesOf(call: CommandCall, collection: CollectionInfo): number {
  const statement = call.deployment.sqlite.prepare<[number, number], { bytes: number | null }>(
    'SELECT sum(length(bson)) AS bytes FROM documents WHERE record > ? AND record < ?',
  );
  return statement.get(...recordBounds(collection.id))?.bytes ?? 0;
}

function indexBytes(call: CommandCall, index: number): number {
  const statement = call.deployment.sqlite.prepare<[number], { bytes: number | null }>(
    'SELECT sum(length(key) + 8) AS bytes FROM entries WHERE indexId = ?',
  );
  return statement.get(index)?.bytes ?? 0;
}

/** Commands that tell the sizes of databases and collections. */
export const STATS_COMMANDS = { dbStats, collStats };
