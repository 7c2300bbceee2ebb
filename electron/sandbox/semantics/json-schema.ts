import { compareValues, isEqual } from './compare.ts';
import type { Matcher, ValueTest } from './field-conditions.ts';
import { keyOf, nameOf } from './field-names.ts';
import { isWhole, numberKind, toDouble, toExact } from './numbers.ts';
import { compiledPattern } from './regular-expressions.ts';
import { ServerError } from './server-error.ts';
import { testOfType } from './type-operator.ts';
import { isDoc, type Doc } from './values.ts';

/** Compiles `$jsonSchema` as MongoDB reads it. Errors: `TypeMismatch`, `FailedToParse` for keywords that MongoDB does not know. */
export function schemaMatcher(schema: unknown): Matcher {
  if (!isDoc(schema)) throw new ServerError('TypeMismatch', '$jsonSchema must be an object');
  return valueTest(schema);
}

type Keyword = (operand: unknown, schema: Doc) => ValueTest;

const TYPES: ReadonlySet<unknown> = new Set(['array', 'boolean', 'null', 'number', 'object', 'string']);

function valueTest(schema: Doc): ValueTest {
  const tests = Object.entries(schema).map(([name, operand]) => {
    const keyword = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined;
    if (keyword === undefined) throw new ServerError('FailedToParse', `Unknown $jsonSchema keyword: ${name}`);
    return keyword(operand, schema);
  });
  return (value) => tests.every((test) => test(value));
}

function nested(name: string, value: unknown): ValueTest {
  if (!isDoc(value)) throw new ServerError('TypeMismatch', `$jsonSchema keyword '${name}' must be an object`);
  return valueTest(value);
}

function listOf(name: string, value: unknown): readonly ValueTest[] {
  if (!Array.isArray(value)) throw new ServerError('TypeMismatch', `$jsonSchema keyword '${name}' must be an array`);
  if (value.length === 0) throw new ServerError('BadValue', `$jsonSchema keyword '${name}' must be a non-empty array`);
  return (value as unknown[]).map((one) => nested(name, one));
}

function numberOperand(name: string, value: unknown): number {
  if (numberKind(value) === null)
    throw new ServerError('TypeMismatch', `$jsonSchema keyword '${name}' must be a number`);
  return toDouble(value);
}

/** What says something only of values of one kind holds for all others. */
function bound(
  isOf: (value: unknown) => boolean,
  measure: (value: never) => number,
  isMax: boolean,
  name: string,
): Keyword {
  return (operand) => {
    const limit = numberOperand(name, operand);
    if (!Number.isInteger(limit) || limit < 0)
      throw new ServerError('FailedToParse', `$jsonSchema keyword '${name}' must be a non-negative integer`);
    return (value) => !isOf(value) || (isMax ? measure(value as never) <= limit : measure(value as never) >= limit);
  };
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): boolean => numberKind(value) !== null;
const lengthOf = (value: string): number => Array.from(value).length;
const sizeOf = (value: readonly unknown[]): number => value.length;
const fieldsOf = (value: Doc): number => Object.keys(value).length;

function limit(isMax: boolean, name: string): Keyword {
  return (operand, schema) => {
    numberOperand(name, operand);
    const isExclusive = schema[isMax ? 'exclusiveMaximum' : 'exclusiveMinimum'] === true;
    return (value) => {
      if (!isNumber(value)) return true;
      const order = compareValues(value, operand) * (isMax ? -1 : 1);
      return isExclusive ? order > 0 : order >= 0;
    };
  };
}

function exclusive(name: string, needed: string): Keyword {
  return (operand, schema) => {
    if (typeof operand !== 'boolean')
      throw new ServerError('TypeMismatch', `$jsonSchema keyword '${name}' must be a boolean`);
    if (schema[needed] === undefined)
      throw new ServerError('FailedToParse', `$jsonSchema keyword '${needed}' must be a present if ${name} is present`);
    return () => true;
  };
}

function fieldTests(name: string, operand: unknown): readonly (readonly [string, ValueTest])[] {
  if (!isDoc(operand)) throw new ServerError('TypeMismatch', `$jsonSchema keyword '${name}' must be an object`);
  return Object.entries(operand).map(([field, schema]) => [field, nested(name, schema)]);
}

const additionalProperties: Keyword = (operand, schema) => {
  if (operand === true) return () => true;
  const test = operand === false ? () => false : nested('additionalProperties', operand);
  const known = new Set(isDoc(schema['properties']) ? Object.keys(schema['properties']) : []);
  const patterns = Object.keys(isDoc(schema['patternProperties']) ? schema['patternProperties'] : {}).map((pattern) =>
    compiledPattern(nameOf(pattern), ''),
  );
  return (value) =>
    !isDoc(value) ||
    Object.entries(value).every(
      ([field, one]) => known.has(field) || patterns.some((pattern) => pattern.test(nameOf(field))) || test(one),
    );
};

const items: Keyword = (operand) => {
  if (Array.isArray(operand)) {
    const tests = (operand as unknown[]).map((one) => nested('items', one));
    return (value) => !Array.isArray(value) || tests.every((test, at) => at >= value.length || test(value[at]));
  }
  const test = nested('items', operand);
  return (value) => !Array.isArray(value) || (value as unknown[]).every((one) => test(one));
};

const additionalItems: Keyword = (operand, schema) => {
  const from = Array.isArray(schema['items']) ? schema['items'].length : Number.POSITIVE_INFINITY;
  const test = typeof operand === 'boolean' ? () => operand : nested('additionalItems', operand);
  return (value) => !Array.isArray(value) || (value as unknown[]).slice(from).every((one) => test(one));
};

const required: Keyword = (operand) => {
  if (!Array.isArray(operand) || operand.length === 0 || !operand.every(isText))
    throw new ServerError('FailedToParse', "$jsonSchema keyword 'required' must be a non-empty array of strings");
  const keys = operand.map(keyOf);
  return (value) => !isDoc(value) || keys.every((key) => Object.hasOwn(value, key));
};

const dependencies: Keyword = (operand) => {
  if (!isDoc(operand)) throw new ServerError('TypeMismatch', "$jsonSchema keyword 'dependencies' must be an object");
  const tests = Object.entries(operand).map(([field, needs]): readonly [string, ValueTest] => [
    field,
    Array.isArray(needs) ? required(needs, {}) : nested('dependencies', needs),
  ]);
  return (value) => !isDoc(value) || tests.every(([field, test]) => !Object.hasOwn(value, field) || test(value));
};

const type: Keyword = (operand) => {
  const names: readonly unknown[] = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  for (const name of names) {
    if (name === 'integer')
      throw new ServerError('FailedToParse', "$jsonSchema type 'integer' is not currently supported.");
    if (!TYPES.has(name)) throw new ServerError('BadValue', `Unknown type name alias: ${String(name)}`);
  }
  return testOfType(names.map((name) => (name === 'boolean' ? 'bool' : name)));
};

const patternProperties: Keyword = (operand) => {
  const tests = fieldTests('patternProperties', operand).map(
    ([pattern, test]) => [compiledPattern(nameOf(pattern), ''), test] as const,
  );
  return (value) =>
    !isDoc(value) ||
    Object.entries(value).every(([field, one]) =>
      tests.every(([pattern, test]) => !pattern.test(nameOf(field)) || test(one)),
    );
};

function isUnique(list: readonly unknown[]): boolean {
  const sorted = [...list].sort((left, right) => compareValues(left, right));
  return sorted.every((value, at) => at === 0 || !isEqual(value, sorted[at - 1]));
}

const nothing: Keyword = () => () => true;

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  bsonType: (operand) => testOfType(operand),
  type,
  properties: (operand) => {
    const tests = fieldTests('properties', operand);
    return (value) =>
      !isDoc(value) || tests.every(([field, test]) => !Object.hasOwn(value, field) || test(value[field]));
  },
  patternProperties,
  additionalProperties,
  required,
  dependencies,
  items,
  additionalItems,
  enum: (operand) => {
    if (!Array.isArray(operand) || operand.length === 0)
      throw new ServerError('FailedToParse', "$jsonSchema keyword 'enum' must be a non-empty array");
    return (value) => (operand as unknown[]).some((one) => isEqual(one, value));
  },
  minimum: limit(false, 'minimum'),
  maximum: limit(true, 'maximum'),
  exclusiveMinimum: exclusive('exclusiveMinimum', 'minimum'),
  exclusiveMaximum: exclusive('exclusiveMaximum', 'maximum'),
  multipleOf: (operand) => {
    if (numberOperand('multipleOf', operand) <= 0)
      throw new ServerError('FailedToParse', "$jsonSchema keyword 'multipleOf' must have a positive value");
    const step = toExact(operand);
    return (value) =>
      !isNumber(value) ||
      ((isWhole(value) || Number.isFinite(toDouble(value))) && toExact(value).modulo(step).isZero());
  },
  minLength: bound(isText, lengthOf, false, 'minLength'),
  maxLength: bound(isText, lengthOf, true, 'maxLength'),
  minItems: bound(Array.isArray, sizeOf, false, 'minItems'),
  maxItems: bound(Array.isArray, sizeOf, true, 'maxItems'),
  minProperties: bound(isDoc, fieldsOf, false, 'minProperties'),
  maxProperties: bound(isDoc, fieldsOf, true, 'maxProperties'),
  uniqueItems: (operand) => {
    if (typeof operand !== 'boolean')
      throw new ServerError('TypeMismatch', "$jsonSchema keyword 'uniqueItems' must be a boolean");
    return (value) => !operand || !Array.isArray(value) || isUnique(value);
  },
  pattern: (operand) => {
    if (!isText(operand)) throw new ServerError('TypeMismatch', "$jsonSchema keyword 'pattern' must be a string");
    const pattern = compiledPattern(operand, '');
    return (value) => !isText(value) || pattern.test(value);
  },
  allOf: (operand) => {
    const tests = listOf('allOf', operand);
    return (value) => tests.every((test) => test(value));
  },
  anyOf: (operand) => {
    const tests = listOf('anyOf', operand);
    return (value) => tests.some((test) => test(value));
  },
  oneOf: (operand) => {
    const tests = listOf('oneOf', operand);
    return (value) => tests.filter((test) => test(value)).length === 1;
  },
  not: (operand) => {
    const test = nested('not', operand);
    return (value) => !test(value);
  },
  title: nothing,
  description: nothing,
};
