import { Binary, Decimal128, Int32, Long, MaxKey, MinKey } from 'bson';
import type { Collation } from './collation.ts';
import { compareValues, isEqual } from './compare.ts';
import { keyOf, keysOf, pathOf } from './field-names.ts';
import { someAt, someValueAt, type MatchPath } from './match-paths.ts';
import { isWhole, numberKind, toBig, toDouble } from './numbers.ts';
import { compiledPattern, patternOf } from './regular-expressions.ts';
import { ServerError } from './server-error.ts';
import { testOfType } from './type-operator.ts';
import { isDoc, typeRank, type Doc } from './values.ts';

/** Tests a whole document, in exact or working form. */
export type Matcher = (document: Doc) => boolean;
/** Tests one value; `undefined` is a missing one. */
export type ValueTest = (value: unknown) => boolean;

/** What conditions may refer to besides the document. */
export interface MatchContext {
  readonly collation: Collation | null;
  /** Compiles the filter of an `$elemMatch` over documents. */
  readonly filter: (filter: Doc) => Matcher;
}

type Compile = (path: MatchPath, operand: unknown, context: MatchContext, all: Doc) => Matcher;

/** Compiles what a filter says of one field: a value, or a document of operators. */
export function conditionOf(field: string, condition: unknown, context: MatchContext): Matcher {
  const path = keysOf(field);
  if (!isOperators(condition)) return equality(path, condition, context);
  return every(Object.entries(condition).map(([name, operand]) => operatorOf(path, name, operand, context, condition)));
}

/** Compiles conditions on a value itself, as `$elemMatch` has for lists of values. */
export function valueConditions(conditions: Doc, context: MatchContext): ValueTest {
  const matches = conditionOf('value', conditions, context);
  return (value) => matches({ value });
}

/** True for a document of operators; the names of a DBRef are no operators. */
export function isOperators(condition: unknown): condition is Doc {
  if (!isDoc(condition)) return false;
  const first = Object.keys(condition)[0] ?? '';
  return first.startsWith('$') && first !== '$ref' && first !== '$id' && first !== '$db';
}

function operatorOf(path: MatchPath, name: string, operand: unknown, context: MatchContext, all: Doc): Matcher {
  const compile = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (compile === undefined) {
    if (GEO.has(name)) throw new ServerError('NotImplemented', `${name} is not offered by this sandbox server`);
    throw new ServerError('BadValue', `unknown operator: ${name}`);
  }
  return compile(path, operand, context, all);
}

function every(matchers: readonly Matcher[]): Matcher {
  const [only] = matchers;
  if (only !== undefined && matchers.length === 1) return only;
  return (document) => matchers.every((matches) => matches(document));
}

function equality(path: MatchPath, operand: unknown, { collation }: MatchContext): Matcher {
  const pattern = patternOf(operand);
  const test = pattern === null ? comparison('eq', operand, collation) : patternTest(pattern, operand);
  return (document) => someValueAt(document, path, test);
}

function patternTest(pattern: RegExp, operand: unknown): ValueTest {
  return (value) => matchesText(pattern, value) || (typeRank(value) === 50 && isEqual(value, operand));
}

function matchesText(pattern: RegExp, value: unknown): boolean {
  return typeRank(value) === 15 && pattern.test(String(value));
}

type Relation = 'eq' | 'lt' | 'lte' | 'gt' | 'gte';

/** Values of different types never match, but for null and what is missing, and for the ends of the order. */
function comparison(relation: Relation, operand: unknown, collation: Collation | null): ValueTest {
  const rank = typeRank(operand);
  const isNullish = rank === 5 || rank === 2;
  const hasEqual = relation === 'eq' || relation === 'lte' || relation === 'gte';
  return (value) => {
    const valueRank = typeRank(value);
    if (valueRank !== rank) {
      if (isNullish && (valueRank === 5 || valueRank === 2)) return hasEqual;
      if (operand instanceof MaxKey) return relation === 'lt' || relation === 'lte';
      if (operand instanceof MinKey) return relation === 'gt' || relation === 'gte';
      return false;
    }
    if (rank === 10 && (Number.isNaN(toDouble(value)) || Number.isNaN(toDouble(operand))))
      return hasEqual && Number.isNaN(toDouble(value)) && Number.isNaN(toDouble(operand));
    const order = compareValues(value, operand, collation);
    switch (relation) {
      case 'eq':
        return order === 0;
      case 'lt':
        return order < 0;
      case 'lte':
        return order <= 0;
      case 'gt':
        return order > 0;
      case 'gte':
        return order >= 0;
    }
  };
}

function compared(relation: Relation): Compile {
  return (path, operand, { collation }) => {
    if (relation !== 'eq' && patternOf(operand) !== null)
      throw new ServerError('BadValue', `Can't have RegEx as arg to predicate over field '${pathOf(path)}'.`);
    const test =
      relation === 'eq' && patternOf(operand) !== null
        ? (value: unknown) => typeRank(value) === 50 && isEqual(value, operand)
        : comparison(relation, operand, collation);
    return (document) => someValueAt(document, path, test);
  };
}

function negated(compile: Compile): Compile {
  return (path, operand, context, all) => {
    const matches = compile(path, operand, context, all);
    return (document) => !matches(document);
  };
}

const notEqual: Compile = (path, operand, context, all) => {
  if (patternOf(operand) !== null) throw new ServerError('BadValue', "Can't have regex as arg to $ne.");
  return negated(compared('eq'))(path, operand, context, all);
};

const inList: Compile = (path, operand, { collation }) => {
  if (!Array.isArray(operand)) throw new ServerError('BadValue', '$in needs an array');
  const tests = (operand as unknown[]).map((one) => {
    if (isOperators(one)) throw new ServerError('BadValue', 'cannot nest $ under $in');
    const pattern = patternOf(one);
    return pattern === null ? comparison('eq', one, collation) : patternTest(pattern, one);
  });
  return (document) => someValueAt(document, path, (value) => tests.some((test) => test(value)));
};

const notInList: Compile = (path, operand, context, all) => {
  if (!Array.isArray(operand)) throw new ServerError('BadValue', '$nin needs an array');
  return negated(inList)(path, operand, context, all);
};

const allOf: Compile = (path, operand, context, all) => {
  if (!Array.isArray(operand)) throw new ServerError('BadValue', '$all needs an array');
  if (operand.length === 0) return () => false;
  const isElements = isOperators(operand[0]);
  return every(
    (operand as unknown[]).map((one) => {
      const isElement = isDoc(one) && Object.keys(one)[0] === '$elemMatch';
      if (isElements && !isElement) throw new ServerError('BadValue', '$all/$elemMatch has to be consistent');
      if (isElement) return elemMatch(path, one['$elemMatch'], context, all);
      if (isOperators(one)) throw new ServerError('BadValue', 'no $ expressions in $all');
      return equality(path, one, context);
    }),
  );
};

const exists: Compile = (path, operand) => {
  const isWanted = isTrue(operand);
  return (document) => someAt(document, path, (value) => value !== undefined) === isWanted;
};

/** How MongoDB reads a value that says yes or no. */
export function isTrue(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return numberKind(value) === null || toDouble(value) !== 0;
}

const typeOf: Compile = (path, operand) => {
  const test = testOfType(operand);
  return (document) => someValueAt(document, path, test);
};

const size: Compile = (path, operand) => {
  if (numberKind(operand) === null)
    throw new ServerError('FailedToParse', `Failed to parse $size. Expected a number in: $size: ${String(operand)}`);
  if (!isWhole(operand))
    throw new ServerError('FailedToParse', `Failed to parse $size. Expected an integer: $size: ${String(operand)}`);
  const wanted = toDouble(operand);
  if (wanted < 0)
    throw new ServerError(
      'FailedToParse',
      `Failed to parse $size. Expected a non-negative number in: $size: ${wanted}`,
    );
  return (document) => someAt(document, path, (value) => Array.isArray(value) && value.length === wanted);
};

/** Whether the conditions of an `$elemMatch` are on elements themselves, and not on their fields. */
export function isOfValues(conditions: Doc): boolean {
  const first = Object.keys(conditions)[0] ?? '';
  return isOperators(conditions) && !['$and', '$or', '$nor', '$expr', '$where'].includes(first);
}

const elemMatch: Compile = (path, operand, context) => {
  if (!isDoc(operand)) throw new ServerError('BadValue', '$elemMatch needs an Object');
  const test = isOfValues(operand) ? valueTestOf(operand, context) : documentTest(operand, context);
  return (document) =>
    someAt(document, path, (value) => Array.isArray(value) && (value as unknown[]).some((element) => test(element)));
};

/** An element that is a list itself is compared as a whole and by its elements, as a field would be. */
function valueTestOf(operand: Doc, context: MatchContext): ValueTest {
  return valueConditions(operand, context);
}

function documentTest(operand: Doc, context: MatchContext): ValueTest {
  const matches = context.filter(operand);
  return (value) => {
    if (isDoc(value)) return matches(value);
    return Array.isArray(value) && matches(asFields(value as unknown[]));
  };
}

/** The places of a list as names of fields. */
function asFields(list: readonly unknown[]): Doc {
  return Object.fromEntries(list.map((element, at) => [keyOf(String(at)), element]));
}

const not: Compile = (path, operand, context) => {
  const pattern = patternOf(operand);
  if (pattern !== null) {
    const test = patternTest(pattern, operand);
    return (document) => !someValueAt(document, path, test);
  }
  if (!isDoc(operand)) throw new ServerError('BadValue', '$not needs a regex or a document');
  if (Object.keys(operand).length === 0) throw new ServerError('BadValue', '$not cannot be empty');
  if (!isOperators(operand)) throw new ServerError('BadValue', `unknown operator: ${Object.keys(operand)[0] ?? ''}`);
  const matches = conditionOf(pathOf(path), operand, context);
  return (document) => !matches(document);
};

const regex: Compile = (path, operand, _context, all) => {
  const given = patternOf(operand);
  if (given === null && typeof operand !== 'string') throw new ServerError('BadValue', '$regex has to be a string');
  const options = all['$options'];
  if (options !== undefined && typeof options !== 'string')
    throw new ServerError('BadValue', '$options has to be a string');
  const source = typeof operand === 'string' ? { pattern: operand, options: '' } : partsOf(operand);
  if (options !== undefined && source.options !== '')
    throw new ServerError('Location51075', 'options set in both $regex and $options');
  const pattern = compiledPattern(source.pattern, options ?? source.options);
  const test = (value: unknown): boolean =>
    matchesText(pattern, value) ||
    (typeRank(value) === 50 &&
      partsOf(value).pattern === source.pattern &&
      partsOf(value).options === (options ?? source.options));
  return (document) => someValueAt(document, path, test);
};

function partsOf(value: unknown): { readonly pattern: string; readonly options: string } {
  if (value instanceof RegExp) return { pattern: value.source, options: value.flags };
  const { pattern, options } = value as { pattern: string; options: string };
  return { pattern, options };
}

const regexOptions: Compile = (_path, _operand, _context, all) => {
  if (!Object.hasOwn(all, '$regex')) throw new ServerError('BadValue', '$options needs a $regex');
  return () => true;
};

const mod: Compile = (path, operand) => {
  if (!Array.isArray(operand)) throw new ServerError('BadValue', 'malformed mod, needs to be an array');
  if (operand.length < 2) throw new ServerError('BadValue', 'malformed mod, not enough elements');
  if (operand.length > 2) throw new ServerError('BadValue', 'malformed mod, too many elements');
  const [divisor, remainder] = (operand as unknown[]).map((one, at) => {
    const name = at === 0 ? 'divisor' : 'remainder';
    if (numberKind(one) === null) throw new ServerError('BadValue', `malformed mod, ${name} not a number`);
    if (!Number.isFinite(toDouble(one)))
      throw new ServerError(
        'BadValue',
        `malformed mod, ${name} value is invalid :: caused by :: Unable to coerce NaN/Inf to integral type`,
      );
    return toBig(one);
  });
  if (divisor === undefined || divisor === 0n) throw new ServerError('BadValue', 'divisor cannot be 0');
  return (document) =>
    someValueAt(document, path, (value) => {
      if (numberKind(value) === null || !Number.isFinite(toDouble(value))) return false;
      const dividend = toBig(value);
      return BigInt.asIntN(64, dividend) === dividend && dividend % divisor === remainder;
    });
};

/** A mask is a number, a list of places, or bytes. */
function bits(isMet: (value: bigint, mask: bigint) => boolean): Compile {
  return (path, operand) => {
    const mask = maskOf(operand, pathOf(path));
    return (document) =>
      someValueAt(document, path, (value) => {
        const subject = bitsOf(value);
        return subject !== null && isMet(subject, mask);
      });
  };
}

function maskOf(operand: unknown, field: string): bigint {
  if (Array.isArray(operand)) {
    return (operand as unknown[]).reduce<bigint>((mask, place) => {
      if (numberKind(place) === null || !isWhole(place) || toDouble(place) < 0)
        throw new ServerError('BadValue', `Failed to parse bit position. Expected a non-negative integer in: ${field}`);
      return mask | (1n << toBig(place));
    }, 0n);
  }
  if (operand instanceof Binary) return bytesAsBits(operand);
  if (numberKind(operand) === null)
    throw new ServerError(
      'BadValue',
      `${field} takes an Array, a number, or a BinData but received: ${String(operand)}`,
    );
  if (!isWhole(operand)) throw new ServerError('FailedToParse', `Expected an integer: ${field}: ${String(operand)}`);
  if (toBig(operand) < 0n)
    throw new ServerError('FailedToParse', `Expected a non-negative number in: ${field}: ${String(operand)}`);
  return toBig(operand);
}

/** Negative numbers have ones without end above; a number that is not whole or not one of 64 bits has no bits. */
function bitsOf(value: unknown): bigint | null {
  if (value instanceof Binary) return bytesAsBits(value);
  if (numberKind(value) === null || value instanceof Decimal128) return decimalBits(value);
  if (!(value instanceof Long) && !(value instanceof Int32) && !isWhole(value)) return null;
  const whole = toBig(value);
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

function decimalBits(value: unknown): bigint | null {
  if (!(value instanceof Decimal128) || !isWhole(value)) return null;
  const whole = toBig(value);
  return BigInt.asIntN(64, whole) === whole ? whole : null;
}

function bytesAsBits(value: Binary): bigint {
  const bytes = value.buffer.subarray(0, value.position);
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

const GEO = new Set([
  '$geoWithin',
  '$geoIntersects',
  '$near',
  '$nearSphere',
  '$within',
  '$maxDistance',
  '$minDistance',
  '$geoNear',
]);

const OPERATORS: Readonly<Record<string, Compile>> = {
  $eq: compared('eq'),
  $ne: notEqual,
  $gt: compared('gt'),
  $gte: compared('gte'),
  $lt: compared('lt'),
  $lte: compared('lte'),
  $in: inList,
  $nin: notInList,
  $all: allOf,
  $exists: exists,
  $type: typeOf,
  $size: size,
  $elemMatch: elemMatch,
  $not: not,
  $regex: regex,
  $options: regexOptions,
  $mod: mod,
  $bitsAllSet: bits((value, mask) => (value & mask) === mask),
  $bitsAnySet: bits((value, mask) => (value & mask) !== 0n),
  $bitsAllClear: bits((value, mask) => (value & mask) === 0n),
  $bitsAnyClear: bits((value, mask) => (value & mask) !== mask),
  $comment: () => () => true,
};
