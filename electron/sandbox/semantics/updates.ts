import { BSONRegExp, Timestamp } from 'bson';
import type { Collation } from './collation.ts';
import {
  applyOperators,
  copyOf,
  refuseConflictingOperators,
  refuseUnusableOperators,
  UPDATE_OPERATORS,
  type OperatorContext,
} from './operator-updates.ts';
import { applyPipelineUpdate, compilePipelineUpdate } from './pipelines.ts';
import { isEqual } from './compare.ts';
import { isOperators } from './field-conditions.ts';
import { keysOf } from './field-names.ts';
import { isSameBson } from './same-bson.ts';
import { ServerError } from './server-error.ts';
import type { Write } from './update-paths.ts';
import { assign, encode, idInFront, isDoc, storedBytes, type Doc } from './values.ts';

/** How documents are to be changed; all in exact form. */
export interface UpdateRequest {
  readonly update: Doc | readonly Doc[];
  /** What chose the documents: the positional operator looks there for the element that matched. */
  readonly filter: Doc;
  readonly arrayFilters: readonly Doc[];
  readonly variables: Doc;
  readonly collation?: Collation | null;
  /** The time of the statement; the clock's where it is not there. */
  readonly now?: Date;
  readonly timestamp?: Timestamp;
}

/** How an update is given. */
export type UpdateKind = 'pipeline' | 'operators' | 'replacement';

/** The kinds of updates that were looked through: each is asked of more than once, and again for each document. */
const KINDS = new WeakMap<Doc, UpdateKind>();

/** Tells the kind of an update, and refuses a mixture. */
export function kindOfUpdate(update: unknown): UpdateKind {
  if (Array.isArray(update)) return 'pipeline';
  if (!isDoc(update)) throw new ServerError('FailedToParse', 'Update argument must be either an object or an array');
  const known = KINDS.get(update);
  if (known !== undefined) return known;
  const kind = kindOfDocument(update);
  KINDS.set(update, kind);
  return kind;
}

function kindOfDocument(update: Doc): UpdateKind {
  const keys = Object.keys(update);
  if (!(keys[0] ?? '').startsWith('$')) {
    const dollar = keys.find((key) => key.startsWith('$'));
    if (dollar !== undefined) {
      throw new ServerError(
        'DollarPrefixedFieldName',
        `The dollar ($) prefixed field '${dollar}' in '${dollar}' is not allowed in the context of an update's replacement document.`,
      );
    }
    return 'replacement';
  }
  for (const key of keys) {
    if (!UPDATE_OPERATORS.has(key)) {
      throw new ServerError(
        'FailedToParse',
        `Unknown modifier: ${key}. Expected a valid update modifier or pipeline-style update specified as an array`,
      );
    }
    if (!isDoc(update[key])) {
      throw new ServerError(
        'FailedToParse',
        `Modifiers operate on fields but we found type ${typeof update[key]} instead. For example: {$mod: {<field>: ...}} not {${key}: ${String(update[key])}}`,
      );
    }
  }
  refuseConflictingOperators(update);
  return 'operators';
}

/** A document as an update leaves it. */
export interface Updated {
  /** In exact or working form. */
  readonly document: Doc;
  readonly bytes: Uint8Array;
  /** What operators wrote; null where the whole document was given, or reckoned by a pipeline. */
  readonly writes: readonly Write[] | null;
}

/** A document (exact form) after an update. @returns the new document, or null where nothing changed */
export function applyUpdate(before: Doc, request: UpdateRequest): Updated | null {
  const { document, writes } = changed(before, request);
  if (Object.hasOwn(before, '_id') && !isSameBson(before['_id'], document['_id'])) {
    throw new ServerError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  }
  const bytes = encode(document);
  // Bytes that a client sent may be others than those that are written anew of the same document.
  if (Buffer.compare(storedBytes(before), bytes) === 0 || isSameBson(before, document)) return null;
  const ordered = idInFront(document);
  return { document: ordered, bytes: ordered === document ? bytes : encode(ordered), writes };
}

type Changed = Pick<Updated, 'document' | 'writes'>;

function changed(before: Doc, request: UpdateRequest): Changed {
  const { update } = request;
  switch (kindOfUpdate(update)) {
    case 'pipeline':
      return { document: withIdOf(before, pipelineOf(request)(before)), writes: null };
    case 'replacement':
      return { document: withIdOf(before, update as Doc), writes: null };
    case 'operators': {
      return withOperators(before, request, false);
    }
  }
}

/** Compiled with the first document of a statement, for all of them. */
const PIPELINES = new WeakMap<UpdateRequest, (document: Doc) => Doc>();

function pipelineOf(request: UpdateRequest): (document: Doc) => Doc {
  const known = PIPELINES.get(request);
  if (known !== undefined) return known;
  const compiled = compilePipelineUpdate(request.update as readonly Doc[], request.variables);
  PIPELINES.set(request, compiled);
  return compiled;
}

/** Refuses an update that is wrong whatever it would change, where it finds nothing: MongoDB reads it before it looks. Errors: those of the update. */
export function refuseUnusable(request: UpdateRequest): void {
  const kind = kindOfUpdate(request.update);
  if (kind === 'pipeline') pipelineOf(request);
  if (kind === 'operators') refuseUnusableOperators(request.update as Doc, contextOf(request, false));
}

/**
 * The document that an upsert inserts: the filter's equalities, then the update. Errors: `ImmutableField` for another id than the filter's,
 * `NotSingleValueField`, `NotExactValueField`.
 */
export function upsertedDocument(request: UpdateRequest): Doc {
  const seed = seedOf(request);
  const document = insertedDocument(request, seed);
  if (Object.hasOwn(seed, '_id') && !isEqual(seed['_id'], document['_id']))
    throw new ServerError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  return document;
}

function insertedDocument(request: UpdateRequest, seed: Doc): Doc {
  const { update } = request;
  switch (kindOfUpdate(update)) {
    case 'pipeline':
      return withIdOf(seed, applyPipelineUpdate(update as readonly Doc[], seed, request.variables));
    case 'replacement':
      return Object.hasOwn(seed, '_id') && !Object.hasOwn(update, '_id')
        ? { _id: seed['_id'], ...(update as Doc) }
        : (update as Doc);
    case 'operators': {
      return withOperators(seed, request, true).document;
    }
  }
}

function withOperators(before: Doc, request: UpdateRequest, isInsert: boolean): Changed {
  const document = copyOf(before) as Doc;
  return { document, writes: applyOperators(document, request.update as Doc, contextOf(request, isInsert)) };
}

function contextOf(request: UpdateRequest, isInsert: boolean): OperatorContext {
  const { filter, arrayFilters, collation = null, now = new Date() } = request;
  const timestamp = request.timestamp ?? new Timestamp({ t: Math.floor(now.getTime() / 1000), i: 1 });
  return { filter, arrayFilters, collation, now, timestamp, isInsert };
}

function withIdOf(before: Doc, after: Doc): Doc {
  return Object.hasOwn(before, '_id') && !Object.hasOwn(after, '_id') ? { _id: before['_id'], ...after } : after;
}

/** A replacement takes of its filter the id alone, which must be the whole of it. */
function seedOf({ filter, update }: UpdateRequest): Doc {
  if (kindOfUpdate(update) !== 'replacement') return equalitiesOf(filter, () => true);
  return equalitiesOf(filter, (path) => {
    if (path.startsWith('_id.'))
      throw new ServerError(
        'NotExactValueField',
        `field at '_id' must be exactly specified, field at sub-path '${path}'found`,
      );
    return path === '_id';
  });
}

/** What a filter fixes by equality, also below `$and` and in an `$or` of one branch: the seed of an upsert. @param isTaken which paths are */
function equalitiesOf(filter: Doc, isTaken: (path: string) => boolean): Doc {
  const seed: Seed = { document: {}, paths: [], isTaken };
  const gather = (part: Doc): void => {
    for (const [key, condition] of Object.entries(part)) {
      const branches = Array.isArray(condition) ? (condition as Doc[]) : [];
      if (key === '$and' || (key === '$or' && branches.length === 1)) branches.forEach(gather);
      else if (!key.startsWith('$')) seedField(seed, key, condition);
    }
  };
  gather(filter);
  return seed.document;
}

interface Seed {
  readonly document: Doc;
  /** Those that have a value already: none of them may lead to another one. */
  readonly paths: string[];
  readonly isTaken: (path: string) => boolean;
}

function seedField({ document, paths, isTaken }: Seed, path: string, condition: unknown): void {
  const [value, ...others] = valuesOf(condition);
  if (value === undefined || !isTaken(path)) return;
  if (others.length > 0) throw twice(path);
  if (paths.some((other) => other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`)))
    throw twice(path);
  paths.push(path);
  const parts = keysOf(path);
  const name = parts.pop() ?? '';
  let parent = document;
  for (const part of parts) {
    // Only what was put there: every object has a parent of its own called __proto__, which all of them share.
    const known = Object.hasOwn(parent, part) ? parent[part] : undefined;
    const next = isDoc(known) ? known : {};
    assign(parent, part, next);
    parent = next;
  }
  assign(parent, name, value.fixed);
}

/** True for what matches texts by an expression, which fixes none of them; only `$eq` means the expression itself. */
export function isExpression(value: unknown): boolean {
  return value instanceof BSONRegExp || value instanceof RegExp;
}

function twice(path: string): ServerError {
  return new ServerError('NotSingleValueField', `cannot infer query fields to set, path '${path}' is matched twice`);
}

/** The values that a condition says a field equals. Expressions and what is asked of elements say so of none. */
function valuesOf(condition: unknown): readonly { readonly fixed: unknown }[] {
  if (!isOperators(condition)) return isExpression(condition) ? [] : [{ fixed: condition }];
  return Object.entries(condition).flatMap(([operator, operand]) => {
    const list = Array.isArray(operand) ? (operand as unknown[]) : [];
    const isOne = operator === '$in' && list.length === 1;
    if (operator === '$eq') return [{ fixed: operand }];
    return isOne || operator === '$all' ? list.filter(isValue).map((fixed) => ({ fixed })) : [];
  });
}

function isValue(one: unknown): boolean {
  return !isExpression(one) && !(isDoc(one) && Object.keys(one)[0] === '$elemMatch');
}
