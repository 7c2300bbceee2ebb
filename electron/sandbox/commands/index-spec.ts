import { refuseCollation } from '../semantics/collation.ts';
import { flagField } from '../semantics/flags.ts';
import { matcherOf } from '../semantics/matching.ts';
import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { isSamePattern } from '../storage/catalog.ts';
import { missingField } from './field-values.ts';

/** Options that this server does by. */
const OFFERED: ReadonlySet<string> = new Set([
  'v',
  'key',
  'name',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'background',
  'ns',
  'hidden',
  'collation',
]);
/** Options that MongoDB has besides. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  '2dsphereIndexVersion',
  'bits',
  'bucketSize',
  'clustered',
  'default_language',
  'dropDups',
  'finestIndexedLevel',
  'coarsestIndexedLevel',
  'language_override',
  'max',
  'min',
  'originalSpec',
  'prepareUnique',
  'storageEngine',
  'textIndexVersion',
  'weights',
  'wildcardProjection',
  'columnstoreProjection',
]);
/** Kinds of keys that MongoDB has besides directions. */
const PLUGINS: ReadonlySet<unknown> = new Set(['text', 'hashed', '2d', '2dsphere', 'geoHaystack', 'columnstore']);
const FLAGS = ['unique', 'sparse', 'hidden', 'background'];
/** What a partial index's filter may say, by MongoDB's manual. */
const PARTIAL_OPERATORS: ReadonlySet<string> = new Set([
  '$eq',
  '$exists',
  '$gt',
  '$gte',
  '$lt',
  '$lte',
  '$type',
  '$and',
  '$or',
  '$in',
]);
const FIELDS_MAX = 32;

/**
 * Holds the description of a new index to what MongoDB takes and this server does. Errors: `CannotCreateIndex`,
 * `InvalidIndexSpecificationOption`, `TypeMismatch`, `BadValue`, 40414, and `NotImplemented` for what only MongoDB has.
 */
export function checkIndexSpec(spec: Doc): void {
  const { key, name } = spec;
  if (key === undefined) throw missingField('createIndexes.indexes', 'key');
  if (name === undefined) throw missingField('createIndexes.indexes', 'name');
  if (typeof name !== 'string' || !isDoc(key))
    throw new ServerError('TypeMismatch', "The field 'key' must be an object, and the field 'name' a string");
  if (name === '') throw cannotCreate('index name cannot be empty');
  if (name === '*') throw new ServerError('BadValue', "The index name '*' is not valid.");
  checkOptions(spec);
  checkKey(key);
  checkTogether(spec, key);
}

const ID_FIELDS: ReadonlySet<string> = new Set(['v', 'key', 'name', 'ns', 'collation']);

/**
 * Holds what `create` is told of the index of ids to what it is anyway. Errors: `TypeMismatch`, `FailedToParse`,
 * `InvalidIndexSpecificationOption`, `BadValue`, and those of {@link checkIndexSpec}.
 */
export function checkIdIndexSpec(given: unknown): void {
  if (!isDoc(given))
    throw new ServerError('TypeMismatch', "BSON field 'create.idIndex' is the wrong type, expected type 'object'");
  const missing = ['key', 'name'].find((field) => given[field] === undefined);
  if (missing !== undefined)
    throw new ServerError('FailedToParse', `The '${missing}' field is a required property of an index specification`);
  const other = Object.keys(given).find((field) => !ID_FIELDS.has(field));
  if (other !== undefined)
    throw new ServerError(
      'InvalidIndexSpecificationOption',
      `The field '${other}' is not valid for an _id index specification.`,
    );
  if (!isSamePattern(given['key'], { _id: 1 }))
    throw new ServerError(
      'BadValue',
      `The field 'key' for an _id index must be {_id: 1}, but got ${shownValue(given['key'])}`,
    );
  checkIndexSpec(given);
}

/** Flags that say nothing where they are off. */
const KEPT_FLAGS: ReadonlySet<string> = new Set(['unique', 'hidden']);

/**
 * The description of an index as MongoDB's `_fixIndexSpec` keeps it: the order of bytes is no option, and neither is a namespace or a flag
 * that is off.
 */
export function keptSpec({ collation: _simple, ns: _namespace, v, key, name, ...options }: Doc): Doc {
  const kept = Object.entries(options).flatMap(([option, value]) => {
    if (!KEPT_FLAGS.has(option)) return [[option, value]];
    return flagField(options, option) ? [[option, true]] : [];
  });
  return { ...(v === undefined ? {} : { v }), key, name, ...(Object.fromEntries(kept) as Doc) };
}

function checkOptions(spec: Doc): void {
  for (const option of Object.keys(spec)) {
    if (NOT_OFFERED.has(option))
      throw new ServerError('NotImplemented', `The sandbox server has no indexes with the option '${option}'`);
    if (!OFFERED.has(option))
      throw new ServerError(
        'InvalidIndexSpecificationOption',
        `The field '${option}' is not valid for an index specification.`,
      );
  }
  for (const flag of FLAGS) {
    const value = spec[flag];
    if (value !== undefined && typeof value !== 'boolean' && numberOf(value) === null)
      throw new ServerError('TypeMismatch', `The field '${flag}' has a value that is not convertible to bool`);
  }
  const { collation } = spec;
  if (isDoc(collation) && Object.keys(collation).length === 0)
    throw new ServerError('BadValue', "The field 'collation' cannot be an empty object.");
  if (collation !== undefined) refuseCollation('indexes', collation);
  const version = spec['v'] === undefined ? 2 : numberOf(spec['v']);
  if (version !== 1 && version !== 2)
    throw cannotCreate(`Invalid index specification; cannot create an index with v=${String(spec['v'])}`);
}

function checkKey(key: Doc): void {
  const fields = Object.entries(key);
  if (fields.length === 0) throw cannotCreate('Index keys cannot be an empty object');
  if (fields.length > FIELDS_MAX) throw cannotCreate(`Index key pattern may not have more than ${FIELDS_MAX} fields`);
  for (const [path, direction] of fields) {
    if (PLUGINS.has(direction) || path === '$**' || path.endsWith('.$**'))
      throw new ServerError(
        'NotImplemented',
        `The sandbox server has no index of the kind ${typeof direction === 'string' ? direction : 'wildcard'}`,
      );
    if (typeof direction === 'string') throw cannotCreate(`Unknown index plugin '${direction}'`);
    const number = numberOf(direction);
    if (number === null || number === 0 || Number.isNaN(number))
      throw cannotCreate('Values in v:2 index key pattern cannot be 0 or of another type than numbers and strings');
    if (path === '') throw cannotCreate('Index keys cannot be an empty field name');
    const parts = path.split('.');
    if (parts.includes('')) throw cannotCreate('Index keys cannot contain an empty field.');
    if (parts.some((part) => part.startsWith('$') && !['$id', '$ref', '$db'].includes(part)))
      throw cannotCreate('Index key contains an illegal field name: field name starts with $.');
  }
}

function checkTogether(spec: Doc, key: Doc): void {
  const { sparse, partialFilterExpression: filter, expireAfterSeconds, hidden } = spec;
  if (spec['name'] === '_id_' && !isSamePattern(key, { _id: 1 }))
    throw new ServerError(
      'BadValue',
      `The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}, found key: ${shownValue(key)}`,
    );
  if (isSamePattern(key, { _id: -1 }))
    throw new ServerError('BadValue', "The field 'key' for an _id index must be {_id: 1}, but got { _id: -1 }");
  if (isSamePattern(key, { _id: 1 })) {
    const wrong = ['unique', 'sparse', 'partialFilterExpression', 'expireAfterSeconds', 'hidden'].find(
      (option) => spec[option] !== undefined,
    );
    if (hidden === true) throw new ServerError('BadValue', "can't hide _id index");
    if (wrong !== undefined)
      throw new ServerError(
        'InvalidIndexSpecificationOption',
        `The field '${wrong}' is not valid for an _id index specification.`,
      );
  }
  if (filter !== undefined) {
    if (!isDoc(filter)) throw new ServerError('TypeMismatch', "The field 'partialFilterExpression' must be an object");
    if (sparse === true || (numberOf(sparse) ?? 0) !== 0)
      throw cannotCreate('cannot mix "partialFilterExpression" and "sparse" options');
    matcherOf(filter);
    refuseInPartial(filter);
  }
  if (expireAfterSeconds === undefined) return;
  const seconds = numberOf(expireAfterSeconds);
  if (seconds === null) throw cannotCreate("TTL index 'expireAfterSeconds' option must be numeric");
  if (seconds < 0) throw cannotCreate("TTL index 'expireAfterSeconds' option cannot be less than 0");
  if (seconds > 0x7fffffff)
    throw cannotCreate("TTL index 'expireAfterSeconds' option must be within an acceptable range");
  if (Object.keys(key).length > 1)
    throw cannotCreate('TTL indexes are single-field indexes, compound indexes do not support TTL');
}

function refuseInPartial(filter: unknown): void {
  if (Array.isArray(filter)) filter.forEach(refuseInPartial);
  if (!isDoc(filter)) return;
  for (const [name, value] of Object.entries(filter)) {
    const isAbsence = name === '$exists' && (value === false || numberOf(value) === 0);
    if ((name.startsWith('$') && !PARTIAL_OPERATORS.has(name)) || isAbsence)
      throw cannotCreate(`Expression not supported in partial index: ${name}`);
    if (name !== '$eq' && name !== '$in') refuseInPartial(value);
  }
}

function cannotCreate(reason: string): ServerError {
  return new ServerError('CannotCreateIndex', reason);
}
