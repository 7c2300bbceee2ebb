import { EJSON } from 'bson';
import type { Document } from 'mongodb';

/** What is asked otherwise of the engine, and why. */
export const NOT_OF_IN = {
  name: '$not of $in with null beside numbers of another type finds what is in the list',
  rule: '$not selects the documents that do not match the operator expression; numbers compare by their value, whatever their type.',
  page: 'reference/operator/query/not',
};
export const ENDS_OF_ORDER = {
  name: 'what is missing is compared with the ends of the order as null is not',
  rule: 'MinKey is below and MaxKey above all other values in the order of comparison, also what is missing.',
  page: 'reference/bson-type-comparison-order',
};

export const IN_BY_VALUE = {
  name: 'a decimal is not found among doubles of a list, nor a double among decimals',
  rule: '$in selects the documents whose value equals any value of the list; numbers compare by their value, whatever their type.',
  page: 'reference/operator/query/in',
};

/** Says that a rule of the manual was applied, by its name. */
export type Note = (name: string) => void;

/**
 * The same filter in words that the engine does not get wrong: `$not` as `$nor`, numbers of a list one by one, also of elements, and beside a comparison
 * that MinKey or MaxKey makes true of everything also what is missing.
 */
export function plainFilter(filter: Document, note: Note): Document {
  const parts = Object.entries(filter).map(([name, condition]: [string, unknown]): Document => {
    if (name === '$or' && EJSON.stringify(condition, { relaxed: false }).includes('{"$number')) {
      // Equalities of one field the engine would make a list of.
      note(IN_BY_VALUE.name);
      return { $nor: [{ $nor: (condition as Document[]).map((one) => plainFilter(one, note)) }] };
    }
    if (Array.isArray(condition) && /^\$(and|or|nor)$/.test(name))
      return { [name]: condition.map((one) => plainFilter(one as Document, note)) };
    return plainCondition(name, condition, note);
  });
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : parts.length === 0 ? {} : { $and: parts };
}

function plainCondition(name: string, condition: unknown, note: Note): Document {
  const text = EJSON.stringify(condition, { relaxed: false });
  const { $not: negated } = Object(condition) as { readonly $not?: unknown };
  if (negated !== undefined) {
    if (/"\$n?in":/.test(text)) note(NOT_OF_IN.name);
    return { $nor: [plainCondition(name, negated, note)] };
  }
  const values = valuesOfIn(condition);
  if (values !== null) {
    note(IN_BY_VALUE.name);
    const isNone: Document = { $nor: values.list.map((value) => ({ [name]: value })) };
    // As $or the engine would make the list of them again.
    return values.isNegated ? isNone : { $nor: [isNone] };
  }
  const { $elemMatch: element } = Object(condition) as { readonly $elemMatch?: unknown };
  const elements = valuesOfIn(element);
  if (elements !== null && !elements.isNegated) {
    note(IN_BY_VALUE.name);
    return { $nor: [{ $nor: elements.list.map((value) => ({ [name]: { $elemMatch: { $eq: value } } })) }] };
  }
  if (!/^\{"\$(gte?":\{"\$minKey|lte?":\{"\$maxKey)"/.test(text)) return { [name]: condition };
  note(ENDS_OF_ORDER.name);
  return { $or: [{ [name]: condition }, { [name]: null }] };
}

/** What `$in` or `$nin` asks for, where numbers are among it. */
function valuesOfIn(condition: unknown): { readonly list: readonly unknown[]; readonly isNegated: boolean } | null {
  const { $in: wanted, $nin: unwanted } = Object(condition) as { readonly $in?: unknown; readonly $nin?: unknown };
  const list: unknown = wanted ?? unwanted;
  if (!Array.isArray(list) || !EJSON.stringify(list, { relaxed: false }).includes('{"$number')) return null;
  return { list: list as unknown[], isNegated: wanted === undefined };
}
