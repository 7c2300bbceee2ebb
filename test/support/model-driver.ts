import {
  MongoBulkWriteError,
  MongoError,
  MongoServerError,
  type BulkWriteResult,
  type Collection,
  type Document,
  type WriteError,
} from 'mongodb';
import type { Collections, RawDocument } from '#store/collections.ts';
import { DUPLICATE_KEY } from '#store/driver-errors.ts';
import { cloned, duplicateKey, type ModelCollection, type ModelDeployment, type Update } from './model-collections.ts';

/**
 * One document's write or one read, about to happen on the server. The gate decides when it happens, whether it does, and
 * whether its reply arrives; it calls `apply` once, several times, or not at all.
 */
export type Gate = <Value>(operation: string, apply: () => Value) => Promise<Value>;

/** Lets everything happen at once and answers everything: a server without faults. */
export const openGate: Gate = (_operation, apply) => Promise.resolve().then(apply);

/** The collections of a deployment as one client sees them: each of its calls goes through its gate. */
export function connectTo(deployment: ModelDeployment, gate: Gate): Collections {
  const port = (name: string, collection: ModelCollection): Collection<RawDocument> =>
    // The store uses a dozen of the driver's methods; a call of any other fails here by not being a function.
    new CollectionPort(name, collection, gate) as unknown as Collection<RawDocument>;
  return {
    jobs: port('jobs', deployment.jobs),
    accounts: port('accounts', deployment.accounts),
    ledger: port('ledger', deployment.ledger),
    runners: port('runners', deployment.runners),
  };
}

type Order = Readonly<Record<string, 1 | -1>>;
type FindRun = (shape: { order: Order; count: number; fields: Document | null }) => Promise<RawDocument[]>;

/** What the driver's cursor offers and the store uses. */
class ModelCursor {
  readonly #run: FindRun;
  #order: Order = {};
  #count = 0;
  #fields: Document | null = null;

  constructor(run: FindRun) {
    this.#run = run;
  }

  sort(order: Order): this {
    this.#order = order;
    return this;
  }

  limit(count: number): this {
    this.#count = count;
    return this;
  }

  project(fields: Document): this {
    this.#fields = fields;
    return this;
  }

  toArray(): Promise<RawDocument[]> {
    return this.#run({ order: this.#order, count: this.#count, fields: this.#fields });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RawDocument> {
    yield* await this.toArray();
  }
}

interface UpdateStatement {
  readonly updateOne: { readonly filter: Document; readonly update: Update; readonly upsert?: boolean };
}

interface UpdateCounts {
  readonly matched: number;
  readonly modified: number;
  readonly upserted: number;
}

/** One collection as one client sees it, in the driver's words. */
class CollectionPort {
  readonly #name: string;
  readonly #collection: ModelCollection;
  readonly #gate: Gate;

  constructor(name: string, collection: ModelCollection, gate: Gate) {
    this.#name = name;
    this.#collection = collection;
    this.#gate = gate;
  }

  find(filter: Document = {}, { skip = 0 }: { readonly skip?: number } = {}): ModelCursor {
    const run: FindRun = ({ order, count, fields }) =>
      this.#gate(`${this.#name}.find`, () => {
        const found = this.#collection.idsOf(filter).flatMap((id) => this.#collection.documents.get(id) ?? []);
        const sorted = found.toSorted((left, right) => compare(left, right, order));
        const limited = sorted.slice(skip, count === 0 ? sorted.length : skip + count);
        return limited.map((document) => cloned(projected(document, fields)));
      });
    return new ModelCursor(run);
  }

  async findOne(filter: Document): Promise<RawDocument | null> {
    const [found] = await this.find(filter).limit(1).toArray();
    return found ?? null;
  }

  /** Each statement is a step of its own, as on a server: others come in between, and a cut leaves a part done. */
  async bulkWrite(
    statements: readonly UpdateStatement[],
    options: { readonly ordered?: boolean } = {},
  ): Promise<{ matchedCount: number; modifiedCount: number; upsertedCount: number }> {
    const counts = { matchedCount: 0, modifiedCount: 0, upsertedCount: 0 };
    const errors: StatementError[] = [];
    for (const [index, { updateOne }] of statements.entries()) {
      const done = await this.#gateBulk(`${this.#name}.update`, counts, () => this.#try(updateOne));
      if (done instanceof MongoServerError) {
        const [code, errmsg] = [Number(done.code), done.message];
        errors.push({ index, code, errmsg });
        if (options.ordered !== false) break;
        continue;
      }
      counts.matchedCount += done.matched;
      counts.modifiedCount += done.modified;
      counts.upsertedCount += done.upserted;
    }
    if (errors.length > 0) throw bulkError(errors, counts);
    return counts;
  }

  /** The driver wraps whatever ends a bulk write as a whole, a cut connection too: an error of a bulk write that names no statement. */
  async #gateBulk<Value>(operation: string, counts: object, apply: () => Value): Promise<Value> {
    try {
      return await this.#gate(operation, apply);
    } catch (cause) {
      throw cause instanceof MongoError ? new MongoBulkWriteError(cause, bulkResult(counts)) : cause;
    }
  }

  #try({ filter, update, upsert }: UpdateStatement['updateOne']): UpdateCounts | MongoServerError {
    try {
      const done = this.#collection.updateOne(filter, update);
      const isInserted = done.matched === 0 && upsert === true;
      if (isInserted) this.#collection.upsert(filter, update);
      return { ...done, upserted: isInserted ? 1 : 0 };
    } catch (cause) {
      if (cause instanceof MongoServerError) return cause;
      throw cause;
    }
  }

  async updateOne(
    filter: Document,
    update: Update,
    options: { readonly upsert?: boolean } = {},
  ): Promise<{ matchedCount: number; modifiedCount: number; upsertedCount: number }> {
    return this.#gate(`${this.#name}.update`, () => {
      const done = this.#collection.updateOne(filter, update);
      const isInserted = done.matched === 0 && options.upsert === true;
      if (isInserted) this.#collection.upsert(filter, update);
      return { matchedCount: done.matched, modifiedCount: done.modified, upsertedCount: isInserted ? 1 : 0 };
    });
  }

  async findOneAndUpdate(filter: Document, update: Update): Promise<RawDocument | null> {
    return this.#gate(`${this.#name}.findAndModify`, () => {
      const [id = ''] = this.#collection.idsOf(filter);
      const { matched } = this.#collection.updateOne({ ...filter, _id: id }, update);
      const found = matched === 0 ? undefined : this.#collection.documents.get(id);
      return found === undefined ? null : cloned(found);
    });
  }

  async updateMany(filter: Document, update: Update): Promise<{ matchedCount: number; modifiedCount: number }> {
    const ids = await this.#gate(`${this.#name}.updateMany`, () => this.#collection.idsOf(filter));
    const { _id: _ids, ...others } = filter;
    return this.bulkWrite(ids.map((id) => ({ updateOne: { filter: { _id: id, ...others }, update } })));
  }

  async insertMany(documents: readonly RawDocument[]): Promise<{ insertedCount: number }> {
    const errors: StatementError[] = [];
    let insertedCount = 0;
    for (const [index, document] of documents.entries()) {
      const isNew = await this.#gateBulk(`${this.#name}.insert`, { insertedCount }, () => {
        const isFree = !this.#collection.documents.has(document._id);
        if (isFree) this.#collection.insert(document);
        return isFree;
      });
      insertedCount += isNew ? 1 : 0;
      if (!isNew) errors.push({ index, code: DUPLICATE_KEY, errmsg: duplicateKey(document._id).message });
    }
    if (errors.length === 0) return { insertedCount };
    throw bulkError(errors, { insertedCount });
  }
}

/** What the store reads of a driver's `WriteError`, whose class the driver does not export. */
interface StatementError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

function bulkError(errors: readonly StatementError[], counts: object): MongoBulkWriteError {
  const message = errors[0]?.errmsg ?? '';
  return new MongoBulkWriteError(
    { message, code: errors[0]?.code ?? 0, writeErrors: errors as unknown as WriteError[] },
    bulkResult(counts),
  );
}

function bulkResult(counts: object): BulkWriteResult {
  return { ...counts, getWriteConcernError: () => undefined } as unknown as BulkWriteResult;
}

function projected(document: RawDocument, fields: Document | null): RawDocument {
  if (fields === null) return document;
  const picked = Object.entries(document).filter(([name]) => name === '_id' || fields[name] === 1);
  return { _id: document._id, ...Object.fromEntries(picked) };
}

function compare(left: RawDocument, right: RawDocument, order: Order): number {
  for (const [path, direction] of Object.entries(order)) {
    const [a, b] = [sortValue(left, path), sortValue(right, path)];
    if (a !== b) return a < b ? -direction : direction;
  }
  return 0;
}

function sortValue(document: RawDocument, path: string): number | string {
  const value = path.split('.').reduce<unknown>((at, name) => (at as Document | undefined)?.[name], document);
  return value instanceof Date ? value.getTime() : typeof value === 'number' ? value : String(value);
}
