import * as updateOperators from 'mingo/operators/update';
import { update as mingoUpdate, type Modifier } from 'mingo/updater';
import { applyArithmetic } from './arithmetic-updates.ts';
import { EVALUATION } from './matching.ts';
import { applyPipelineUpdate } from './pipelines.ts';
import { ServerError } from './server-error.ts';
import { comparableDoc, encode, isDoc, workingDoc, type Doc } from './values.ts';

/** How documents are to be changed; all in exact form. */
export interface UpdateRequest {
  readonly update: Doc | readonly Doc[];
  /** What chose the documents: the positional operator looks there for the element that matched. */
  readonly filter: Doc;
  readonly arrayFilters: readonly Doc[];
  readonly variables: Doc;
}

/** How an update is given. */
export type UpdateKind = 'pipeline' | 'operators' | 'replacement';

const EMPTY: Doc = {};

/** Tells the kind of an update, and refuses a mixture. */
export function kindOfUpdate(update: unknown): UpdateKind {
  if (Array.isArray(update)) return 'pipeline';
  if (!isDoc(update)) throw new ServerError('FailedToParse', 'Update argument must be either an object or an array');
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
    if (!Object.hasOwn(updateOperators, key) && key !== '$setOnInsert') {
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
  return 'operators';
}

/** A document (exact form) after an update. @returns the new document, or null where nothing changed */
export function applyUpdate(before: Doc, request: UpdateRequest): Doc | null {
  const after = changed(before, request);
  if (Object.hasOwn(before, '_id') && !isSame({ _id: before['_id'] }, { _id: after['_id'] })) {
    throw new ServerError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  }
  return isSame(before, after) ? null : after;
}

function changed(before: Doc, request: UpdateRequest): Doc {
  const { update } = request;
  switch (kindOfUpdate(update)) {
    case 'pipeline':
      return withIdOf(before, applyPipelineUpdate(update as readonly Doc[], before, request.variables));
    case 'replacement':
      return withIdOf(before, update as Doc);
    case 'operators': {
      const { $setOnInsert: _onInsert, ...operators } = update as Doc;
      return applyOperators(workingDoc(before), operators, request);
    }
  }
}

/** The document that an upsert inserts: the filter's equalities, then the update. */
export function upsertedDocument(request: UpdateRequest): Doc {
  const { update } = request;
  const seed = equalitiesOf(request.filter);
  switch (kindOfUpdate(update)) {
    case 'pipeline':
      return applyPipelineUpdate(update as readonly Doc[], seed, request.variables);
    case 'replacement':
      return Object.hasOwn(seed, '_id') && !Object.hasOwn(update, '_id')
        ? { _id: seed['_id'], ...(update as Doc) }
        : (update as Doc);
    case 'operators': {
      const { $setOnInsert, ...operators } = update as Doc;
      const merged = isDoc($setOnInsert)
        ? { ...operators, $set: { ...(operators['$set'] as Doc | undefined), ...$setOnInsert } }
        : operators;
      return applyOperators(workingDoc(seed), merged, { ...request, filter: EMPTY });
    }
  }
}

/** Applies operators to a document in working form, in place. */
function applyOperators(document: Doc, operators: Doc, request: UpdateRequest): Doc {
  refuseConflicts(operators);
  const modifier: Record<string, unknown> = {};
  for (const [operator, fields] of Object.entries(workingDoc(operators))) {
    const isPlain = Object.keys(fields as Doc).every((path) => !path.includes('$'));
    if ((operator === '$inc' || operator === '$mul') && isPlain) applyArithmetic(document, operator, fields as Doc);
    else if (operator === '$set') modifier[operator] = setIds(document, fields as Doc);
    else modifier[operator] = fields;
  }
  if (Object.keys(modifier).length === 0) return document;
  mingoUpdate(
    document,
    modifier as Modifier<Doc>,
    request.arrayFilters.map(comparableDoc),
    // Only the positional operator looks at the filter, which may match by a collation that mingo does not know.
    isPositional(operators) ? comparableDoc(request.filter) : EMPTY,
    {
      cloneMode: 'deep',
      queryOptions: EVALUATION,
    },
  );
  return document;
}

/** True where a path contains the positional operator `$`. */
export function isPositional(operators: Doc): boolean {
  const paths = Object.values(operators).flatMap((fields) => (isDoc(fields) ? Object.keys(fields) : []));
  return paths.some((path) => path.split('.').includes('$'));
}

/** mingo refuses every `$set` of `_id`; MongoDB allows it on insert, and where it says what is there already. */
function setIds(document: Doc, fields: Doc): Doc {
  if (!Object.hasOwn(fields, '_id')) return fields;
  const { _id, ...others } = fields;
  if (Object.hasOwn(document, '_id') && !isSame({ _id }, { _id: document['_id'] })) {
    throw new ServerError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  }
  document['_id'] = _id;
  return others;
}

function refuseConflicts(operators: Doc): void {
  const paths: string[] = [];
  for (const fields of Object.values(operators)) {
    for (const path of Object.keys(fields as Doc)) {
      const clash = paths.find(
        (other) => other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`),
      );
      if (clash !== undefined) {
        throw new ServerError(
          'ConflictingUpdateOperators',
          `Updating the path '${path}' would create a conflict at '${clash.length < path.length ? clash : path}'`,
        );
      }
      paths.push(path);
    }
  }
}

function withIdOf(before: Doc, after: Doc): Doc {
  return Object.hasOwn(before, '_id') && !Object.hasOwn(after, '_id') ? { _id: before['_id'], ...after } : after;
}

/** What a filter fixes by equality, also below `$and` and in an `$or` of one branch: the seed of an upsert. */
export function equalitiesOf(filter: Doc): Doc {
  const seed: Doc = {};
  const gather = (part: Doc): void => {
    for (const [key, condition] of Object.entries(part)) {
      const branches = Array.isArray(condition) ? (condition as Doc[]) : [];
      if (key === '$and' || (key === '$or' && branches.length === 1)) branches.forEach(gather);
      else if (!key.startsWith('$')) seedField(seed, key, condition);
    }
  };
  gather(filter);
  return seed;
}

function seedField(seed: Doc, path: string, condition: unknown): void {
  const isOperators = isDoc(condition) && (Object.keys(condition)[0] ?? '').startsWith('$');
  const single = isOperators ? onlyValue(condition) : { value: condition };
  if (single === null) return;
  const parts = path.split('.');
  const name = parts.pop() ?? '';
  let parent = seed;
  for (const part of parts) {
    const next = isDoc(parent[part]) ? parent[part] : {};
    parent[part] = next;
    parent = next;
  }
  parent[name] = single.value;
}

function onlyValue(condition: Doc): { readonly value: unknown } | null {
  if (Object.hasOwn(condition, '$eq')) return { value: condition['$eq'] };
  const list = condition['$in'] ?? condition['$all'];
  return Array.isArray(list) && list.length === 1 ? { value: list[0] as unknown } : null;
}

function isSame(left: Doc, right: Doc): boolean {
  return Buffer.compare(encode(left), encode(right)) === 0;
}
