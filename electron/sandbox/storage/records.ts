import type { Statement } from 'better-sqlite3';
import { EJSON, ObjectId } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { DOCUMENT_BYTES_MAX, decodeExact, encode, isDoc, type Doc } from '../semantics/values.ts';
import { valuesAt } from '../semantics/paths.ts';
import type { Catalog, CollectionInfo } from './catalog.ts';
import type { Deadline } from './deadline.ts';
import { entriesOf, type IndexInfo } from './index-entries.ts';
import type { KeyRange } from './planner.ts';
import type { Sqlite } from './schema.ts';

/** A place in an index. */
export interface IndexPosition {
  readonly key: Buffer;
  readonly record: number;
}

/** Reads from the tables happen in pages, because SQLite allows no write while a read is still open. */
const PAGE = 256;
const FIRST_RECORD = 0;
const BEHIND_LAST_RECORD = Number.MAX_SAFE_INTEGER;

/** Documents and index entries of the collections, kept in step. */
export class Records {
  readonly #catalog: Catalog;
  readonly #deadline: Deadline;
  readonly #read: Statement<[number, number], { bson: Buffer }>;
  readonly #write: Statement;
  readonly #remove: Statement;
  readonly #addEntry: Statement;
  readonly #removeEntry: Statement;
  readonly #firstOf: Statement<[number, Buffer, number], { record: number }>;
  readonly #forward: Statement<[number, Buffer, number, Buffer, number], IndexPosition>;
  readonly #backward: Statement<[number, Buffer, number, Buffer, number], IndexPosition>;
  readonly #scanForward: Statement<[number, number, number], { record: number }>;
  readonly #scanBackward: Statement<[number, number, number], { record: number }>;
  readonly #count: Statement<[number], { count: number }>;

  constructor(sqlite: Sqlite, catalog: Catalog, deadline: Deadline) {
    this.#catalog = catalog;
    this.#deadline = deadline;
    this.#read = sqlite.prepare('SELECT bson FROM documents WHERE collection = ? AND record = ?');
    this.#write = sqlite.prepare('INSERT OR REPLACE INTO documents (collection, record, bson) VALUES (?, ?, ?)');
    this.#remove = sqlite.prepare('DELETE FROM documents WHERE collection = ? AND record = ?');
    this.#addEntry = sqlite.prepare('INSERT OR IGNORE INTO entries (indexId, key, record) VALUES (?, ?, ?)');
    this.#removeEntry = sqlite.prepare('DELETE FROM entries WHERE indexId = ? AND key = ? AND record = ?');
    this.#firstOf = sqlite.prepare('SELECT record FROM entries WHERE indexId = ? AND key = ? AND record <> ? LIMIT 1');
    this.#forward = sqlite.prepare(
      'SELECT key, record FROM entries WHERE indexId = ? AND (key, record) > (?, ?) AND key < ? ORDER BY key, record LIMIT ?',
    );
    this.#backward = sqlite.prepare(
      'SELECT key, record FROM entries WHERE indexId = ? AND (key, record) < (?, ?) AND key >= ? ORDER BY key DESC, record DESC LIMIT ?',
    );
    this.#scanForward = sqlite.prepare(
      'SELECT record FROM documents WHERE collection = ? AND record > ? ORDER BY record LIMIT ?',
    );
    this.#scanBackward = sqlite.prepare(
      'SELECT record FROM documents WHERE collection = ? AND record < ? ORDER BY record DESC LIMIT ?',
    );
    this.#count = sqlite.prepare('SELECT count(*) AS count FROM documents WHERE collection = ?');
  }

  /** A document in exact form, or null where it has gone since its place was read. Error: `MaxTimeMSExpired`. */
  read(collection: CollectionInfo, record: number): Doc | null {
    this.#deadline.check();
    const row = this.#read.get(collection.id, record);
    return row === undefined ? null : decodeExact(row.bson);
  }

  count(collection: CollectionInfo): number {
    return this.#count.get(collection.id)?.count ?? 0;
  }

  /** Inserts a document, with a new `_id` in front where it has none. @returns the document as stored */
  insert(collection: CollectionInfo, given: Doc): Doc {
    const document = withId(given);
    const id = document['_id'];
    if (Array.isArray(id)) throw new ServerError('BadValue', "The '_id' value cannot be of type array");
    const dollar = isDoc(id) ? Object.keys(id).find((key) => key.startsWith('$')) : undefined;
    if (dollar !== undefined) {
      throw new ServerError(
        'DollarPrefixedFieldName',
        `_id fields may not contain '$'-prefixed fields: ${dollar} is not valid for storage.`,
      );
    }
    const record = collection.nextRecord;
    this.#store(collection, record, document, null);
    collection.nextRecord = record + 1;
    return document;
  }

  replace(collection: CollectionInfo, record: number, before: Doc, after: Doc): void {
    this.#store(collection, record, after, before);
  }

  remove(collection: CollectionInfo, record: number, document: Doc): void {
    for (const index of collection.indexes) {
      for (const key of entriesOf(index, document).keys) this.#removeEntry.run(index.id, key, record);
    }
    this.#remove.run(collection.id, record);
  }

  /** Fills a new index from the documents that are there. */
  fill(collection: CollectionInfo, index: IndexInfo): void {
    for (const record of this.scan(collection, false)) {
      const document = this.read(collection, record);
      if (document !== null) this.#addKeys(collection, index, record, document, new Set());
    }
  }

  /** Every record in the order of insertion, or the reverse. */
  *scan(collection: CollectionInfo, isBackward: boolean): Generator<number> {
    const statement = isBackward ? this.#scanBackward : this.#scanForward;
    let position = isBackward ? BEHIND_LAST_RECORD : FIRST_RECORD;
    for (;;) {
      const page = statement.all(collection.id, position, PAGE);
      for (const row of page) yield row.record;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      position = last.record;
    }
  }

  /** The places of a stretch of an index in order. */
  *range(index: IndexInfo, range: KeyRange, isBackward: boolean): Generator<IndexPosition> {
    let at: IndexPosition = isBackward
      ? { key: range.to, record: FIRST_RECORD }
      : { key: range.from, record: FIRST_RECORD };
    for (;;) {
      const page = isBackward
        ? this.#backward.all(index.id, at.key, at.record, range.from, PAGE)
        : this.#forward.all(index.id, at.key, at.record, range.to, PAGE);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      at = last;
    }
  }

  #store(collection: CollectionInfo, record: number, after: Doc, before: Doc | null): void {
    const bytes = encode(after);
    if (bytes.length > DOCUMENT_BYTES_MAX) {
      throw new ServerError(
        'BSONObjectTooLarge',
        `object to insert too large. size in bytes: ${bytes.length}, max size: ${DOCUMENT_BYTES_MAX}`,
      );
    }
    for (const index of collection.indexes) {
      const old = new Map(
        (before === null ? [] : entriesOf(index, before).keys).map((key) => [key.toString('latin1'), key]),
      );
      const kept = this.#addKeys(collection, index, record, after, new Set(old.keys()));
      for (const [text, key] of old) if (!kept.has(text)) this.#removeEntry.run(index.id, key, record);
    }
    this.#write.run(collection.id, record, bytes);
  }

  #addKeys(
    collection: CollectionInfo,
    index: IndexInfo,
    record: number,
    document: Doc,
    present: ReadonlySet<string>,
  ): Set<string> {
    const entries = entriesOf(index, document);
    const wanted = new Set<string>();
    for (const key of entries.keys) {
      const text = key.toString('latin1');
      wanted.add(text);
      if (present.has(text)) continue;
      if (index.isUnique && this.#firstOf.get(index.id, key, record) !== undefined) {
        throw duplicateKey(collection, index, document);
      }
      this.#addEntry.run(index.id, key, record);
    }
    if (entries.isMultikey) this.#catalog.markMultikey(index);
    return wanted;
  }
}

function withId(document: Doc): Doc {
  if (!Object.hasOwn(document, '_id')) return { _id: new ObjectId(), ...document };
  if (Object.keys(document)[0] === '_id') return document;
  const { _id, ...fields } = document;
  return { _id, ...fields };
}

function duplicateKey(collection: CollectionInfo, index: IndexInfo, document: Doc): ServerError {
  const keyValue = Object.fromEntries(
    index.fields.map((field) => [field.path, valuesAt(document, field.path).values[0] ?? null]),
  );
  const shown = Object.entries(keyValue)
    .map(([path, value]) => `${path}: ${EJSON.stringify(value)}`)
    .join(', ');
  return new ServerError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${collection.db}.${collection.name} index: ${index.name} dup key: { ${shown} }`,
    { keyPattern: index.spec['key'], keyValue },
  );
}
