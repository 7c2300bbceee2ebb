import { compile, scopeOf, type Evaluate, type Scope } from './expressions/compile.ts';
import { refuse } from './expressions/refusal.ts';
import { keysOf } from './field-names.ts';
import { isTrue } from './field-conditions.ts';
import { numberKind } from './numbers.ts';
import { ServerError } from './server-error.ts';
import { assign, isDoc, type Doc } from './values.ts';

/** A document with a value at a path: lists on the way are entered, and what is no document on the way becomes one. */
export function setAt(document: Doc, path: readonly string[], value: unknown): Doc {
  return placed(document, path, 0, value) as Doc;
}

function placed(target: unknown, path: readonly string[], depth: number, value: unknown): unknown {
  const name = path[depth];
  if (name === undefined) return value;
  if (Array.isArray(target)) return (target as unknown[]).map((element) => placed(element, path, depth, value));
  const result: Doc = isDoc(target) ? { ...target } : {};
  const inner = placed(Object.hasOwn(result, name) ? result[name] : undefined, path, depth + 1, value);
  if (inner === undefined) delete result[name];
  else assign(result, name, inner);
  return result;
}

/** A document with a value at a path: what is no document on the way, also a list, becomes one, as in MongoDB's `setNestedField`. */
export function putAt(document: Doc, [name, ...path]: readonly string[], value: unknown): Doc {
  if (name === undefined) return document;
  const inner = Object.hasOwn(document, name) ? document[name] : undefined;
  const result: Doc = { ...document };
  assign(result, name, path.length === 0 ? value : putAt(isDoc(inner) ? inner : {}, path, value));
  return result;
}

/** Sets paths of one document, which stays as it is: what is copied once for the first of them is not copied for the others. */
export class FieldSetter {
  readonly #own = new Set<object>();
  #result: Doc;

  constructor(document: Doc) {
    this.#result = document;
  }

  get result(): Doc {
    return this.#result;
  }

  /** As {@link setAt} does it. */
  set(path: readonly string[], value: unknown): void {
    this.#result = this.#placed(this.#result, path, 0, value) as Doc;
  }

  #placed(target: unknown, path: readonly string[], depth: number, value: unknown): unknown {
    const name = path[depth];
    if (name === undefined || Array.isArray(target)) return placed(target, path, depth, value);
    const result = this.#owned(target);
    const inner = this.#placed(Object.hasOwn(result, name) ? result[name] : undefined, path, depth + 1, value);
    if (inner === undefined) delete result[name];
    else assign(result, name, inner);
    return result;
  }

  #owned(target: unknown): Doc {
    if (isDoc(target) && this.#own.has(target)) return target;
    const copy: Doc = isDoc(target) ? { ...target } : {};
    this.#own.add(copy);
    return copy;
  }
}

/** A document without what stands at a path, in each document of lists on the way. */
export function unsetAt(document: Doc, path: readonly string[]): Doc {
  return without(document, path, 0) as Doc;
}

function without(target: unknown, path: readonly string[], depth: number): unknown {
  const name = path[depth] ?? '';
  if (Array.isArray(target))
    return depth === 0 ? target : (target as unknown[]).map((element) => without(element, path, depth));
  if (!isDoc(target) || !Object.hasOwn(target, name)) return target;
  const result: Doc = { ...target };
  if (depth === path.length - 1) delete result[name];
  else assign(result, name, without(result[name], path, depth + 1));
  return result;
}

/** What a projection says of a field: shown, left out, a value, or more of the same for the fields below. */
type Node =
  | { readonly type: 'shown' }
  | { readonly type: 'hidden' }
  | { readonly type: 'value'; readonly evaluate: Evaluate }
  | Tree;

interface Tree {
  readonly type: 'tree';
  readonly fields: Map<string, Node>;
}

/** What a find's projection has beyond the one of a pipeline. */
export interface FindOnly {
  /** An expression for what stands at a path that says neither what is shown nor what is left out; null for anything else. */
  readonly value: (path: string, operand: unknown) => Evaluate | null;
  /** True for what cuts the list at a path, which is shown or stays as the others are. */
  readonly isCut: (path: string, operand: unknown) => boolean;
  /** The path behind one that ends with the positional operator; null for any other. */
  readonly positional: (path: string, operand: unknown) => string | null;
}

/**
 * Compiles a projection of paths, flags and expressions. Errors: MongoDB's for mixtures of what is shown and what is left out, and
 * for paths that collide.
 */
export function projectionOf(
  specification: unknown,
  variables: Doc,
  findOnly: FindOnly | null = null,
): (document: Doc) => Doc {
  if (!isDoc(specification)) throw refuse(15_969, '$project specification must be an object');
  if (Object.keys(specification).length === 0)
    throw refuse(51_272, 'Invalid $project :: caused by :: projection specification must have at least one field');
  const root: Tree = { type: 'tree', fields: new Map() };
  const cuts: string[] = [];
  let isInclusion: boolean | null = null;
  let id: boolean | null = null;
  let hasValue = false;
  const add = (prefix: string, part: Doc): void => {
    for (const [name, value] of Object.entries(part)) {
      const path = findOnly?.positional(prefix + name, value) ?? prefix + name;
      refuseDollars(path);
      const own = findOnly?.value(path, value) ?? null;
      if (own !== null) {
        hasValue = true;
        put(root, path, { type: 'value', evaluate: own });
        continue;
      }
      if (findOnly?.isCut(path, value) === true) {
        cuts.push(path);
        continue;
      }
      const isFlag = typeof value === 'boolean' || numberKind(value) !== null;
      if (isDoc(value) && Object.keys(value).length === 0)
        throw refuse(51_270, 'An empty sub-projection is not a valid value. Found empty object at path');
      if (isDoc(value) && !(Object.keys(value)[0] ?? '').startsWith('$')) {
        add(`${path}.`, value);
        continue;
      }
      const isShown = !isFlag || isTrue(value);
      if (path === '_id' && isFlag) {
        id = isShown;
        continue;
      }
      if (isInclusion !== null && isInclusion !== isShown && !(path === '_id')) {
        if (isShown && isFlag) throw refuse(31_253, `Cannot do inclusion on field ${path} in exclusion projection`);
        if (isShown) throw refuse(31_252, 'Cannot use an expression in an exclusion projection');
        throw refuse(31_254, `Cannot do exclusion on field ${path} in inclusion projection`);
      }
      if (path !== '_id') isInclusion ??= isShown;
      put(root, path, isFlag ? { type: isShown ? 'shown' : 'hidden' } : { type: 'value', evaluate: projected(value) });
    }
  };
  add('', specification);
  if (isInclusion === null && id === true && cuts.length > 0 && !hasValue)
    throw new ServerError('NotImplemented', 'The sandbox server has no $slice beside _id alone');
  const shows = isInclusion ?? (hasValue || (id ?? cuts.length === 0));
  for (const path of shows ? cuts : []) put(root, path, { type: 'shown' });
  if (shows && id !== false && !root.fields.has('_id')) root.fields.set('_id', { type: 'shown' });
  if (!shows && id === false) root.fields.set('_id', { type: 'hidden' });
  return (document) =>
    shows
      ? included(document, root, document, variables)
      : (excluded(document, root, scopeOf(document, variables)) as Doc);
}

/** Errors: 16410, 31394 and 31324 for signs of the positional operator, which a pipeline does not have. */
function refuseDollars(path: string): void {
  const names = path.split('.');
  if (names.length > 1 && names.at(-1) === '$' && !path.includes('.$.'))
    throw refuse(31_324, 'Invalid $project :: caused by :: Cannot use positional projection in aggregation projection');
  if (path.includes('.$.'))
    throw refuse(
      31_394,
      "As of 4.4, it's illegal to specify positional operator in the middle of a path. Positional projection may only be used at the end, for example: a.b.$.",
    );
  if (names.some((name) => name.startsWith('$')))
    throw refuse(
      16_410,
      "Invalid $project :: caused by :: FieldPath field names may not start with '$'. Consider using $getField or $setField.",
    );
}

/** Here MongoDB has a number of its own for an operator that nobody has. */
function projected(value: unknown): Evaluate {
  try {
    return compile(value);
  } catch (cause) {
    const name = isDoc(value) ? (Object.keys(value)[0] ?? '') : '';
    const isUnknown = cause instanceof ServerError && cause.message === `Unrecognized expression '${name}'`;
    if (isUnknown && name === '$elemMatch')
      throw new ServerError(
        'InvalidPipelineOperator',
        'Invalid $project :: caused by :: Cannot use $elemMatch in this context',
      );
    throw isUnknown ? refuse(31_325, `Invalid $project :: caused by :: Unknown expression ${name}`) : cause;
  }
}

function put(root: Tree, path: string, node: Node): void {
  const names = keysOf(path);
  if (path === '') throw refuse(40_352, 'FieldPath cannot be constructed with empty string');
  if (path.endsWith('.')) throw refuse(40_353, "FieldPath must not end with a '.'.");
  if (names.includes('')) throw refuse(15_998, 'FieldPath field names may not be empty strings.');
  let tree = root;
  for (const [depth, name] of names.entries()) {
    const present = tree.fields.get(name);
    if (depth === names.length - 1) {
      if (present !== undefined) throw refuse(31_250, `Path collision at ${path}`);
      tree.fields.set(name, node);
      return;
    }
    if (present !== undefined && present.type !== 'tree')
      throw refuse(31_249, `Path collision at ${path} remaining portion ${names.slice(depth + 1).join('.')}`);
    const next: Tree = present ?? { type: 'tree', fields: new Map() };
    tree.fields.set(name, next);
    tree = next;
  }
}

/** Fields keep their own order; computed ones follow in the order in which they were given. */
function included(document: Doc, tree: Tree, root: Doc, variables: Doc): Doc {
  const result: Doc = {};
  for (const [name, value] of Object.entries(document)) {
    const node = tree.fields.get(name);
    if (node === undefined) continue;
    if (node.type === 'shown') assign(result, name, value);
    else if (node.type === 'tree') {
      const inner = includedValue(value, node, root, variables);
      if (inner !== undefined) assign(result, name, inner);
    }
  }
  for (const [name, node] of tree.fields) {
    if (node.type === 'value') {
      const value = node.evaluate(scopeOf(root, variables));
      delete result[name];
      if (value !== undefined) assign(result, name, value);
    } else if (node.type === 'tree' && hasValues(node) && !Object.hasOwn(document, name))
      assign(result, name, included({}, node, root, variables));
  }
  return result;
}

function includedValue(value: unknown, node: Tree, root: Doc, variables: Doc): unknown {
  if (isDoc(value)) return included(value, node, root, variables);
  if (Array.isArray(value))
    return (value as unknown[])
      .map((element) => includedValue(element, node, root, variables))
      .filter((element) => element !== undefined);
  return hasValues(node) ? included({}, node, root, variables) : undefined;
}

function hasValues(tree: Tree): boolean {
  return [...tree.fields.values()].some((node) => node.type === 'value' || (node.type === 'tree' && hasValues(node)));
}

function excluded(value: unknown, tree: Tree, scope: Scope): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map((element) => excluded(element, tree, scope));
  if (!isDoc(value)) return value;
  const result: Doc = {};
  for (const [name, one] of Object.entries(value)) {
    const node = tree.fields.get(name);
    const rest = node?.type === 'value' ? node.evaluate(scope) : one;
    if (node?.type === 'hidden' || rest === undefined) continue;
    assign(result, name, node?.type === 'tree' ? excluded(one, node, scope) : rest);
  }
  return result;
}
