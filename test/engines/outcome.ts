import { EJSON } from 'bson';
import type { Db, Document } from 'mongodb';
import type { Case, Operation } from './operations.ts';

/** What a server made of a command: a text that is the same where the answers are. */
export interface Outcome {
  readonly text: string;
  /** The code of a refusal, null for none. */
  readonly code: number | null;
  readonly message: string;
  /** Of contents: whether the command before was refused. */
  readonly wasRefused?: boolean;
}

/** What the DocumentDB engine answers when one of its processes has crashed, until all of them are back. */
const CRASHED =
  /recovery mode|not yet accepting|starting up|shutting down|terminat|server closed|connection (\d+ to \S+ )?(closed|terminated)|timed out|ECONN/i;

/** The engine crashed, and what it was asked compares nothing. */
export class EngineCrash extends Error {}

/** Whether a refusal tells of a crash and not of what was asked. */
export function isCrash(message: string): boolean {
  return CRASHED.test(message);
}

/** Throws {@link EngineCrash} for an outcome that is none. */
export function refuseCrash({ code, message }: Outcome): void {
  if (code !== null && isCrash(message)) throw new EngineCrash(message);
}

const COLLECTION = 'coll';
const RAW = { promoteValues: false, promoteLongs: false, promoteBuffers: false, bsonRegExp: true } as const;

/** Makes a collection with its indexes. */
export async function makeWorld(db: Db, world: number, indexes: readonly Document[]): Promise<void> {
  const collection = await db.createCollection(nameOf(world));
  for (const { key, name, sparse } of indexes)
    await collection.createIndex(key as Record<string, 1 | -1>, { name: String(name), sparse: sparse === true });
}

function nameOf(world: number): string {
  return `coll${world}`;
}

/** Empties the case's collection and fills it with the case's documents. */
export async function prepare(db: Db, { world, documents }: Case): Promise<Outcome> {
  await run(db, world, { kind: 'delete', command: { delete: COLLECTION, deletes: [{ q: {}, limit: 0 }] } });
  return run(db, world, { kind: 'insert', command: { insert: COLLECTION, documents, ordered: false } });
}

/** Runs one command. Only what a client can rely on is compared: no plans, no times, no texts of refusals. */
export async function run(db: Db, world: number, operation: Operation): Promise<Outcome> {
  let reply: Document;
  try {
    reply = await db.command(named(operation.command, world), RAW);
  } catch (cause) {
    const code = codeOf(cause);
    return { text: `refused ${code}`, code, message: cause instanceof Error ? cause.message : String(cause) };
  }
  const errors = listOf(reply['writeErrors']);
  const [first] = errors;
  const code = first === undefined ? null : Number(first['code']);
  return { text: textOf(operation, reply, errors), code, message: String(first?.['errmsg'] ?? '') };
}

/** The documents that a pipeline gives, or the code of its refusal. */
export type Documents =
  | { readonly documents: readonly Document[]; readonly code: null }
  | { readonly documents: null; readonly code: number };

/** Runs a pipeline over a collection, or with 1 over the documents that it begins with. */
export async function documentsOf(db: Db, world: number | null, pipeline: readonly Document[]): Promise<Documents> {
  try {
    const cursor = { batchSize: 1000 };
    const reply = await db.command({ aggregate: world === null ? 1 : nameOf(world), pipeline, cursor }, RAW);
    return { documents: listOf(docOf(reply['cursor'])['firstBatch']), code: null };
  } catch (cause) {
    if (isCrash(String(cause))) throw new EngineCrash(String(cause));
    return { documents: null, code: codeOf(cause) };
  }
}

/** The indexes of a collection. */
export function indexesOf(db: Db, world: number): Promise<readonly Document[]> {
  return db.collection(nameOf(world)).listIndexes().toArray();
}

/** Documents as the text of an outcome. */
export function textOfDocuments(documents: readonly Document[], isOrdered: boolean): string {
  const lines = documents.map(shown);
  return (isOrdered ? lines : lines.sort()).join('\n');
}

/** What an update says, as the text of an outcome. */
export function textOfUpdate(n: number, nModified: number): string {
  return shown({ n, nModified, refused: [] });
}

function named(command: Document, world: number): Document {
  const [name = ''] = Object.keys(command);
  return { ...command, [name]: nameOf(world) };
}

/** The documents of the case's collection as they are now. */
export function contents(db: Db, world: number): Promise<Outcome> {
  return run(db, world, { kind: 'find', command: { find: COLLECTION, sort: { _id: 1 }, batchSize: 1000 } });
}

function textOf({ kind, command }: Operation, reply: Document, errors: readonly Document[]): string {
  const refused = errors.map((error) => Number(error['code']));
  switch (kind) {
    case 'find':
    case 'aggregate': {
      return textOfDocuments(listOf(docOf(reply['cursor'])['firstBatch']), hasOrder(command));
    }
    case 'distinct':
      return (reply['values'] as readonly unknown[]).map(shown).sort().join('\n');
    case 'findAndModify':
      return shown({ value: docOf(reply)['value'] });
    default:
      return shown({ n: Number(reply['n']), nModified: Number(reply['nModified'] ?? 0), refused });
  }
}

function docOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** Whether the answer of an aggregation comes in an order. */
export function hasOrder({ pipeline }: Document): boolean {
  return !listOf(pipeline).some((stage) => '$group' in stage || '$sortByCount' in stage);
}

function listOf(value: unknown): readonly Document[] {
  return Array.isArray(value) ? (value as Document[]) : [];
}

/** A value as text. */
export function shown(value: unknown): string {
  return EJSON.stringify(value, { relaxed: false }).replaceAll(/\{"\$oid":"[0-9a-f]{24}"\}/g, (id) =>
    /"(a{24}|b{24})"/.test(id) ? id : '{"$oid":"new"}',
  );
}

function codeOf(cause: unknown): number {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  // Numbers come as BSON's.
  const number = Number(code);
  return Number.isInteger(number) ? number : -1;
}
