import { randomUUID } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import { UUID } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { decodeExact, encode, isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { IndexField, IndexInfo } from './index-entries.ts';
import { encodeKey } from './key-encoding.ts';
import { recordBounds, type Sqlite } from './schema.ts';

/** A collection as the catalog knows it. */
export interface CollectionInfo {
  readonly id: number;
  readonly db: string;
  readonly name: string;
  readonly uuid: UUID;
  options: Doc;
  readonly indexes: IndexInfo[];
  nextRecord: number;
  /** How many documents it has; null until somebody asked. */
  count: number | null;
  /** How many bytes they have; null until somebody asked, which nobody does of a collection that is not capped. */
  bytes: number | null;
}

/** True for a view, which is in the catalog as collections are and has no documents of its own. */
export function isView({ options }: CollectionInfo): boolean {
  return options['viewOn'] !== undefined;
}

/** The collection. Error: `CommandNotSupportedOnView` where it is a view. */
export function refuseView(collection: CollectionInfo): CollectionInfo {
  if (!isView(collection)) return collection;
  throw new ServerError(
    'CommandNotSupportedOnView',
    `Namespace ${collection.db}.${collection.name} is a view, not a collection`,
  );
}

interface CollectionRow {
  readonly id: number;
  readonly db: string;
  readonly name: string;
  readonly uuid: Buffer;
  readonly options: Buffer;
}

interface IndexRow {
  readonly id: number;
  readonly collection: number;
  readonly spec: Buffer;
  readonly isMultikey: number;
}

/** Which collections and indexes there are: in memory for speed, in SQLite for good. */
export class Catalog {
  readonly #sqlite: Sqlite;
  readonly #insertCollection: Statement;
  readonly #insertIndex: Statement;
  #byNamespace = new Map<string, CollectionInfo>();
  /** How often each index was chosen for a read since the server started, by its id. */
  readonly uses = new Map<number, number>();

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
    this.#insertCollection = sqlite.prepare('INSERT INTO collections (db, name, uuid, options) VALUES (?, ?, ?, ?)');
    this.#insertIndex = sqlite.prepare('INSERT INTO indexes (collection, spec) VALUES (?, ?)');
    this.reload();
  }

  /** Grows whenever a collection or an index that somebody reads may be gone, or have another name. */
  generation = 0;

  /** Reads the catalog from SQLite again: after a write was rolled back, what is in memory may be ahead of it. */
  reload(): void {
    this.generation += 1;
    this.#byNamespace = new Map();
    const indexRows = this.#sqlite
      .prepare<[], IndexRow>('SELECT id, collection, spec, isMultikey FROM indexes ORDER BY id')
      .all();
    const lastRecord = this.#sqlite.prepare<[number, number], { last: number | null }>(
      'SELECT max(record) AS last FROM documents WHERE record > ? AND record < ?',
    );
    for (const row of this.#sqlite
      .prepare<[], CollectionRow>('SELECT id, db, name, uuid, options FROM collections ORDER BY id')
      .all()) {
      this.#byNamespace.set(`${row.db}.${row.name}`, {
        id: row.id,
        db: row.db,
        name: row.name,
        uuid: new UUID(row.uuid),
        options: decodeExact(row.options),
        indexes: indexRows.filter((index) => index.collection === row.id).map(toIndexInfo),
        nextRecord: (lastRecord.get(...recordBounds(row.id))?.last ?? recordBounds(row.id)[0]) + 1,
        count: null,
        bytes: null,
      });
    }
  }

  find(db: string, name: string): CollectionInfo | null {
    return this.#byNamespace.get(`${db}.${name}`) ?? null;
  }

  list(db: string | null): readonly CollectionInfo[] {
    const all = [...this.#byNamespace.values()];
    return db === null ? all : all.filter((collection) => collection.db === db);
  }

  /** Errors: `InvalidNamespace`, `DatabaseDifferCase`. */
  create(db: string, name: string, options: Doc): CollectionInfo {
    refuseBadNamespace(db, name);
    this.#refuseOtherCase(db);
    const uuid = new UUID(randomUUID());
    const { lastInsertRowid } = this.#insertCollection.run(
      db,
      name,
      Buffer.from(uuid.id),
      Buffer.from(encode(options)),
    );
    const collection: CollectionInfo = {
      id: Number(lastInsertRowid),
      db,
      name,
      uuid,
      options,
      indexes: [],
      nextRecord: recordBounds(Number(lastInsertRowid))[0] + 1,
      count: 0,
      bytes: null,
    };
    this.#byNamespace.set(`${db}.${name}`, collection);
    const clustered = options['clusteredIndex'];
    this.addIndex(
      collection,
      isDoc(clustered) ? { ...clustered, clustered: true } : { v: 2, key: { _id: 1 }, name: '_id_' },
    );
    return collection;
  }

  addIndex(collection: CollectionInfo, spec: Doc): IndexInfo {
    const { lastInsertRowid } = this.#insertIndex.run(collection.id, Buffer.from(encode(spec)));
    const index = toIndexInfo({
      id: Number(lastInsertRowid),
      collection: collection.id,
      spec: Buffer.from(encode(spec)),
      isMultikey: 0,
    });
    collection.indexes.push(index);
    return index;
  }

  markMultikey(index: IndexInfo): void {
    if (index.isMultikey) return;
    index.isMultikey = true;
    this.#sqlite.prepare('UPDATE indexes SET isMultikey = 1 WHERE id = ?').run(index.id);
  }

  /** Gives an index another description; its key pattern stays. */
  changeIndex(collection: CollectionInfo, index: IndexInfo, spec: Doc): void {
    const bytes = Buffer.from(encode(spec));
    this.#sqlite.prepare('UPDATE indexes SET spec = ? WHERE id = ?').run(bytes, index.id);
    const row = { id: index.id, collection: collection.id, spec: bytes, isMultikey: index.isMultikey ? 1 : 0 };
    collection.indexes[collection.indexes.indexOf(index)] = toIndexInfo(row);
  }

  dropIndex(collection: CollectionInfo, index: IndexInfo): void {
    this.generation += 1;
    this.#sqlite.prepare('DELETE FROM entries WHERE indexId = ?').run(index.id);
    this.#sqlite.prepare('DELETE FROM indexes WHERE id = ?').run(index.id);
    collection.indexes.splice(collection.indexes.indexOf(index), 1);
    this.uses.delete(index.id);
  }

  drop(collection: CollectionInfo): void {
    this.generation += 1;
    const doomed = Array.from(collection.indexes);
    for (const index of doomed) this.dropIndex(collection, index);
    this.#sqlite.prepare('DELETE FROM documents WHERE record > ? AND record < ?').run(...recordBounds(collection.id));
    this.#sqlite.prepare('DELETE FROM collections WHERE id = ?').run(collection.id);
    this.#byNamespace.delete(`${collection.db}.${collection.name}`);
  }

  setOptions(collection: CollectionInfo, options: Doc): void {
    this.#sqlite
      .prepare('UPDATE collections SET options = ? WHERE id = ?')
      .run(Buffer.from(encode(options)), collection.id);
    collection.options = options;
  }

  /** Errors: `InvalidNamespace`, `DatabaseDifferCase`. */
  rename(collection: CollectionInfo, db: string, name: string): void {
    refuseBadNamespace(db, name);
    this.#refuseOtherCase(db);
    this.#sqlite.prepare('UPDATE collections SET db = ?, name = ? WHERE id = ?').run(db, name, collection.id);
    this.reload();
  }

  /** Two databases whose names differ in nothing but capitals could not both be kept on every file system. */
  #refuseOtherCase(db: string): void {
    for (const other of this.#byNamespace.values())
      if (other.db !== db && other.db.toLowerCase() === db.toLowerCase())
        throw new ServerError(
          'DatabaseDifferCase',
          `db already exists with different case already have: [${other.db}] trying to create [${db}]`,
        );
  }
}

function refuseBadNamespace(db: string, name: string): void {
  if (name === '' || name.includes('$') || name.includes('\0') || name.startsWith('.')) {
    throw new ServerError('InvalidNamespace', `Invalid namespace specified '${db}.${name}'`);
  }
  if (name.startsWith('system.') && !isOpenSystemName(db, name))
    throw new ServerError('InvalidNamespace', `Invalid system namespace: ${db}.${name}`);
  if (Buffer.byteLength(`${db}.${name}`) > 255) {
    throw new ServerError(
      'InvalidNamespace',
      `Fully qualified namespace is too long. Namespace: ${db}.${name} Max: 255`,
    );
  }
}

/**
 * Refuses a write of documents or indexes to what no client may write to, whether it is there or not, by MongoDB's `userAllowedWriteNS`.
 * Errors: `InvalidNamespace`, and `BadValue` where `system` stands within the name.
 */
export function refuseUnwritable(db: string, name: string): void {
  if (name === 'system.profile' || name === 'system.views' || (db === 'local' && name.startsWith('oplog.')))
    throw new ServerError('InvalidNamespace', `cannot write to ${db}.${name}`);
  refuseBadNamespace(db, name);
  if (name.includes('.system.') && !name.includes('.system.sessions'))
    throw new ServerError('BadValue', `Invalid namespace: ${db}.${name}`);
}

/** MongoDB's `isLegalClientSystemNS`, of the databases that clients have. */
function isOpenSystemName(db: string, name: string): boolean {
  if (db === 'admin' && ['system.roles', 'system.users', 'system.version'].includes(name)) return true;
  return name === 'system.js' || name === 'system.views' || name.startsWith('system.buckets.');
}

function toIndexInfo(row: IndexRow): IndexInfo {
  const spec = decodeExact(row.spec);
  const expire = numberOf(spec['expireAfterSeconds']);
  return {
    id: row.id,
    name: String(spec['name']),
    fields: fieldsOf(spec['key']),
    isUnique: spec['name'] === '_id_' || isOn(spec['unique']),
    isPrepared: isOn(spec['prepareUnique']),
    isSparse: isOn(spec['sparse']),
    partialFilter: isDoc(spec['partialFilterExpression']) ? spec['partialFilterExpression'] : null,
    expireAfterSeconds: expire,
    spec,
    isMultikey: row.isMultikey === 1,
  };
}

function isOn(flag: unknown): boolean {
  return flag === true || (numberOf(flag) ?? 0) !== 0;
}

/** The fields of a key pattern or a sort; each direction is 1 or -1. */
export function fieldsOf(pattern: unknown): readonly IndexField[] {
  if (!isDoc(pattern)) throw new ServerError('TypeMismatch', 'The key pattern must be an object');
  return Object.entries(pattern).map(([path, direction]) => {
    const number = numberOf(direction);
    if (number === null || number === 0) {
      throw new ServerError(
        'BadValue',
        `Values in the key pattern must be 1 or -1; the sandbox server has no '${String(direction)}' for '${path}'`,
      );
    }
    return { path, isDescending: number < 0 };
  });
}

/** True where two key patterns have the same fields in the same order and directions. */
export function isSamePattern(left: unknown, right: unknown): boolean {
  return encodeKey(left).equals(encodeKey(right));
}
