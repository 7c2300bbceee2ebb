import { isFields } from '../fields.ts';
import type { MappedElements, MappedField, MappedShape } from './mapped-shape.ts';
import { valueToOurs, valueToTheirs } from './mapped-values.ts';

type Fields = Record<string, unknown>;
/** A document of either side. */
export type MappedDocument = Readonly<Record<string, unknown>>;

/**
 * Their document, or an element of their list, as one of ours. Fields that the console does not know are handed on where they stand
 * at the root and their name means nothing here; {@link toTheirs} keeps all of them.
 */
export function toOurs(shape: MappedShape, theirs: MappedDocument): Fields {
  const ours = unknownFieldsOf(shape, theirs);
  const values = shape.fields.map((field) => {
    const found = readPath(theirs, field.theirs);
    return { field, found: found.isThere ? { ...found, value: fieldToOurs(shape, field, found.value) } : found };
  });
  const spoken = new Set(values.flatMap(({ field, found }) => (isSaid(found) ? (field.within ?? []) : [])));
  for (const { field, found } of values) {
    if (!found.isThere) continue;
    if (field.within !== null && !spoken.has(field.within)) setPath(ours, field.within, null);
    else setPath(ours, field.ours, found.value);
  }
  return ours;
}

/** A value of one of their fields as ours. */
export function fieldToOurs(shape: MappedShape, field: MappedField, value: unknown): unknown {
  const { elements } = field;
  if (elements === null || !Array.isArray(value)) return valueToOurs(field, shape)(value);
  return value.map((element: unknown) => (isFields(element) ? toOurs(elements, element) : element));
}

/**
 * Our document, or an element of our list, as theirs. A value that is not another one than before stays just as it was written there,
 * and so does every field that the console does not know.
 * @param before what stands there now, null for a new document
 */
export function toTheirs(shape: MappedShape, ours: MappedDocument, before: MappedDocument | null): Fields {
  const theirs = before === null ? unknownFieldsOf(shape, ours) : copyOf(before);
  const known = before === null ? {} : toOurs(shape, before);
  for (const field of shape.fields) {
    const wanted = readPath(ours, field.ours);
    const standing = readPath(before ?? {}, field.theirs);
    if (isSame(wanted, readPath(known, field.ours))) continue;
    const isObjectGone = field.within !== null && !isFields(ours[field.within]);
    if (wanted.isThere) {
      const now: unknown = standing.isThere ? standing.value : undefined;
      setPath(theirs, field.theirs, fieldToTheirs(shape, field, wanted.value, now));
    } else if (standing.isThere && isObjectGone) setPath(theirs, field.theirs, null);
    else if (standing.isThere) removePath(theirs, field.theirs);
  }
  return theirs;
}

/** @param before what stands there now, undefined where nothing does */
export function fieldToTheirs(shape: MappedShape, field: MappedField, value: unknown, before: unknown): unknown {
  const { elements } = field;
  if (elements === null || !Array.isArray(value)) return valueToTheirs(field, shape)(value);
  const standing: readonly unknown[] = Array.isArray(before) ? before : [];
  let next = 0;
  return value.map((element: unknown, at) => {
    if (!isFields(element)) return element;
    const found = standing.findIndex(
      (other, place) =>
        (elements.key === null ? place === at : place >= next) &&
        isFields(other) &&
        isSameElement(elements, element, toOurs(elements, other)),
    );
    if (found >= 0) next = found + 1;
    const other = standing[found];
    return toTheirs(elements, element, isFields(other) ? other : null);
  });
}

/** Whether an element is another one changed: its key is the same, and where a list has no key, all that the console knows of it. */
function isSameElement({ key, fields }: MappedElements, one: MappedDocument, other: MappedDocument): boolean {
  const paths = key === null ? fields.map(({ ours }) => ours) : [key];
  return paths.every((path) => isSame(readPath(one, path), readPath(other, path)));
}

/** The fields at the root that no field of either side has to do with, and the id. */
function unknownFieldsOf({ known, fields }: MappedShape, document: MappedDocument): Fields {
  const roots = new Set(fields.map(({ theirs }) => theirs.split('.')[0] ?? ''));
  return Object.fromEntries(Object.entries(document).filter(([root]) => !known.has(root) && !roots.has(root)));
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
