import { ServerError } from './server-error.ts';
import { isDoc, numberOf, type Doc } from './values.ts';

/** An order of texts that is not the one of their bytes. */
export type Collation = (left: string, right: string) => number;

const FIELDS: ReadonlySet<string> = new Set([
  'alternate',
  'backwards',
  'caseFirst',
  'caseLevel',
  'locale',
  'maxVariable',
  'normalization',
  'numericOrdering',
  'strength',
  'version',
]);
const SENSITIVITIES = { 1: 'base', 2: 'accent', 3: 'variant', 4: 'variant', 5: 'variant' } as const;
/** Operators whose texts are no values to compare: MongoDB leaves them as they are, the ranks of {@link rankedTexts} would not. */
const UNCOLLATED = new Set(['$regex', '$expr', '$jsonSchema', '$where', '$text']);

/**
 * The collation that a command asks for; null for the order of bytes. Errors: `BadValue` for a locale or strength that is none,
 * `NotImplemented` for what the platform's collations do not have.
 */
export function collationOf(given: unknown): Collation | null {
  if (!isDoc(given)) return null;
  const { locale } = given;
  const unknown = Object.keys(given).find((field) => !FIELDS.has(field));
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field 'collation.${unknown}' is an unknown field.`);
  if (locale === undefined)
    throw new ServerError('Location40414', "BSON field 'collation.locale' is missing but a required field");
  if (typeof locale !== 'string')
    throw new ServerError('TypeMismatch', "BSON field 'collation.locale' is the wrong type, expected type 'string'");
  if (locale === 'simple') return null;
  const tag = locale.replaceAll('_', '-');
  if (!isKnown(tag)) throw new ServerError('BadValue', `Field 'locale' is invalid in: { locale: "${locale}" }`);
  if (given['backwards'] === true || given['maxVariable'] === 'space')
    throw new ServerError(
      'NotImplemented',
      'The sandbox server has no collations with backwards or maxVariable: space',
    );
  const strength = numberOf(given['strength'] ?? 3);
  if (strength !== 1 && strength !== 2 && strength !== 3 && strength !== 4 && strength !== 5)
    throw new ServerError(
      'BadValue',
      `Enumeration value for field 'strength' is not a valid value: ${String(strength)}`,
    );
  const { caseFirst } = given;
  const { compare } = new Intl.Collator(tag, {
    sensitivity: strength === 1 && given['caseLevel'] === true ? 'case' : SENSITIVITIES[strength],
    numeric: given['numericOrdering'] === true,
    caseFirst: caseFirst === 'upper' || caseFirst === 'lower' ? caseFirst : 'false',
    ignorePunctuation: given['alternate'] === 'shifted',
  });
  if (strength !== 5) return compare;
  return (left, right) => compare(left, right) || (left < right ? -1 : Number(left > right));
}

function isKnown(tag: string): boolean {
  try {
    return Intl.Collator.supportedLocalesOf([tag]).length === 1;
  } catch {
    // What is not even built like a locale is none.
    return false;
  }
}

/** Refuses a filter whose texts cannot be told into those that are compared and those that are not. Error: `NotImplemented`. */
export function refuseUncollated(value: unknown): void {
  if (value instanceof RegExp)
    throw new ServerError('NotImplemented', 'The sandbox server has no regular expressions together with a collation');
  if (Array.isArray(value)) value.forEach(refuseUncollated);
  if (!isDoc(value)) return;
  for (const [key, child] of Object.entries(value)) {
    if (UNCOLLATED.has(key))
      throw new ServerError('NotImplemented', `The sandbox server has no ${key} together with a collation`);
    refuseUncollated(child);
  }
}

/**
 * A function that puts in place of each text its rank among all texts of `values`, so that comparing the results by their bytes
 * compares the texts by the collation. Texts that the collation takes for equal become the same.
 */
export function rankedTexts(collation: Collation, values: readonly unknown[]): (value: unknown) => unknown {
  const texts = new Set<string>();
  for (const value of values) gather(value, texts);
  const ranks = new Map<string, string>();
  let previous: string | undefined;
  let rank = 0;
  for (const text of [...texts].sort(collation)) {
    if (previous !== undefined && collation(previous, text) !== 0) rank += 1;
    ranks.set(text, String(rank).padStart(10, '0'));
    previous = text;
  }
  const ranked = (value: unknown): unknown => {
    if (typeof value === 'string') return ranks.get(value) ?? value;
    if (Array.isArray(value)) return value.map(ranked);
    if (!isDoc(value)) return value;
    const result: Doc = {};
    // The operand of $type names a type and is compared with no text.
    for (const [key, child] of Object.entries(value)) result[key] = key === '$type' ? child : ranked(child);
    return result;
  };
  return ranked;
}

function gather(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value);
  else if (Array.isArray(value)) for (const element of value as unknown[]) gather(element, into);
  else if (isDoc(value)) for (const child of Object.values(value)) gather(child, into);
}
