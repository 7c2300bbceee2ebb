import { isFields } from '../fields.ts';
import { rootFieldsOf } from './canonical-fields.ts';
import type { MappedCollection } from './mapped-shape.ts';
import { valueToOurs, valueToTheirs } from './mapped-values.ts';

type Fields = Record<string, unknown>;
/** A document of either side. */
export type MappedDocument = Readonly<Record<string, unknown>>;

/**
 * Their document as one of ours. Fields that the console does not know are handed on where they stand at the root and their name
 * means nothing here; {@link toTheirs} keeps all of them.
 */
export function toOurs(collection: MappedCollection, theirs: MappedDocument): Fields {
  const ours = unknownFieldsOf(collection, theirs);
  const values = collection.fields.map((field) => {
    const found = readPath(theirs, field.theirs);
    return { field, found: found.isThere ? { ...found, value: valueToOurs(field, collection)(found.value) } : found };
  });
  const spoken = new Set(values.flatMap(({ field, found }) => (isSaid(found) ? (field.within ?? []) : [])));
  for (const { field, found } of values) {
    if (!found.isThere) continue;
    if (field.within !== null && !spoken.has(field.within)) setPath(ours, field.within, null);
    else setPath(ours, field.ours, found.value);
  }
  return ours;
}

/**
 * Our document as theirs. A value that is not another one than before stays just as it was written there, and so does every field
 * that the console does not know.
 * @param before what stands there now, null for a new document
 */
export function toTheirs(collection: MappedCollection, ours: MappedDocument, before: MappedDocument | null): Fields {
  const theirs = before === null ? unknownFieldsOf(collection, ours) : copyOf(before);
  const known = before === null ? {} : toOurs(collection, before);
  for (const field of collection.fields) {
    const wanted = readPath(ours, field.ours);
    const standing = readPath(before ?? {}, field.theirs);
    if (isSame(wanted, readPath(known, field.ours))) continue;
    const isObjectGone = field.within !== null && !isFields(ours[field.within]);
    if (wanted.isThere) setPath(theirs, field.theirs, valueToTheirs(field, collection)(wanted.value));
    else if (standing.isThere && isObjectGone) setPath(theirs, field.theirs, null);
    else if (standing.isThere) removePath(theirs, field.theirs);
  }
  return theirs;
}

/** The fields at the root that no field of either side has to do with, and the id. */
function unknownFieldsOf({ part, fields }: MappedCollection, document: MappedDocument): Fields {
  const known = rootFieldsOf(part);
  const roots = new Set(fields.map(({ theirs }) => theirs.split('.')[0] ?? ''));
  return Object.fromEntries(
    Object.entries(document).filter(([root]) => !Object.hasOwn(known, root) && !roots.has(root)),
  );
}

/** What stands at a path, or that nothing does. */
export type Found = { readonly isThere: true; readonly value: unknown } | { readonly isThere: false };

/** Reads a path with dots; it goes through objects only, never through lists. */
export function readPath(document: MappedDocument, path: string): Found {
  let value: unknown = document;
  for (const name of path.split('.')) {
    if (!isFields(value) || !Object.hasOwn(value, name)) return { isThere: false };
    value = value[name];
  }
  return { isThere: true, value };
}

function setPath(document: Fields, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let fields = document;
  for (const name of names) {
    const next = fields[name];
    const inside: Fields = isFields(next) ? next : {};
    fields[name] = inside;
    fields = inside;
  }
  fields[last] = value;
}

function removePath(document: Fields, path: string): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let fields = document;
  for (const name of names) {
    const next = fields[name];
    if (!isFields(next)) return;
    fields = next;
  }
  delete fields[last];
}

function isSaid(found: Found): boolean {
  return found.isThere && found.value !== null && found.value !== undefined;
}

function isSame(one: Found, other: Found): boolean {
  if (!one.isThere || !other.isThere) return one.isThere === other.isThere;
  return isSameValue(one.value, other.value);
}

function isSameValue(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Date) return other instanceof Date && one.getTime() === other.getTime();
  if (Array.isArray(one)) {
    return (
      Array.isArray(other) && one.length === other.length && one.every((value, at) => isSameValue(value, other[at]))
    );
  }
  if (!isFields(one) || !isFields(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSameValue(one[name], other[name]))
  );
}

/** A copy of the objects; values within them are shared, and nothing changes those. */
function copyOf(document: MappedDocument): Fields {
  return Object.fromEntries(
    Object.entries(document).map(([name, value]) => [name, isFields(value) ? copyOf(value) : value]),
  );
}
