import type { Collation } from './collation.ts';
import { compareValues } from './compare.ts';
import { numberKind, toDouble } from './numbers.ts';
import { EMPTY_LIST, valuesAt } from './paths.ts';
import { ServerError } from './server-error.ts';
import { isDoc } from './values.ts';

/** The order of `$push`'s `$sort`: of whole values, or of fields of the elements. */
export function sortOf(given: unknown, collation: Collation | null): (left: unknown, right: unknown) => number {
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

function keyOf(value: unknown, path: string, direction: number, collation: Collation | null): unknown {
  if (!isDoc(value)) return null;
  const keys = valuesAt(value, path).values.map((one) => (one === EMPTY_LIST ? undefined : (one ?? null)));
  return keys.reduce((best, key) => (direction * compareValues(key, best, collation) < 0 ? key : best));
}

function directionOf(value: unknown): 1 | -1 {
  const direction = numberKind(value) === null ? 0 : toDouble(value);
  if (direction === 1 || direction === -1) return direction;
  throw new ServerError(
    'BadValue',
    'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
  );
}
