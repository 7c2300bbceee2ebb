import type { Collation } from './collation.ts';
import { conditionOf, isOperators, type MatchContext } from './field-conditions.ts';
import { nameOf, pathOf, placeOf } from './field-names.ts';
import { matcherOf } from './matching.ts';
import { isDoc, type Doc } from './values.ts';

/** What a document was chosen by. */
export interface MatchedBy {
  readonly filter: Doc;
  readonly collation: Collation | null;
}

/** Conditions that hold for a list as a whole: no element has met them. */
const NEGATIONS: ReadonlySet<string> = new Set(['$ne', '$nin', '$not']);

/** Where in the list at a path the filter matched: the first element that one of its conditions on the list holds for; -1 where there is none. */
export function matchedIndex(document: Doc, path: readonly string[], { filter, collation }: MatchedBy): number {
  const name = pathOf(path);
  const list = lookUp(document, path);
  const context: MatchContext = { collation, filter: (inner) => matcherOf(inner, {}, collation) };
  let index = -1;
  const search = (part: Doc): void => {
    for (const [one, given] of Object.entries(part)) {
      if (index >= 0) return;
      const key = nameOf(one);
      const condition = withoutNegations(given);
      if (condition === null) continue;
      if (key === '$and' || key === '$or') (condition as readonly unknown[]).filter(isDoc).forEach(search);
      else if (key === name) index = indexWhere(list, elementTest(condition, context));
      else if (key.startsWith(`${name}.`)) {
        const matches = conditionOf(key.slice(name.length + 1), condition, context);
        index = indexWhere(list, (element) => isDoc(element) && matches(element));
      }
    }
  };
  search(filter);
  return index;
}

/** What a condition says of elements; null where that is nothing. */
export function withoutNegations(condition: unknown): unknown {
  if (!isOperators(condition)) return condition;
  const others = Object.entries(condition).filter(([name]) => !NEGATIONS.has(name));
  return others.length === 0 ? null : Object.fromEntries(others);
}

function elementTest(condition: unknown, context: MatchContext): (element: unknown) => boolean {
  if (isDoc(condition) && isDoc(condition['$elemMatch'])) {
    const matches = conditionOf('list', condition, context);
    return (element) => matches({ list: [element] });
  }
  const matches = conditionOf('value', condition, context);
  return (element) => matches({ value: element });
}

function indexWhere(list: unknown, test: (element: unknown) => boolean): number {
  return Array.isArray(list) ? (list as unknown[]).findIndex((element) => test(element)) : -1;
}

function lookUp(document: Doc, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const name of path) {
    if (Array.isArray(value)) value = value[placeOf(name) ?? -1] as unknown;
    else value = isDoc(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}
