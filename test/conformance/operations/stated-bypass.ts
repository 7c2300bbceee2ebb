import { MongoServerError, type ClientSession, type Collection, type Document } from 'mongodb';
import type { Perform } from './arguments.ts';

/**
 * Operations that say `bypassDocumentValidation: false`. The driver leaves it out of these, because it is the server's default; they
 * go as the commands that the driver sends, with it.
 */
export const STATED_BYPASS: Readonly<Record<string, Perform<Collection>>> = {
  aggregate: async (target, given) => {
    const pipeline = given.docs('pipeline');
    const { batchSize, session, ...others } = given.options();
    const cursor = batchSize === undefined ? {} : { batchSize: batchSize as unknown };
    const command = { aggregate: target.collectionName, pipeline, cursor, ...others };
    return target.db.runCursorCommand(command, inSession(session)).toArray();
  },
  bulkWrite: async (target, given) => {
    const requests = given.docs('requests');
    const { session, ordered = true, ...others } = given.options();
    const result = new BulkResult();
    for (const { name, statements } of runsOf(requests)) {
      const command = { [name]: target.collectionName, [STATEMENTS[name]]: statements, ordered: ordered as unknown };
      result.add(name, statements, await send(target, { ...command, ...others }, session));
    }
    return result;
  },
  findOneAndReplace: (target, given) => findAndModify(target, given, 'replacement'),
  findOneAndUpdate: (target, given) => findAndModify(target, given, 'update'),
  insertMany: async (target, given) => {
    const documents = given.docs('documents');
    const { session, ordered = true, ...others } = given.options();
    const command = { insert: target.collectionName, documents, ordered: ordered as unknown, ...others };
    const { n } = await send(target, command, session);
    return { acknowledged: true, insertedCount: n as unknown, insertedIds: idsOf(documents, 0) };
  },
};

async function findAndModify(
  target: Collection,
  given: Parameters<Perform<Collection>>[1],
  change: 'replacement' | 'update',
): Promise<unknown> {
  const [query, update] = [given.doc('filter'), given.update(change)];
  const { session, projection, returnDocument, ...others } = given.options();
  const command = {
    findAndModify: target.collectionName,
    query,
    update,
    new: returnDocument === 'after',
    ...(projection === undefined ? {} : { fields: projection as unknown }),
    ...others,
  };
  const { value = null } = await send(target, command, session);
  return value as unknown;
}

/** Throws the first refusal of a statement, as the driver does. */
async function send(target: Collection, command: Document, session: unknown): Promise<Document> {
  const reply = await target.db.command(command, inSession(session));
  const [refused] = (reply['writeErrors'] ?? []) as readonly Document[];
  if (refused !== undefined) throw new MongoServerError(refused);
  return reply;
}

function inSession(session: unknown): { session?: ClientSession } {
  return session === undefined ? {} : { session: session as ClientSession };
}

type Command = 'insert' | 'update' | 'delete';
const STATEMENTS = { insert: 'documents', update: 'updates', delete: 'deletes' } as const;

interface Run {
  readonly name: Command;
  readonly statements: Document[];
}

/** Requests in their order, those of one command together. */
function runsOf(requests: readonly Document[]): readonly Run[] {
  const runs: Run[] = [];
  for (const request of requests) {
    const { name, statement } = statementOf(request);
    const last = runs.at(-1);
    if (last?.name === name) last.statements.push(statement);
    else runs.push({ name, statements: [statement] });
  }
  return runs;
}

function statementOf(request: Document): { readonly name: Command; readonly statement: Document } {
  const [[kind, body] = ['', {}]] = Object.entries(request) as [string, Document][];
  const { document, filter: q, update, replacement, ...others } = body;
  const isMany = kind.endsWith('Many');
  switch (kind) {
    case 'insertOne':
      return { name: 'insert', statement: document as Document };
    case 'deleteOne':
    case 'deleteMany':
      return { name: 'delete', statement: { q: q as unknown, limit: isMany ? 0 : 1, ...others } };
    case 'updateOne':
    case 'updateMany':
    case 'replaceOne':
      return {
        name: 'update',
        statement: { q: q as unknown, u: (update ?? replacement) as unknown, multi: isMany, ...others },
      };
    default:
      throw new Error(`the request '${kind}' is not known`);
  }
}

/** What a bulk write came to, under the format's names. */
class BulkResult {
  insertedCount = 0;
  matchedCount = 0;
  modifiedCount = 0;
  deletedCount = 0;
  upsertedCount = 0;
  readonly insertedIds: Record<number, unknown> = {};
  readonly upsertedIds: Record<number, unknown> = {};
  #requests = 0;

  add(name: Command, statements: readonly Document[], { n, nModified, upserted = [] }: Document): void {
    const made = upserted as readonly { readonly index: number; readonly _id: unknown }[];
    if (name === 'insert') {
      this.insertedCount += Number(n);
      Object.assign(this.insertedIds, idsOf(statements, this.#requests));
    } else if (name === 'delete') this.deletedCount += Number(n);
    else {
      this.matchedCount += Number(n) - made.length;
      this.modifiedCount += Number(nModified);
      this.upsertedCount += made.length;
      for (const { index, _id } of made) this.upsertedIds[this.#requests + index] = _id;
    }
    this.#requests += statements.length;
  }
}

function idsOf(documents: readonly Document[], from: number): Record<number, unknown> {
  return Object.fromEntries(documents.map((document, at) => [from + at, document['_id'] as unknown]));
}
