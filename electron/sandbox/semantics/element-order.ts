import type { Collation } from './collation.ts';
import { compareValues } from './compare.ts';
import { keysOf, placeOf } from './field-names.ts';
import { numberKind, toDouble } from './numbers.ts';
import { EMPTY_LIST, valuesAt } from './paths.ts';
import { ServerError } from './server-error.ts';
import { isDoc, type Doc } from './values.ts';

type Order = (left: unknown, right: unknown) => number;
/** What an element is ordered by. */
type KeyOf = (value: unknown, path: string, direction: number, collation: Collation | null) => unknown;

/**
 * The order of `$push`'s `$sort` and of `$sortArray`: of whole values, or of fields of the elements. A list in a field is compared as a whole
 * (MongoDB's `extractElementsBasedOnTemplate`).
 */
export function sortOf(given: unknown, collation: Collation | null): Order {
  return orderBy(given, collation, wholeAt);
}

/** The order of documents in a stage, for those that a group holds: of a list the least element counts, descending the greatest. */
export function documentOrderOf(sortBy: Doc): Order {
  return orderBy(sortBy, null, leastAt);
}

function orderBy(given: unknown, collation: Collation | null, keyOf: KeyOf): Order {
  if (!isDoc(given)) {
    const direction = directionOf(given);
    return (left, right) => direction * compareValues(left, right, collation);
  }
  const fields = Object.entries(given).map(([path, direction]) => ({ path, direction: directionOf(direction) }));
  if (fields.length === 0)
    throw new ServerError('BadValue', 'The $sort pattern is empty when it should be a set of fields.');
  if (fields.some(({ path }) => path.split('.').includes('')))
    throw new ServerError('BadValue', 'The $sort field cannot be empty, and no part of it');
  return (left, right) => {
    for (const { path, direction } of fields) {
      const order = compareValues(
        keyOf(left, path, direction, collation),
        keyOf(right, path, direction, collation),
        collation,
      );
      if (order !== 0) return direction * order;
    }
    return 0;
  };
}

/** Lists on the way are gone through by places alone. */
const wholeAt: KeyOf = (value, path) => {
  if (!isDoc(value)) return null;
  let found: unknown = value;
  for (const name of keysOf(path)) {
    if (Array.isArray(found)) found = found[placeOf(name) ?? -1] as unknown;
    else found = isDoc(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }
  return found ?? null;
};

const leastAt: KeyOf = (value, path, direction, collation) => {
  if (!isDoc(value)) return null;
  const keys = valuesAt(value, path).values.map((one) => (one === EMPTY_LIST ? undefined : (one ?? null)));
  return keys.reduce((best, key) => (direction * compareValues(key, best, collation) < 0 ? key : best));
};

function directionOf(value: unknown): 1 | -1 {
  const direction = numberKind(value) === null ? 0 : toDouble(value);
  if (direction === 1 || direction === -1) return direction;
  throw new ServerError(
    'BadValue',
    'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
  );
}
