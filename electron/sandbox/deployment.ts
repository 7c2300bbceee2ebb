import { Long, type Timestamp } from 'bson';
import { SessionTable } from './commands/session-table.ts';
import { ServerError } from './semantics/server-error.ts';
import { MEMORY_MAX } from './semantics/stages/memory.ts';
import { applyUpdate, kindOfUpdate, type Updated, type UpdateRequest } from './semantics/updates.ts';
import { numberOf, type Doc } from './semantics/values.ts';
import { capOf } from './storage/capped.ts';
import { Catalog, isSamePattern, isView, refuseView, type CollectionInfo } from './storage/catalog.ts';
import { Deadline } from './storage/deadline.ts';
import { DiskSync } from './storage/disk-sync.ts';
import { History } from './storage/history.ts';
import type { IndexInfo } from './storage/index-entries.ts';
import { find, refuseWrong, type Found, type ReadRequest } from './storage/query.ts';
import { Records, withId } from './storage/records.ts';
import { DiskSpill } from './storage/spill.ts';
import { snapshotOf } from './storage/snapshot.ts';
import { INDEXES_EMPTY, type Sqlite } from './storage/schema.ts';
import { CursorTable } from './streams/cursors.ts';
import { Oplog } from './streams/oplog.ts';
import { reckonedDifference, writtenDifference, type Difference } from './streams/document-difference.ts';
import { updateDescription } from './streams/update-description.ts';
import { validate } from './storage/validation.ts';
import { RetryableWrites } from './storage/retryable-writes.ts';

/** What a deployment is made from. */
export interface DeploymentOptions {
  readonly sqlite: Sqlite;
  readonly oplogBytesMax: number;
  /** What a stage may hold in memory, in bytes; MongoDB's limit unless told. */
  readonly stageBytesMax?: number;
  /** The server's clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** How a document is written. */
export interface WriteOptions {
  /** False where the collection's validator is not asked. */
  readonly isValidated: boolean;
}

const VALIDATED: WriteOptions = { isValidated: true };

/** The state of one server: its documents, indexes, changes and cursors. Every method is synchronous, inside a transaction of the caller. */
export class Deployment {
  readonly sqlite: Sqlite;
  readonly disk: DiskSync;
  readonly catalog: Catalog;
  readonly records: Records;
  readonly oplog: Oplog;
  readonly cursors: CursorTable;
  readonly retryable: RetryableWrites;
  /** Where stages put what does not fit in memory. */
  readonly spill: DiskSpill;
  readonly history: History;
  readonly sessions = new SessionTable((sessions) => this.cursors.closeSessions(sessions));
  /** The time that the command under way still has. */
  readonly deadline = new Deadline();
  readonly now: () => number;
  /** When it was opened, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Grows with every change of the database that holds users and roles, also with one that is taken back. */
  accessGeneration = 0;
  #savepoints = 0;

  constructor(options: DeploymentOptions) {
    this.sqlite = options.sqlite;
    this.disk = new DiskSync(options.sqlite);
    this.now = options.now;
    this.startedAtMs = options.now();
    this.catalog = new Catalog(options.sqlite);
    this.records = new Records(options.sqlite, this.catalog, this.deadline);
    this.spill = new DiskSpill(options.sqlite, this.records.sorts, options.stageBytesMax ?? MEMORY_MAX);
    this.oplog = new Oplog(options.sqlite, options.oplogBytesMax, options.now);
    this.cursors = new CursorTable();
    this.retryable = new RetryableWrites(options.sqlite, options.now);
    this.history = new History(options.now, () => this.oplog.time);
    this.#fillIndexes();
    this.#fillViews();
  }

  /** Files of before have views that stand in no collection. */
  #fillViews(): void {
    const views = this.catalog
      .list(null)
      .filter((one) => isView(one) && this.catalog.find(one.db, SYSTEM_VIEWS) === null);
    if (views.length > 0) this.sqlite.transaction(() => views.forEach((view) => this.#noteView(view)))();
  }

  /** Views are documents of a collection that everybody may read, and nobody writes but by making and dropping them. */
  #noteView({ db, name, options }: CollectionInfo): void {
    const views = this.catalog.find(db, SYSTEM_VIEWS) ?? this.catalog.create(db, SYSTEM_VIEWS, {});
    const { viewOn, pipeline = [] } = options;
    this.history.keep(this.records.insert(views, { _id: `${db}.${name}`, viewOn, pipeline }).record, null);
  }

  #forgetView({ db, name }: CollectionInfo): void {
    for (const { record, document } of this.find(db, SYSTEM_VIEWS, { filter: { _id: `${db}.${name}` } })) {
      const views = this.catalog.find(db, SYSTEM_VIEWS);
      if (views !== null) this.records.remove(views, record, document);
      this.history.keep(record, document);
    }
  }

  /** After the form of keys has changed. */
  #fillIndexes(): void {
    if (this.sqlite.pragma('application_id', { simple: true }) !== INDEXES_EMPTY) return;
    this.sqlite.transaction(() => {
      for (const collection of this.catalog.list(null))
        for (const index of Array.from(collection.indexes)) this.#fillAgain(collection, index);
      this.sqlite.pragma('application_id = 0');
    })();
  }

  /** An index that its documents would be refused for now is dropped: without it every answer is the same, and the server starts. */
  #fillAgain(collection: CollectionInfo, index: IndexInfo): void {
    try {
      this.records.fill(collection, index);
    } catch (cause) {
      if (!(cause instanceof ServerError)) throw cause;
      this.catalog.dropIndex(collection, index);
      process.stderr.write(
        `The index ${index.name} of ${collection.db}.${collection.name} was dropped: ${cause.message}\n`,
      );
    }
  }

  /** Runs `work` so that it happens whole or not at all, inside whatever transaction there is. */
  atomically<Value>(work: () => Value): Value {
    const name = `s${(this.#savepoints += 1)}`;
    const { mark } = this.oplog;
    this.sqlite.exec(`SAVEPOINT ${name}`);
    try {
      const value = work();
      this.sqlite.exec(`RELEASE ${name}`);
      return value;
    } catch (cause) {
      this.sqlite.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
      this.catalog.reload();
      this.oplog.rollBackTo(mark);
      this.accessGeneration += 1;
      throw cause;
    } finally {
      this.#savepoints -= 1;
    }
  }

  /** The collection, made and logged where it is not there. @param told the options as the log has them */
  ensureCollection(db: string, name: string, options: Doc = {}, told: Doc = options): CollectionInfo {
    const existing = this.catalog.find(db, name);
    if (existing !== null) return refuseView(existing);
    const made = this.catalog.create(db, name, options);
    if (isView(made)) this.#noteView(made);
    const idIndex = made.indexes[0]?.spec;
    // A clustered collection has its index of ids for its own order, and MongoDB tells of no other one.
    const hasIdIndex = !isView(made) && options['clusteredIndex'] === undefined;
    const operationDescription = { ...told, ...(hasIdIndex ? { idIndex } : {}) };
    this.oplog.append({ operationType: 'create', db, coll: name, ...uuidOf(made), fields: { operationDescription } });
    return made;
  }

  find(db: string, name: string, request: ReadRequest): Iterable<Found> {
    const collection = this.catalog.find(db, name);
    const { at = null } = request;
    if (at !== null) this.history.checkName(db, name, at);
    if (collection === null) {
      refuseWrong(request);
      return [];
    }
    if (at === null) return find(this.records, refuseView(collection), request, this.catalog);
    const { hint: _hint, ...withoutHint } = request;
    const withoutIndexes = { ...refuseView(collection), indexes: [] };
    return find(snapshotOf(this.records, this.history, at, collection), withoutIndexes, withoutHint, null);
  }

  /** Inserts one document and logs it; what refuses it does so before anything is written. */
  insert(db: string, name: string, given: Doc, { isValidated }: WriteOptions = VALIDATED): Doc {
    this.#touch(db);
    refuseSystemViews(name);
    const collection = this.ensureCollection(db, name);
    const complete = withId(given);
    if (isValidated) validate(collection, complete, null);
    const { document, bytes, record } = this.records.insert(collection, complete);
    this.oplog.append({
      operationType: 'insert',
      db,
      coll: name,
      uuid: collection.uuid,
      fields: { documentKey: { _id: document['_id'] } },
      fullDocument: bytes,
    });
    this.history.keep(record, null);
    this.#keepCap(collection, record);
    return document;
  }

  /** Beyond what a capped collection may hold its oldest documents go, and never the one that was just inserted. */
  #keepCap(collection: CollectionInfo, inserted: number): void {
    const cap = capOf(collection.options);
    if (cap === null) return;
    const isOver = (): boolean =>
      this.records.bytes(collection) > cap.bytesMax ||
      (cap.documentsMax !== null && this.records.count(collection) > cap.documentsMax);
    while (isOver()) {
      const oldest = this.records.behind(collection, null).next();
      if (oldest.done === true || oldest.value === inserted) return;
      const record = oldest.value;
      const document = this.records.read(record);
      if (document === null) return;
      this.remove(collection, { record, document });
    }
  }

  /** Updates one found document and logs it. @returns the document as it is now, null where nothing changed */
  update(
    collection: CollectionInfo,
    found: Found,
    request: UpdateRequest,
    { isValidated }: WriteOptions = VALIDATED,
  ): Doc | null {
    refuseSystemViews(collection.name);
    const updated = applyUpdate(found.document, request);
    if (updated === null) return null;
    const { document: after, bytes } = updated;
    if (isValidated) validate(collection, after, found.document);
    this.#touch(collection.db);
    this.records.replace(collection, found.record, { before: found.document, after, bytes });
    const difference = differenceOf(found.document, updated, request);
    const isReplacement = difference === null;
    this.oplog.append({
      operationType: isReplacement ? 'replace' : 'update',
      db: collection.db,
      coll: collection.name,
      uuid: collection.uuid,
      fields: {
        documentKey: { _id: found.document['_id'] },
        ...(isReplacement ? {} : { updateDescription: updateDescription(difference) }),
        ...this.#images(collection, found.document, isReplacement ? null : after),
      },
      ...(isReplacement ? { fullDocument: bytes } : {}),
    });
    this.history.keep(found.record, found.document);
    return after;
  }

  /** Deletes one found document and logs it. */
  remove(collection: CollectionInfo, found: Found): void {
    refuseSystemViews(collection.name);
    this.#touch(collection.db);
    this.records.remove(collection, found.record, found.document);
    this.oplog.append({
      operationType: 'delete',
      db: collection.db,
      coll: collection.name,
      uuid: collection.uuid,
      fields: { documentKey: { _id: found.document['_id'] }, ...this.#images(collection, found.document, null) },
    });
    this.history.keep(found.record, found.document);
  }

  /** With the views of a database all of them go. */
  drop(collection: CollectionInfo): void {
    this.#touch(collection.db);
    if (collection.name === SYSTEM_VIEWS) return this.#dropViews(collection);
    if (isView(collection)) this.#forgetView(collection);
    this.catalog.drop(collection);
    const { db, name: coll } = collection;
    this.oplog.append({ operationType: 'drop', db, coll, ...uuidOf(collection), fields: {} });
    this.history.renamed(collection.db, collection.name);
  }

  /** Lets a view show something else, and logs it. */
  changeView(view: CollectionInfo, shown: { readonly viewOn: string; readonly pipeline: unknown }): void {
    this.#forgetView(view);
    this.catalog.setOptions(view, { ...view.options, ...shown });
    this.#noteView(view);
    const { db, name: coll } = view;
    this.oplog.append({ operationType: 'modify', db, coll, fields: { operationDescription: shown } });
  }

  #dropViews(views: CollectionInfo): void {
    const all = this.catalog.list(views.db).filter(isView);
    for (const one of [...all, views]) {
      this.catalog.drop(one);
      this.history.renamed(one.db, one.name);
    }
  }

  /** Gives a collection another name and logs it; a collection of that name goes. */
  rename(collection: CollectionInfo, to: { readonly db: string; readonly coll: string }): void {
    refuseSystemViews(collection.name);
    refuseSystemViews(to.coll);
    const target = this.catalog.find(to.db, to.coll);
    if (target !== null) this.catalog.drop(target);
    this.#touch(to.db);
    this.catalog.rename(collection, to.db, to.coll);
    const dropped = target === null ? {} : { dropTarget: target.uuid };
    const { db, name: coll, uuid } = collection;
    const fields = { to, operationDescription: { to, ...dropped } };
    this.oplog.append({ operationType: 'rename', db, coll, uuid, fields });
    this.history.renamed(db, coll);
    this.history.renamed(to.db, to.coll);
  }

  /** Creates an index and fills it. @returns false where it is there already */
  createIndex(collection: CollectionInfo, spec: Doc): boolean {
    refuseSystemViews(collection.name);
    const name = String(spec['name']);
    const isSame = (index: IndexInfo): boolean => isSameIndex(index, spec);
    const named = collection.indexes.find((index) => index.name === name);
    if (named !== undefined && !isSame(named)) {
      throw new ServerError(
        'IndexKeySpecsConflict',
        `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: ${name}`,
      );
    }
    const same = collection.indexes.find(isSame);
    if (same === undefined && collection.indexes.length >= INDEXES_MAX)
      throw new ServerError(
        'CannotCreateIndex',
        `add index fails, too many indexes for ${collection.db}.${collection.name} key:${name}`,
      );
    if (same !== undefined && (same.expireAfterSeconds ?? null) !== (numberOf(spec['expireAfterSeconds']) ?? null))
      throw new ServerError(
        'IndexOptionsConflict',
        `An equivalent index already exists with the same name but different options. Requested index: ${name}`,
      );
    if (named !== undefined) return false;
    if (same !== undefined) {
      if (same.name === '_id_') return false;
      throw new ServerError('IndexOptionsConflict', `Index already exists with a different name: ${same.name}`);
    }
    if (capOf(collection.options) !== null && spec['expireAfterSeconds'] !== undefined)
      throw new ServerError('CannotCreateIndex', 'Cannot create TTL index on a capped collection');
    this.atomically(() => {
      const index = this.catalog.addIndex(collection, { v: 2, ...spec });
      this.records.fill(collection, index);
    });
    return true;
  }

  /** The logical time that replies carry. */
  get operationTime(): Timestamp {
    return this.oplog.time;
  }

  #touch(db: string): void {
    if (db === 'admin') this.accessGeneration += 1;
  }

  /** What a collection that keeps images keeps of a change; only an update's event lacks the document as it is then. */
  #images(collection: CollectionInfo, before: Doc, after: Doc | null): Doc {
    const option = collection.options['changeStreamPreAndPostImages'];
    const isOn = typeof option === 'object' && option !== null && (option as Doc)['enabled'] === true;
    if (!isOn) return {};
    return { fullDocumentBeforeChange: before, ...(after === null ? {} : { postImage: after }) };
  }
}

/** What an update's event tells of it; null for a replacement, which a pipeline's update is told as where that is shorter. */
function differenceOf(before: Doc, { document, bytes, writes }: Updated, { update }: UpdateRequest): Difference | null {
  if (writes !== null) return writtenDifference(writes, document);
  return kindOfUpdate(update) === 'replacement' ? null : reckonedDifference(before, document, bytes.length);
}

/** MongoDB's limit of indexes of one collection. */
const INDEXES_MAX = 64;

/** By what MongoDB tells indexes apart: their pattern, whether they are unique or sparse, and the filter of a partial one. */
function isSameIndex(index: IndexInfo, { key, unique, sparse, partialFilterExpression }: Doc): boolean {
  const isOn = (flag: unknown): boolean => flag === true || (numberOf(flag) ?? 0) !== 0;
  if (!isSamePattern(index.spec['key'], key)) return false;
  if (index.name === '_id_' || index.spec['clustered'] === true) return true;
  return (
    index.isUnique === isOn(unique) &&
    index.isSparse === isOn(sparse) &&
    isSamePattern(index.partialFilter ?? {}, partialFilterExpression ?? {})
  );
}

/** The collection of each database in which its views stand. */
export const SYSTEM_VIEWS = 'system.views';

/** Error: `NotImplemented` for a change of views by their documents. */
function refuseSystemViews(name: string): void {
  if (name === SYSTEM_VIEWS)
    throw new ServerError(
      'NotImplemented',
      `The sandbox server changes ${SYSTEM_VIEWS} only by making and dropping views`,
    );
}

/** The id of a collection for the log; a view has none there. */
function uuidOf(collection: CollectionInfo): Pick<CollectionInfo, 'uuid'> | Record<string, never> {
  return isView(collection) ? {} : { uuid: collection.uuid };
}

/** The id 0 that says that a cursor is exhausted. */
export const NO_CURSOR = Long.ZERO;
