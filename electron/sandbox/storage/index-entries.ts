import { ServerError } from '../semantics/server-error.ts';
import { keysOf, pathOf } from '../semantics/field-names.ts';
import { EMPTY_LIST, keyValuesAt } from '../semantics/paths.ts';
import type { Doc } from '../semantics/values.ts';
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
  const columns = index.fields.map((field) => ({ field, ...keyValuesAt(document, field.path) }));
  // A path that passes through a list in two fields at once is only allowed where it is the same list.
  const listRoots = new Set(
    columns.filter((column) => column.hasList).map((column) => listRootOf(document, column.field.path)),
  );
  if (listRoots.size > 1) {
    throw new ServerError(
      'CannotIndexParallelArrays',
      `cannot index parallel arrays ${[...listRoots].map((root) => `[${root}]`).join(' ')}`,
    );
  }
  if (index.isSparse && columns.every((column) => !column.hasList && column.values[0] === undefined)) {
    return { keys: [], isMultikey: false };
  }
  let keys: Buffer[] = [Buffer.alloc(0)];
  for (const { field, values } of columns) {
    const encoded = values.map((value) => fieldKey(field, indexedValue(value)));
    keys = keys.flatMap((key) => encoded.map((part) => Buffer.concat([key, part])));
    if (keys.length > ENTRIES_MAX)
      throw new ServerError('CannotIndexParallelArrays', 'too many index entries for one document');
  }
  const distinct = new Map(keys.map((key) => [key.toString('latin1'), key]));
  return { keys: [...distinct.values()], isMultikey: columns.some((column) => column.hasList) };
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
