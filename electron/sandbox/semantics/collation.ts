import { collatorOf, type CollatorOptions } from './collators.ts';
import { ServerError } from './server-error.ts';
import { isDoc, numberOf, type Doc } from './values.ts';
import { wrongType } from './wrong-type.ts';

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
const STRENGTH_MAX = 5;
/** MongoDB 7 orders texts by ICU of this version. */
const VERSION = '57.1';

/**
 * The collation that a command asks for; null for the order of bytes, which an empty one means too. Errors: 40415 for an unknown field,
 * 40414 without a locale, `TypeMismatch`, 51024, `FailedToParse`, `BadValue`, `IncompatibleCollationVersion` and `NotImplemented` for what
 * the platform's collations do not have.
 */
export function collationOf(given: unknown): Collation | null {
  if (!isDoc(given)) return null;
  // What is null is taken for not given.
  const spec = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));
  if (Object.keys(given).length === 0) return null;
  const unknown = Object.keys(given).find((field) => !FIELDS.has(field));
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field 'collation.${unknown}' is an unknown field.`);
  const { locale } = spec;
  if (locale === undefined) throw withoutLocale();
  if (typeof locale !== 'string') throw wrongType('collation.locale', locale, 'string');
  const options: CollatorOptions = {
    locale,
    strength: strengthOf(spec),
    caseLevel: flagOf(spec, 'caseLevel'),
    caseFirst: choiceOf(spec, 'caseFirst', ['upper', 'lower', 'off']),
    numericOrdering: flagOf(spec, 'numericOrdering'),
    alternate: choiceOf(spec, 'alternate', ['non-ignorable', 'shifted']),
    maxVariable: choiceOf(spec, 'maxVariable', ['punct', 'space']),
    backwards: flagOf(spec, 'backwards'),
  };
  // The platform's collations bring texts into their normal form always.
  flagOf(spec, 'normalization');
  const { version } = spec;
  if (version !== undefined && typeof version !== 'string') throw wrongType('collation.version', version, 'string');
  if (locale === 'simple') {
    if (Object.keys(given).length > 1)
      throw new ServerError('FailedToParse', 'If locale=simple, no other fields should be present');
    return null;
  }
  if (version !== undefined && version !== VERSION)
    throw new ServerError(
      'IncompatibleCollationVersion',
      `Requested collation version ${version} but the only available collator version was ${VERSION}`,
    );
  return collatorOf(options);
}

/**
 * Refuses another order of texts than that of bytes for something that would keep it. Errors: those of {@link collationOf}, 40414 for an
 * empty one, `TypeMismatch`, `NotImplemented`.
 */
export function refuseCollation(place: string, given: unknown): void {
  if (!isDoc(given))
    throw new ServerError(
      'TypeMismatch',
      `The field 'collation' of ${place} is the wrong type, expected type 'object'`,
    );
  if (Object.keys(given).length === 0) throw withoutLocale();
  if (collationOf(given) !== null)
    throw new ServerError('NotImplemented', `The sandbox server has no ${place} with the option 'collation'`);
}

function withoutLocale(): ServerError {
  return new ServerError('Location40414', "BSON field 'collation.locale' is missing but a required field");
}

function flagOf(spec: Doc, field: string): boolean | undefined {
  const value = spec[field];
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrongType(`collation.${field}`, value, 'bool');
}

function choiceOf<Name extends string>(spec: Doc, field: string, names: readonly Name[]): Name | undefined {
  const value = spec[field];
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw wrongType(`collation.${field}`, value, 'string');
  const name = names.find((one) => one === value);
  if (name === undefined)
    throw new ServerError(
      'BadValue',
      `Enumeration value '${value}' for field 'collation.${field}' is not a valid value.`,
    );
  return name;
}

/** The level to which texts are compared, of a number without its fraction; 3 where none is given. */
function strengthOf({ strength: given = 3 }: Doc): number {
  const number = typeof given === 'number' ? given : numberOf(given);
  if (number === null) throw wrongType('collation.strength', given, 'number');
  const strength = Math.trunc(number) || 0;
  if (strength < 0 || strength > STRENGTH_MAX)
    throw new ServerError(
      'Location51024',
      `BSON field 'strength' value must be ${strength < 0 ? '>= 0' : `<= ${STRENGTH_MAX}`}, actual value '${strength}'`,
    );
  if (strength === 0) throw new ServerError('FailedToParse', "Field 'strength' must be an integer 1 through 5. Got: 0");
  return strength;
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
