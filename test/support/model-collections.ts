import { isDeepStrictEqual } from 'node:util';
import { MongoServerError, type Document } from 'mongodb';
import { Context, evalExpr, ProcessingMode } from 'mingo/core';
import * as booleans from 'mingo/operators/expression/boolean';
import * as expressions from 'mingo/operators/expression';
import { $max, $sum } from 'mingo/operators/accumulator';
import * as queries from 'mingo/operators/query';
import { Query } from 'mingo/query';
import type { RawDocument } from '#store/collections.ts';
import { DUPLICATE_KEY } from '#store/driver-errors.ts';

/** What the store writes with a pipeline of `$set` stages, or with plain `$set` and `$unset`. */
export type Update = readonly Document[] | Document;

// Only what the store uses: mingo copies the table of operators with every evaluation.
const CONTEXT = Context.init({
  accumulator: { $max, $sum },
  expression: {
    $add: expressions.$add,
    $and: booleans.$and,
    $concat: expressions.$concat,
    $concatArrays: expressions.$concatArrays,
    $cond: expressions.$cond,
    $eq: expressions.$eq,
    $filter: expressions.$filter,
    $gt: expressions.$gt,
    $gte: expressions.$gte,
    $ifNull: expressions.$ifNull,
    $in: expressions.$in,
    $literal: expressions.$literal,
    $lt: expressions.$lt,
    $lte: expressions.$lte,
    $map: expressions.$map,
    $mergeObjects: expressions.$mergeObjects,
    $ne: expressions.$ne,
    $not: booleans.$not,
    $subtract: expressions.$subtract,
    $switch: expressions.$switch,
  },
  query: {
    $and: queries.$and,
    $elemMatch: queries.$elemMatch,
    $eq: queries.$eq,
    $exists: queries.$exists,
    $gt: queries.$gt,
    $gte: queries.$gte,
    $in: queries.$in,
    $lt: queries.$lt,
    $lte: queries.$lte,
    $ne: queries.$ne,
    $nin: queries.$nin,
    $or: queries.$or,
    $size: queries.$size,
    $type: queries.$type,
  },
});
const OPTIONS = {
  context: CONTEXT,
  scriptEnabled: false,
  useStrictMode: true,
  failOnError: true,
  idKey: '_id',
  processingMode: ProcessingMode.CLONE_OFF,
};

/** MongoDB's code for an expression that cannot be computed. */
const BAD_VALUE = 2;

/** A document that nobody else holds a piece of. */
export function cloned<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(cloned) as Value;
  if (value instanceof Date) return new Date(value) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    // The driver writes what is undefined as null.
    Object.entries(value).map(([name, field]) => [name, field === undefined ? null : cloned(field)]),
  ) as Value;
}

/** The collections of a deployment in memory, with MongoDB's semantics by mingo for exactly what the store asks of it. */
export class ModelDeployment {
  readonly jobs = new ModelCollection(this);
  readonly accounts = new ModelCollection(this);
  readonly ledger = new ModelCollection(this);
  readonly runners = new ModelCollection(this);
  /** The server's clock, in milliseconds; moved by whoever owns the deployment. */
  nowMs: number;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }
}

/** Documents by id, in the order of their insertion. Every method is one atomic step of a server. */
export class ModelCollection {
  readonly documents = new Map<string, RawDocument>();
  readonly #deployment: ModelDeployment;

  constructor(deployment: ModelDeployment) {
    this.#deployment = deployment;
  }

  /** Ids of the documents that a filter meets. */
  idsOf(filter: Document): string[] {
    const { _id, ...others } = filter;
    if (typeof _id === 'string') {
      const document = this.documents.get(_id);
      return document !== undefined && matcherOf(others)(document) ? [_id] : [];
    }
    return [...this.documents.values()].filter(matcherOf(filter)).map((document) => document._id);
  }

  /** Updates one document if it still meets the filter. @returns what the server counts */
  updateOne(filter: Document, update: Update): { readonly matched: number; readonly modified: number } {
    const [id] = this.idsOf(filter);
    const before = id === undefined ? undefined : this.documents.get(id);
    if (id === undefined || before === undefined) return { matched: 0, modified: 0 };
    const after = updated(before, update, this.#deployment.nowMs);
    this.documents.set(id, after);
    return { matched: 1, modified: isDeepStrictEqual(before, after) ? 0 : 1 };
  }

  insert(document: RawDocument): void {
    if (this.documents.has(document._id)) throw duplicateKey(document._id);
    this.documents.set(document._id, cloned(document));
  }

  /** What an upsert inserts: the filter's equalities, then the update. */
  upsert(filter: Document, update: Update): void {
    const seed = Object.fromEntries(Object.entries(filter).filter(([name]) => !name.startsWith('$')));
    this.insert(updated({ _id: String(filter['_id']), ...seed }, update, this.#deployment.nowMs));
  }
}

/**
 * Whether documents meet a filter. Equalities of the top level are compared first: most guards fail by them alone, and a
 * query is compiled only where a document gets past them.
 */
function matcherOf(filter: Document): (document: RawDocument) => boolean {
  const conditions = Object.entries(filter);
  const equalities = conditions.filter(([path, wanted]) => !/[.$]/.test(path) && choicesOf(wanted) !== null);
  let query: Query | null = null;
  return (document) => {
    const isRefused = equalities.some(([path, wanted]) => {
      const found = document[path];
      // An array is met by its elements; that is left to the query.
      return isPlain(found) && choicesOf(wanted)?.includes(found) === false;
    });
    if (isRefused) return false;
    const isMet = equalities.length === conditions.length && equalities.every(([path]) => isPlain(document[path]));
    return isMet || (query ??= new Query(filter, OPTIONS)).test(document);
  };
}

/** The values that a condition allows where it says nothing but which; null where it says more. */
function choicesOf(wanted: unknown): readonly unknown[] | null {
  if (isPlain(wanted)) return [wanted];
  if (typeof wanted !== 'object' || wanted === null || !('$in' in wanted)) return null;
  const { $in, ...others } = wanted;
  return Array.isArray($in) && Object.keys(others).length === 0 && $in.every(isPlain) ? $in : null;
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** What a server says of an id that it already has. */
export function duplicateKey(id: string): MongoServerError {
  return new MongoServerError({ message: `E11000 duplicate key error dup key: { _id: "${id}" }`, code: DUPLICATE_KEY });
}

function updated(before: RawDocument, update: Update, nowMs: number): RawDocument {
  const after = cloned(before);
  if (!Array.isArray(update)) {
    const { $set = {}, $unset = {}, ...others } = update as Record<string, Document>;
    if (Object.keys(others).length > 0) throw new Error(`no such operator here: ${Object.keys(others).join()}`);
    for (const [path, value] of Object.entries($set)) setPath(after, path, cloned(value));
    for (const path of Object.keys($unset)) setPath(after, path, undefined);
    return after;
  }
  for (const stage of update as readonly Document[]) {
    const fields = Object.entries(stage['$set'] as Document);
    if (Object.keys(stage).length !== 1) throw new Error('no such stage here');
    // One expression for the whole stage, so that every field is computed from the document as it was before the stage.
    const now = new Date(nowMs);
    const expression = Object.fromEntries(fields.map(([, value], index) => [`f${index}`, atTime(value, now)]));
    const values = cloneDefined(evaluate(after, expression));
    fields.forEach(([path], index) => setPath(after, path, values[`f${index}`]));
  }
  return after;
}

/** What mingo refuses, a server refuses too. */
function evaluate(document: RawDocument, expression: Document): Document {
  try {
    return evalExpr(document, expression, OPTIONS) as Document;
  } catch (cause) {
    throw new MongoServerError({ message: cause instanceof Error ? cause.message : String(cause), code: BAD_VALUE });
  }
}

function cloneDefined(values: Document): Document {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === undefined ? undefined : cloned<unknown>(value)]),
  );
}

/** The expression with `$$NOW` replaced: the server's clock stands still while a statement runs. */
function atTime(expression: unknown, now: Date): unknown {
  if (expression === '$$NOW') return now;
  if (Array.isArray(expression)) return expression.map((one) => atTime(one, now));
  if (typeof expression !== 'object' || expression === null || expression instanceof Date) return expression;
  if ('$literal' in expression) return expression;
  return Object.fromEntries(Object.entries(expression).map(([name, value]) => [name, atTime(value, now)]));
}

function setPath(document: object, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let parent = document as Record<string, unknown>;
  for (const name of names) {
    const next = Object.hasOwn(parent, name) ? parent[name] : undefined;
    if (typeof next !== 'object' || next === null) parent[name] = {};
    parent = parent[name] as Record<string, unknown>;
  }
  if (value === undefined) delete parent[last];
  else parent[last] = value;
}
