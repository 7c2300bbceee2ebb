import { keysOf, placeOf } from './field-names.ts';
import { isDoc, type Doc } from './values.ts';

/** Stands for an empty list: below null in the order of values, and no value of any document. */
export const EMPTY_LIST = Symbol('empty list');

/** What stands at a path: one value for each way through the lists on it. */
export interface PathValues {
  readonly values: readonly unknown[];
  /** True where a list was on the way or at the end. */
  readonly hasList: boolean;
}

/**
 * The values that an index or a sort sees at a dotted path: lists are entered, those on the way and the one at the end.
 * A missing field is `undefined`, an empty list at the end {@link EMPTY_LIST}.
 */
export function valuesAt(document: Doc, path: string): PathValues {
  const values: unknown[] = [];
  const hasList = collect(document, keysOf(path), 0, values);
  return { values: values.length === 0 ? [undefined] : values, hasList };
}

/**
 * The values that a sort compares a document by: as {@link valuesAt}, but a number on the path that is a place of the list there means
 * that place alone, unless an element has a field of that name.
 */
export function sortValuesAt(document: Doc, path: string): readonly unknown[] {
  if (!PLACE_ON_PATH.test(path)) return valuesAt(document, path).values;
  const values: unknown[] = [];
  collect(document, keysOf(path), 0, values, true);
  return values.length === 0 ? [undefined] : values;
}

const PLACE_ON_PATH = /\.\d+(\.|$)/;

function collect(
  value: unknown,
  parts: readonly string[],
  depth: number,
  into: unknown[],
  isPlaceAlone = false,
): boolean {
  const name = parts[depth];
  if (name === undefined) {
    if (!Array.isArray(value)) {
      into.push(value);
      return false;
    }
    if (value.length === 0) into.push(EMPTY_LIST);
    else into.push(...(value as unknown[]));
    return true;
  }
  if (Array.isArray(value)) {
    const index = placeOf(name);
    const isPlace = index !== null && index < value.length;
    if (isPlace) collect(value[index], parts, depth + 1, into, isPlaceAlone);
    for (const element of value as unknown[]) {
      const isMeant = isDoc(element) && !(isPlace && isPlaceAlone && !Object.hasOwn(element, name));
      if (isMeant) collect(element, parts, depth, into, isPlaceAlone);
    }
    return true;
  }
  if (!isDoc(value)) {
    into.push(undefined);
    return false;
  }
  return collect(Object.hasOwn(value, name) ? value[name] : undefined, parts, depth + 1, into, isPlaceAlone);
}

/** The value at a path, through documents only: a list on the way is no way. Undefined where there is none. */
export function valueAt(document: Doc, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const name of path) value = isDoc(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}
