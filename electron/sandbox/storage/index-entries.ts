import { ServerError } from '../semantics/server-error.ts';
import { keysOf, pathOf, placeOf } from '../semantics/field-names.ts';
import { EMPTY_LIST, keyValuesAt, valueAt } from '../semantics/paths.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { matcherOf } from '../semantics/matching.ts';
import { encodeKey, inverted } from './key-encoding.ts';

/** One field of an index with its direction. */
export interface IndexField {
  /** As a key of a document. */
  readonly path: string;
  readonly isDescending: boolean;
}

/** An index as the planner and the writer see it. */
export interface IndexInfo {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly IndexField[];
  readonly isUnique: boolean;
  /** True where it refuses new documents under a key that there is, and may have some: it is to become unique. */
  readonly isPrepared: boolean;
  readonly isSparse: boolean;
  /** The filter of a partial index as it was given. */
  readonly partialFilter: Doc | null;
  readonly expireAfterSeconds: number | null;
  /** The description as the client gave it, with `v`. */
  readonly spec: Doc;
  /** Becomes true with the first document that has a list on an indexed path, and stays so. */
  isMultikey: boolean;
}

/** The entries that a document has in an index. */
export interface DocumentEntries {
  readonly keys: readonly Buffer[];
  readonly isMultikey: boolean;
}

/** Entries of one document in one index above this number are refused, as a product of lists would be. */
const ENTRIES_MAX = 100_000;

/** Encodes one value of an index field. */
export function fieldKey(field: IndexField, value: unknown): Buffer {
  const key = encodeKey(value);
  return field.isDescending ? inverted(key) : key;
}

/** A missing field is indexed as null, because a query for null finds it; an empty list as undefined, as MongoDB does. */
export function indexedValue(value: unknown): unknown {
  if (value === EMPTY_LIST) return undefined;
  return value === undefined ? null : value;
}

/** The keys under which a document (exact form) stands in an index; none where it is sparse or partial and left out. */
export function entriesOf(index: IndexInfo, document: Doc): DocumentEntries {
  if (index.partialFilter !== null && !matcherOf(index.partialFilter)(document)) {
    return { keys: [], isMultikey: false };
  }
  const plain = plainEntry(index, document);
  if (plain !== null) return plain;
  const { tuples, isMultikey } = tuplesOf(
    document,
    index.fields.map((field) => field.path),
  );
  refuseTooMany(tuples.length);
  const keys = new Map<string, Buffer>();
  for (const values of tuples) {
    // What lacks all fields, also an element of a list, stands in no sparse index.
    if (index.isSparse && values.every((value) => value === undefined)) continue;
    const key = Buffer.concat(index.fields.map((field, at) => fieldKey(field, indexedValue(values[at]))));
    keys.set(key.toString('latin1'), key);
  }
  return { keys: [...keys.values()], isMultikey };
}

/** A value for each field of an index. */
type Tuple = readonly unknown[];

/**
 * The values of a document that its keys are made of. Those in one list are of one element each, as MongoDB's `BtreeKeyGenerator` takes them,
 * and not each beside all others. Error: `CannotIndexParallelArrays` for paths through two lists beside each other.
 */
function tuplesOf(
  document: Doc,
  paths: readonly string[],
): { readonly tuples: readonly Tuple[]; readonly isMultikey: boolean } {
  const columns = paths.map((path) => ({ path, ...keyValuesAt(document, path) }));
  const listed = columns.filter((column) => column.hasList);
  const roots = new Set(listed.map(({ path }) => listRootOf(document, path)));
  if (roots.size > 1)
    throw new ServerError(
      'CannotIndexParallelArrays',
      `cannot index parallel arrays ${[...roots].map((one) => `[${one}]`).join(' ')}`,
    );
  const [root = ''] = roots;
  const list = valueAt(document, keysOf(root));
  const hasPlaces = listed.some(({ path }) => keysOf(path).some((name) => placeOf(name) !== null));
  if (listed.length < 2 || hasPlaces || !Array.isArray(list) || list.length === 0)
    return { tuples: combined(columns.map(({ values }) => values)), isMultikey: listed.length > 0 };
  const depth = keysOf(root).length;
  // Of a field in the list what is left of its path; null for a field beside the list.
  const rests = columns.map(({ path, hasList }) => (hasList ? keysOf(path).slice(depth) : null));
  const below = rests.flatMap((rest) => (rest === null || rest.length === 0 ? [] : [rest.join('.')]));
  const tuples = (list as unknown[]).flatMap((element) => {
    const inner = isDoc(element) ? tuplesOf(element, below).tuples : [below.map(() => undefined)];
    return inner.map((values) => {
      const left = [...values];
      return columns.map((column, at) => {
        const rest = rests[at] ?? null;
        if (rest === null) return column.values[0];
        return rest.length === 0 ? element : left.shift();
      });
    });
  });
  return { tuples, isMultikey: true };
}

function refuseTooMany(entries: number): void {
  if (entries > ENTRIES_MAX)
    throw new ServerError('CannotIndexParallelArrays', 'too many index entries for one document');
}

/** Each value of a field beside each of the others. */
function combined(columns: readonly (readonly unknown[])[]): readonly Tuple[] {
  let tuples: readonly Tuple[] = [[]];
  for (const values of columns) {
    refuseTooMany(tuples.length * values.length);
    tuples = tuples.flatMap((tuple) => values.map((value) => [...tuple, value]));
  }
  return tuples;
}

/** The values of a document's fields that one of its keys was made of: of a list it is one element. What is missing is null, an empty list `undefined`. */
export function valuesUnder(index: IndexInfo, document: Doc, key: Buffer): readonly unknown[] {
  let at = 0;
  return index.fields.map((field) => {
    for (const one of keyValuesAt(document, field.path).values) {
      const value = indexedValue(one);
      const part = fieldKey(field, value);
      if (!key.subarray(at, at + part.length).equals(part)) continue;
      at += part.length;
      return value;
    }
    return null;
  });
}

/** The usual case, without the lists of the general one: one field of the first level that holds no list. */
function plainEntry({ fields, isSparse }: IndexInfo, document: Doc): DocumentEntries | null {
  const [field] = fields;
  if (field === undefined || fields.length > 1 || field.path.includes('.')) return null;
  const value = Object.hasOwn(document, field.path) ? document[field.path] : undefined;
  if (Array.isArray(value)) return null;
  if (isSparse && value === undefined) return { keys: [], isMultikey: false };
  return { keys: [fieldKey(field, indexedValue(value))], isMultikey: false };
}

function listRootOf(document: Doc, path: string): string {
  const parts = keysOf(path);
  let value: unknown = document;
  for (const [depth, part] of parts.entries()) {
    value = typeof value === 'object' && value !== null ? (value as Doc)[part] : undefined;
    if (Array.isArray(value)) return pathOf(parts.slice(0, depth + 1));
  }
  return path;
}
