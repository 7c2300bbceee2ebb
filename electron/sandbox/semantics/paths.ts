import { keysOf, placeOf } from './field-names.ts';
import { ServerError } from './server-error.ts';
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
 * The values at a dotted path: lists are entered, those on the way and the one at the end. A missing field is `undefined`, an empty list
 * at the end {@link EMPTY_LIST}. What has no fields in a list on the way is passed over.
 */
export function valuesAt(document: Doc, path: string): PathValues {
  return gathered(document, path, passedOver);
}

/**
 * The values under which an index holds a document: as {@link valuesAt}, but what has no fields in a list on the way counts as missing.
 * Error: 16746 where a number on the path is a place of a list, and the name of a field of one of its elements.
 */
export function keyValuesAt(document: Doc, path: string): PathValues {
  return gathered(document, path, asKeys);
}

/**
 * The values that a sort compares a document by: as {@link keyValuesAt}, but a number that is a place of a list means that place alone, and
 * a list that stands there is compared whole (MongoDB's `BtreeKeyGenerator` does not expand what a position names).
 */
export function sortValuesAt(document: Doc, path: string): readonly unknown[] {
  return gathered(document, path, asSortKeys).values;
}

function gathered(document: Doc, path: string, inList: Entered): PathValues {
  const values: unknown[] = [];
  const hasList = collect(document, { parts: keysOf(path), depth: 0, into: values, inList });
  return { values: values.length === 0 ? [undefined] : values, hasList };
}

interface Way {
  readonly parts: readonly string[];
  readonly depth: number;
  readonly into: unknown[];
  readonly inList: Entered;
}

/** How a list on the way is gone through. */
type Entered = (list: readonly unknown[], place: number | null, way: Way) => void;

const passedOver: Entered = (list, place, way) => {
  if (place !== null) collect(list[place], deeper(way));
  for (const element of list) if (isDoc(element)) collect(element, way);
};

const asKeys: Entered = (list, place, way) => {
  if (place === null) {
    byElements(list, way);
    return;
  }
  refuseAmbiguous(list, way);
  // A query for null finds a document in the list that has no field of this name.
  passedOver(list, place, way);
};

const asSortKeys: Entered = (list, place, way) => {
  if (place === null) {
    byElements(list, way);
    return;
  }
  refuseAmbiguous(list, way);
  const at = list[place];
  const isWhole = way.depth === way.parts.length - 1 && Array.isArray(at) && at.length > 0;
  if (isWhole) way.into.push(at);
  else collect(at, deeper(way));
};

function byElements(list: readonly unknown[], way: Way): void {
  for (const element of list) {
    if (isDoc(element)) collect(element, way);
    else way.into.push(undefined);
  }
}

function refuseAmbiguous(list: readonly unknown[], { parts, depth }: Way): void {
  const name = parts[depth] ?? '';
  if (list.some((element) => isDoc(element) && Object.hasOwn(element, name)))
    throw new ServerError(
      'Location16746',
      `Ambiguous field name found in array (do not use numeric field names in embedded elements in an array), field: '${name}'`,
    );
}

function deeper(way: Way): Way {
  return { parts: way.parts, depth: way.depth + 1, into: way.into, inList: way.inList };
}

/** @returns whether a list was on the way or at the end */
function collect(value: unknown, way: Way): boolean {
  const { parts, depth, into, inList } = way;
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
    const place = placeOf(name);
    inList(value as unknown[], place !== null && place < value.length ? place : null, way);
    return true;
  }
  if (!isDoc(value)) {
    into.push(undefined);
    return false;
  }
  return collect(Object.hasOwn(value, name) ? value[name] : undefined, deeper(way));
}

/** The value at a path, through documents only: a list on the way is no way. Undefined where there is none. */
export function valueAt(document: Doc, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const name of path) value = isDoc(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}
