import type { JobSort } from '#contract/job-views.ts';

/** The last row of a page by its sort value and id; the next page begins behind it. */
export interface PageKey {
  readonly value: string | number;
  readonly id: string;
}

/**
 * A page key as text: the order it belongs to, and both parts with the length of the first, so that nothing needs escaping and
 * the longest ids still fit the contract's limit.
 */
export function encodeCursor(sort: JobSort, key: PageKey): string {
  const value = typeof key.value === 'number' ? `n${key.value}` : `t${key.value}`;
  return `${orderOf(sort)}:${value.length}:${value}${key.id}`;
}

/** The page key of a cursor, null where it is none of this order. */
export function decodeCursor(sort: JobSort, cursor: string): PageKey | null {
  const head = /^([a-zA-Z]+[+-]):(\d{1,4}):/.exec(cursor);
  if (head === null || head[1] !== orderOf(sort)) return null;
  const rest = cursor.slice(head[0].length);
  const length = Number(head[2]);
  const value = rest.slice(0, length);
  const id = rest.slice(length);
  if (value.length !== length || value === '') return null;
  if (value.startsWith('t')) return { value: value.slice(1), id };
  const number = Number(value.slice(1));
  return value.startsWith('n') && Number.isSafeInteger(number) ? { value: number, id } : null;
}

function orderOf(sort: JobSort): string {
  return `${sort.column}${sort.direction === 'ascending' ? '+' : '-'}`;
}
