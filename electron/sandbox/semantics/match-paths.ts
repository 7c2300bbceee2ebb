import { placeOf } from './field-names.ts';
import { isDoc, type Doc } from './values.ts';

/** A path of a filter as keys. */
export type MatchPath = readonly string[];

/** Looks at a value; `isElement` where the path ends with its place in a list. */
type Visit = (value: unknown, isElement: boolean) => boolean;

/**
 * Visits what a filter's path leads to in a document: lists on the way are entered, the one at the end is not. What is missing
 * is `undefined`; a list on the way in which nothing can have the rest of the path leads nowhere. Ends with the first visit that is true.
 */
export function someAt(document: Doc, path: MatchPath, visit: (value: unknown) => boolean): boolean {
  return walk(document, path, 0, visit);
}

/**
 * {@link someAt}, and of a list at the end each element too, and then the list itself. A list that the path names by its place in
 * another one is looked at as a whole alone.
 */
export function someValueAt(document: Doc, path: MatchPath, visit: (value: unknown) => boolean): boolean {
  return walk(document, path, 0, (value, isElement) => {
    if (!isElement && Array.isArray(value) && (value as unknown[]).some((element) => visit(element))) return true;
    return visit(value);
  });
}

function walk(value: unknown, path: MatchPath, depth: number, visit: Visit): boolean {
  const name = path[depth];
  if (name === undefined) return visit(value, false);
  if (isDoc(value)) return walk(Object.hasOwn(value, name) ? value[name] : undefined, path, depth + 1, visit);
  if (Array.isArray(value)) return depth > 0 && walkList(value as unknown[], path, depth, visit);
  return visit(undefined, false);
}

function walkList(list: readonly unknown[], path: MatchPath, depth: number, visit: Visit): boolean {
  const name = path[depth] ?? '';
  for (const element of list) if (isDoc(element) && walk(element, path, depth, visit)) return true;
  const index = placeOf(name);
  if (index === null || index >= list.length) return false;
  const element = list[index];
  if (depth + 1 === path.length) return visit(element, true);
  if (Array.isArray(element)) return walkList(element as unknown[], path, depth + 1, visit);
  return isDoc(element) && walk(element, path, depth + 1, visit);
}
