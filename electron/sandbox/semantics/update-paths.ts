import { keyOf, nameOf, pathOf, placeOf } from './field-names.ts';
import { isSameBson } from './same-bson.ts';
import { ServerError } from './server-error.ts';
import { shownValue } from './shown-value.ts';
import { assign, isDoc, type Doc } from './values.ts';

/** Elements that an update may put behind the end of a list to reach a place in it, as on MongoDB. */
const PADDING_MAX = 1_500_000;

/** What an operator does at a place. `undefined` for the current value says that nothing is there; as a result, that nothing shall be. */
export type Change = (current: unknown, name: string) => unknown;

/** A field's path: names, and numbers for places in lists. */
export type ExactPath = readonly (string | number)[];

/** What an operator did to a document: the field or element that it wrote over, removed, or made together with the way to it. */
export interface Write {
  readonly kind: 'updated' | 'created' | 'removed';
  readonly path: ExactPath;
  /** `undefined` where nothing was, or is. */
  readonly before: unknown;
  readonly after: unknown;
}

/** What becomes of a path that leads nowhere: it is made, it is left, or it is left but must be one that could be made. */
export type Way = 'create' | 'check' | 'leave';

/** Where a list's elements are chosen by what they are: `$[]`, `$[name]` and `$`. */
export interface Positions {
  /** The place that the filter matched at, in whichever list; error `BadValue` where it gave none. */
  readonly matched: () => number;
  /** Whether an element is one of `$[name]`. */
  readonly isChosen: (name: string, element: unknown) => boolean;
}

/**
 * Changes what stands at a path, in place. Errors: `PathNotViable` where the way leads through a value that has no fields,
 * `BadValue` for places of lists that are none.
 * @param way what becomes of a path that leads nowhere
 * @returns what was written; nothing where all stayed as it was
 */
export function changeAt(
  document: Doc,
  path: readonly string[],
  change: Change,
  { way, positions }: { readonly way: Way; readonly positions: Positions },
): readonly Write[] {
  const writes: Write[] = [];
  step(document, path, 0, { change, way, positions, document, writes });
  return writes;
}

interface Walk {
  readonly change: Change;
  readonly way: Way;
  readonly positions: Positions;
  readonly document: Doc;
  readonly writes: Write[];
}

function step(parent: Doc | unknown[], path: readonly string[], depth: number, walk: Walk): void {
  const name = path[depth] ?? '';
  if (name === '$' || name.startsWith('$[')) {
    stepChosen(parent, path, depth, walk);
    return;
  }
  const key = Array.isArray(parent) ? placeOf(name) : name;
  if (key === null) {
    if (walk.way === 'leave') return;
    throw notViable(path, depth, parent);
  }
  if (depth === path.length - 1) {
    write(parent, path.slice(0, depth + 1), walk.change(valueOf(parent, key), name), walk);
    return;
  }
  const next = valueOf(parent, key);
  if (next === undefined) {
    if (isPlace(path[depth + 1] ?? ''))
      throw new ServerError(
        'BadValue',
        `The path '${pathOf(path.slice(0, depth + 1))}' must exist in the document in order to apply array updates.`,
      );
    if (walk.way !== 'create') return;
    const made: Doc = {};
    step(made, path, depth + 1, { ...walk, writes: [] });
    write(parent, path.slice(0, depth + 1), made, walk);
    return;
  }
  if (isDoc(next) || Array.isArray(next)) step(next, path, depth + 1, walk);
  else if (isPlace(path[depth + 1] ?? '')) throw notList(path[depth] ?? '', next);
  else if (walk.way !== 'leave') throw notViable(path, depth + 1, next);
}

function isPlace(name: string): boolean {
  return name === '$' || name.startsWith('$[');
}

function stepChosen(parent: Doc | unknown[], path: readonly string[], depth: number, walk: Walk): void {
  const name = path[depth] ?? '';
  if (name === '$') {
    const resolved = [...path];
    resolved[depth] = keyOf(String(walk.positions.matched()));
    step(parent, resolved, depth, walk);
    return;
  }
  if (!Array.isArray(parent)) throw notList(path[depth - 1] ?? '', parent);
  const identifier = name.slice(2, -1);
  for (const index of parent.keys()) {
    if (identifier !== '' && !walk.positions.isChosen(identifier, parent[index])) continue;
    const resolved = [...path];
    resolved[depth] = keyOf(String(index));
    step(parent, resolved, depth, walk);
  }
}

function valueOf(parent: Doc | unknown[], key: string | number): unknown {
  if (Array.isArray(parent)) return parent[Number(key)];
  return Object.hasOwn(parent, key) ? parent[key] : undefined;
}

/** Puts a value at the end of a path, and notes it unless the same was there. */
function write(parent: Doc | unknown[], path: readonly string[], value: unknown, { document, writes }: Walk): void {
  const name = path.at(-1) ?? '';
  const key = Array.isArray(parent) ? (placeOf(name) ?? 0) : name;
  const before = valueOf(parent, key);
  if (before === undefined ? value !== undefined : !isSameBson(before, value)) {
    const isRemoved = value === undefined && !Array.isArray(parent);
    const kind = before === undefined ? 'created' : isRemoved ? 'removed' : 'updated';
    // What is taken out of a list leaves null in its place.
    const after = Array.isArray(parent) ? (value ?? null) : value;
    writes.push({ kind, path: exactPath(document, path), before, after });
  }
  put(parent, key, value);
}

function exactPath(document: Doc, path: readonly string[]): ExactPath {
  let value: unknown = document;
  return path.map((name) => {
    const key = Array.isArray(value) ? (placeOf(name) ?? name) : name;
    value = Array.isArray(value) || isDoc(value) ? valueOf(value, key) : undefined;
    return typeof key === 'number' ? key : nameOf(key);
  });
}

function put(parent: Doc | unknown[], key: string | number, value: unknown): void {
  if (!Array.isArray(parent)) {
    if (value === undefined) delete parent[key];
    else assign(parent, String(key), value);
    return;
  }
  const index = Number(key);
  // What is taken out of a list leaves its place.
  if (value === undefined) {
    if (index < parent.length) parent[index] = null;
    return;
  }
  if (index - parent.length > PADDING_MAX)
    throw new ServerError('CannotBackfillArray', `cannot backfill more than ${PADDING_MAX} elements`);
  while (parent.length < index) parent.push(null);
  parent[index] = value;
}

function notViable(path: readonly string[], depth: number, parent: unknown): ServerError {
  return new ServerError(
    'PathNotViable',
    `Cannot create field '${path[depth] ?? ''}' in element {${path[depth - 1] ?? ''}: ${shownValue(parent)}}`,
  );
}

function notList(name: string, value: unknown): ServerError {
  return new ServerError('BadValue', `Cannot apply array updates to non-array element ${name}: ${shownValue(value)}`);
}
