import type { Statement } from 'better-sqlite3';
import { ObjectId } from 'bson';
import { onlyFields } from '#domain/bson-elements.ts';
import { refuse } from '../semantics/expressions/refusal.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isSameBson } from '../semantics/same-bson.ts';
import { shownValue } from '../semantics/shown-value.ts';
import {
  DOCUMENT_BYTES_MAX,
  decodeExact,
  decodeForStore,
  idInFront,
  storedBytes,
  type Doc,
} from '../semantics/values.ts';
import { keysOf } from '../semantics/field-names.ts';
import { capOf } from './capped.ts';
import type { Catalog, CollectionInfo } from './catalog.ts';
import type { Deadline } from './deadline.ts';
import { refuseUnusableId } from './id-check.ts';
import { entriesOf, valuesUnder, type IndexInfo } from './index-entries.ts';
import type { KeyRange } from './planner.ts';
import { recordBounds, UNPLANNED, type Sqlite } from './schema.ts';
import { SortBuffers } from './sort-buffer.ts';

/** A place in an index. */
export interface IndexPosition {
  readonly key: Buffer;
  readonly record: number;
}

/** Entries of one document in one index that come and go with a write. */
interface EntryChange {
  readonly index: IndexInfo;
  readonly added: readonly Buffer[];
  readonly removed: readonly Buffer[];
  readonly isMultikey: boolean;
}

/** Reads from the tables happen in pages, because SQLite allows no write while a read is still open. */
const PAGE_MAX = 256;
/** Most commands that name an index want one document: a whole page for it would cost more than everything else they do. */
const FIRST_PAGE = 4;

function nextPage(size: number): number {
  return Math.min(PAGE_MAX, size * 4);
}

/** Every key: the rank of a value's type, which keys begin with, lies between these. */
const WHOLE_INDEX: KeyRange = { from: Buffer.of(0), to: Buffer.of(0xff), prefixBytes: 0 };
/** Before every record of every collection. */
const NO_RECORD = 0;

/** Documents and index entries of the collections, kept in step. */
export class Records {
  /** Where sorts of more than fits in memory go. */
  readonly sorts: SortBuffers;
  readonly #catalog: Catalog;
  readonly #deadline: Deadline;
  readonly #read: Statement<[number], { bson: Buffer }>;
  readonly #insert: Statement;
  readonly #rewrite: Statement;
  readonly #remove: Statement;
  readonly #addEntry: Statement;
  readonly #removeEntry: Statement;
  readonly #firstOf: Statement<[number, Buffer, number], { record: number }>;
  readonly #forward: Statement<[number, Buffer, number, Buffer, number], IndexPosition>;
  readonly #backward: Statement<[number, Buffer, number, Buffer, number], IndexPosition>;
  readonly #scanForward: Statement<[number, number, number], { record: number }>;
  readonly #scanBackward: Statement<[number, number, number], { record: number }>;
  readonly #count: Statement<[number, number], { count: number }>;
  readonly #bytes: Statement<[number, number], { bytes: number | null }>;
  readonly #lengthOf: Statement<[number], { bytes: number }>;

  constructor(sqlite: Sqlite, catalog: Catalog, deadline: Deadline) {
    this.#catalog = catalog;
    this.#deadline = deadline;
    this.sorts = new SortBuffers(sqlite);
    this.#read = sqlite.prepare('SELECT bson FROM documents WHERE record = ?');
    this.#insert = sqlite.prepare('INSERT INTO documents (record, bson) VALUES (?, ?)');
    this.#rewrite = sqlite.prepare('UPDATE documents SET bson = ? WHERE record = ?');
    this.#remove = sqlite.prepare('DELETE FROM documents WHERE record = ?');
    this.#addEntry = sqlite.prepare('INSERT OR IGNORE INTO entries (indexId, key, record) VALUES (?, ?, ?)');
    this.#removeEntry = sqlite.prepare('DELETE FROM entries WHERE indexId = ? AND key = ? AND record = ?');
    this.#firstOf = sqlite.prepare('SELECT record FROM entries WHERE indexId = ? AND key = ? AND record <> ? LIMIT 1');
    this.#forward = sqlite.prepare(
      `SELECT key, record FROM entries WHERE indexId = ${UNPLANNED} AND (key, record) > (?, ?) AND key < ? ORDER BY key, record LIMIT ${UNPLANNED}`,
    );
    this.#backward = sqlite.prepare(
      `SELECT key, record FROM entries WHERE indexId = ${UNPLANNED} AND (key, record) < (?, ?) AND key >= ? ORDER BY key DESC, record DESC LIMIT ${UNPLANNED}`,
    );
    this.#scanForward = sqlite.prepare(
      `SELECT record FROM documents WHERE record > ? AND record < ? ORDER BY record LIMIT ${UNPLANNED}`,
    );
    this.#scanBackward = sqlite.prepare(
      `SELECT record FROM documents WHERE record > ? AND record < ? ORDER BY record DESC LIMIT ${UNPLANNED}`,
    );
    this.#count = sqlite.prepare('SELECT count(*) AS count FROM documents WHERE record > ? AND record < ?');
    this.#bytes = sqlite.prepare('SELECT sum(length(bson)) AS bytes FROM documents WHERE record > ? AND record < ?');
    this.#lengthOf = sqlite.prepare('SELECT length(bson) AS bytes FROM documents WHERE record = ?');
  }

  /**
   * A document in exact form, or null where it has gone since its place was read. Error: `MaxTimeMSExpired`.
   * @param fields the names of those of its fields that are wanted; all of them unless told, and others may come with them
   */
  read(record: number, fields: ReadonlySet<string> | null = null): Doc | null {
    this.#deadline.check();
    const row = this.#read.get(record);
    if (row === undefined) return null;
    const { bson } = row;
    if (fields === null) return decodeForStore(bson);
    return decodeExact(onlyFields(bson, (from, to) => fields.has(bson.toString('utf8', from, to))));
  }

  /** Counted once, and then kept up with every insert and delete. */
  count(collection: CollectionInfo): number {
    return (collection.count ??= this.#count.get(...recordBounds(collection.id))?.count ?? 0);
  }

  /** The bytes of all documents, kept up like their number. */
  bytes(collection: CollectionInfo): number {
    return (collection.bytes ??= this.#bytes.get(...recordBounds(collection.id))?.bytes ?? 0);
  }

  /** Inserts a document, with a new `_id` in front where it has none. @returns the document as stored, its bytes and its place */
  insert(
    collection: CollectionInfo,
    given: Doc,
  ): { readonly document: Doc; readonly bytes: Uint8Array; readonly record: number } {
    const document = withId(given);
    refuseUnusableId(document['_id']);
    const record = collection.nextRecord;
    const bytes = storedBytes(document);
    const cap = capOf(collection.options);
    if (cap !== null && bytes.length > cap.bytesMax)
      throw new ServerError('BadValue', 'object to insert exceeds cappedMaxSize');
    this.#store(collection, record, { after: document, bytes, before: null });
    collection.nextRecord = record + 1;
    collection.count = collection.count === null ? null : collection.count + 1;
    return { document, bytes, record };
  }

  /** @param change the document in exact form, and as it is to be, also as BSON */
  replace(
    collection: CollectionInfo,
    record: number,
    change: { readonly before: Doc; readonly after: Doc; readonly bytes: Uint8Array },
  ): void {
    this.#store(collection, record, change);
  }

  remove(collection: CollectionInfo, record: number, document: Doc): void {
    for (const index of collection.indexes) {
      for (const key of entriesOf(index, document).keys) this.#removeEntry.run(index.id, key, record);
    }
    this.#resize(collection, record, 0);
    this.#remove.run(record);
    collection.count = collection.count === null ? null : collection.count - 1;
  }

  /** Fills a new index from the documents that are there. */
  fill(collection: CollectionInfo, index: IndexInfo): void {
    // By the documents themselves: an index that was emptied tells of none of them, nor does the one that a clustered order is read by.
    for (const record of this.#inserted(collection, false)) {
      const document = this.read(record);
      if (document !== null) this.#addEntries(this.#changeOf(collection, index, record, document, null), record);
    }
  }

  /** Counts that an index was chosen for a read. */
  countUse(index: IndexInfo): void {
    const { uses } = this.#catalog;
    uses.set(index.id, (uses.get(index.id) ?? 0) + 1);
  }

  /** Every record in its natural order, or the reverse: that of insertion, or of a clustered index. */
  *scan(collection: CollectionInfo, isBackward: boolean): Generator<number> {
    const [idIndex] = collection.indexes;
    if (idIndex?.spec['clustered'] === true) {
      for (const { record } of this.range(idIndex, WHOLE_INDEX, isBackward)) yield record;
      return;
    }
    yield* this.#inserted(collection, isBackward);
  }

  /** True while a place has a document. */
  has(record: number): boolean {
    return this.#lengthOf.get(record) !== undefined;
  }

  /** The records behind a place in the order of insertion; null for all of them. */
  behind(collection: CollectionInfo, record: number | null): Generator<number> {
    return this.#inserted(collection, false, record);
  }

  *#inserted(collection: CollectionInfo, isBackward: boolean, behind: number | null = null): Generator<number> {
    const statement = isBackward ? this.#scanBackward : this.#scanForward;
    let [from, to] = recordBounds(collection.id);
    from = behind ?? from;
    for (let size = FIRST_PAGE; ; size = nextPage(size)) {
      const page = statement.all(from, to, size);
      for (const row of page) yield row.record;
      const last = page.at(-1);
      if (last === undefined || page.length < size) return;
      if (isBackward) to = last.record;
      else from = last.record;
    }
  }

  /** The records under each key of an index that has several. */
  *duplicates(index: IndexInfo): Generator<readonly number[]> {
    let under: IndexPosition[] = [];
    for (const position of this.range(index, WHOLE_INDEX, false)) {
      if (under[0]?.key.equals(position.key) === true) under.push(position);
      else {
        if (under.length > 1) yield under.map(({ record }) => record);
        under = [position];
      }
    }
    if (under.length > 1) yield under.map(({ record }) => record);
  }

  /** The one record under a key of a unique index; null where there is none. */
  recordAt(index: IndexInfo, key: Buffer): number | null {
    return this.#firstOf.get(index.id, key, NO_RECORD)?.record ?? null;
  }

  /** The places of a stretch of an index in order. */
  *range(index: IndexInfo, range: KeyRange, isBackward: boolean): Generator<IndexPosition> {
    let at: IndexPosition = isBackward ? { key: range.to, record: NO_RECORD } : { key: range.from, record: NO_RECORD };
    for (let size = FIRST_PAGE; ; size = nextPage(size)) {
      const page = isBackward
        ? this.#backward.all(index.id, at.key, at.record, range.from, size)
        : this.#forward.all(index.id, at.key, at.record, range.to, size);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < size) return;
      at = last;
    }
  }

  /** Everything that may refuse the document comes before the first write, so that a refusal leaves nothing half done. */
  #store(
    collection: CollectionInfo,
    record: number,
    { after, bytes, before }: { readonly after: Doc; readonly bytes: Uint8Array; readonly before: Doc | null },
  ): void {
    if (bytes.length > DOCUMENT_BYTES_MAX) {
      if (before !== null) throw refuse(17_419, `Resulting document after update is larger than ${DOCUMENT_BYTES_MAX}`);
      throw new ServerError(
        'BSONObjectTooLarge',
        `object to insert too large. size in bytes: ${bytes.length}, max size: ${DOCUMENT_BYTES_MAX}`,
      );
    }
    const isTouched = before === null ? () => true : touchedBy(before, after);
    const changes = collection.indexes
      .filter(isTouched)
      .map((index) => this.#changeOf(collection, index, record, after, before));
    for (const change of changes) {
      this.#addEntries(change, record);
      for (const key of change.removed) this.#removeEntry.run(change.index.id, key, record);
    }
    this.#resize(collection, record, bytes.length);
    if (before === null) this.#insert.run(record, bytes);
    else this.#rewrite.run(bytes, record);
  }

  #resize(collection: CollectionInfo, record: number, bytes: number): void {
    if (collection.bytes !== null) collection.bytes += bytes - (this.#lengthOf.get(record)?.bytes ?? 0);
  }

  /** What becomes of a document's entries in one index. Errors: `DuplicateKey`, and what {@link entriesOf} refuses. */
  #changeOf(collection: CollectionInfo, index: IndexInfo, record: number, after: Doc, before: Doc | null): EntryChange {
    const { keys, isMultikey } = entriesOf(index, after);
    const old = before === null ? [] : entriesOf(index, before).keys;
    const added = old.length === 0 ? keys : keys.filter((key) => !old.some((other) => other.equals(key)));
    const removed = old.filter((key) => !keys.some((other) => other.equals(key)));
    const isGuarded = index.isUnique || index.isPrepared;
    const taken = isGuarded ? added.find((key) => this.#firstOf.get(index.id, key, record) !== undefined) : undefined;
    if (taken !== undefined) throw duplicateKey(collection, index, valuesUnder(index, after, taken));
    return { index, added, removed, isMultikey };
  }

  #addEntries({ index, added, isMultikey }: EntryChange, record: number): void {
    for (const key of added) this.#addEntry.run(index.id, key, record);
    if (isMultikey) this.#catalog.markMultikey(index);
  }
}

/** Tells whether a change of a document may change its entries in an index: a field that the index or its filter looks at is another. */
function touchedBy(before: Doc, after: Doc): (index: IndexInfo) => boolean {
  const known = new Map<string, boolean>();
  const isOther = (name: string): boolean => {
    const isKnown = known.get(name) ?? !isSameBson(before[name], after[name]);
    known.set(name, isKnown);
    return isKnown;
  };
  return ({ fields, partialFilter }) =>
    partialFilter !== null || fields.some(({ path }) => isOther(keysOf(path)[0] ?? ''));
}

/** A document with its `_id` in front, a new one where it has none. */
export function withId(document: Doc): Doc {
  return Object.hasOwn(document, '_id') ? idInFront(document) : { _id: new ObjectId(), ...document };
}

/** @param values those under the key that is taken, in the order of the index's fields */
function duplicateKey(collection: CollectionInfo, index: IndexInfo, values: readonly unknown[]): ServerError {
  const keyValue = Object.fromEntries(index.fields.map((field, at) => [field.path, values[at]]));
  return new ServerError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${collection.db}.${collection.name} index: ${index.name} dup key: ${shownValue(keyValue)}`,
    { keyPattern: index.spec['key'], keyValue },
  );
}
