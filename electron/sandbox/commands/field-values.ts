import { ServerError } from '../semantics/server-error.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { CommandCall } from './command.ts';
import { wrongType } from '../semantics/wrong-type.ts';

/** Fields without which a command says nothing. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  aggregate: ['pipeline'],
  createIndexes: ['indexes'],
  delete: ['deletes'],
  distinct: ['key'],
  deleteIndexes: ['index'],
  dropIndexes: ['index'],
  getMore: ['collection'],
  insert: ['documents'],
  killCursors: ['cursors'],
  renameCollection: ['to'],
  update: ['updates'],
};

/** Fields whose number may not be below zero. */
const NOT_NEGATIVE: Readonly<Record<string, readonly string[]>> = {
  count: ['skip'],
  find: ['skip', 'limit', 'batchSize'],
  getMore: ['batchSize'],
};

/** Flags that are told by no number. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  aggregate: ['allowDiskUse'],
  delete: ['ordered'],
  find: [
    'allowDiskUse',
    'allowPartialResults',
    'awaitData',
    'noCursorTimeout',
    'oplogReplay',
    'returnKey',
    'showRecordId',
    'singleBatch',
    'tailable',
  ],
  insert: ['ordered'],
  listCollections: ['authorizedCollections', 'nameOnly'],
  listDatabases: ['authorizedDatabases', 'nameOnly'],
  update: ['ordered'],
};

/** What MongoDB does by these fields this server does not: it is refused, because an answer without it would be another one. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  'collectionUUID',
  'encryptionInformation',
  'exchange',
  'fromMongos',
  'ignoreUnknownIndexOptions',
  'includeBuildUUIDs',
  'includeIndexBuildInfo',
  'indexOptionDefaults',
  'isMapReduceCommand',
  'isTimeseriesNamespace',
  'max',
  'min',
  'needsMerge',
  'ntoreturn',
  'options',
  'requestReshardingResumeToken',
  'returnKey',
  'runtimeConstants',
  'sampleId',
  'showRecordId',
  'stayTemp',
  'use44SortKeys',
  '_requestResumeToken',
  '_resumeAfter',
]);

/**
 * Holds the values of a command's fields to what MongoDB takes, as far as that is the same for many commands.
 * Errors: 40414 for what is missing, 51024 for what is below zero, `TypeMismatch`, `FailedToParse`, `NotImplemented`.
 */
export function checkFields({ name, body }: CommandCall): void {
  const missing = REQUIRED[name]?.find((field) => body[field] === undefined);
  if (missing !== undefined) throw missingField(name, missing);
  for (const field of NOT_NEGATIVE[name] ?? []) refuseNegative(field, body[field]);
  if (body['let'] !== undefined && !isDoc(body['let']))
    throw new ServerError('TypeMismatch', `BSON field '${name}.let' is the wrong type, expected type 'object'`);
  for (const field of FLAGS[name] ?? []) refuseNoFlag(name, field, body[field]);
  const { collation, hint } = body;
  if (TAKES_COLLATION.has(name) && collation !== undefined && collation !== null && !isDoc(collation))
    throw new ServerError('TypeMismatch', `BSON field '${name}.collation' is the wrong type, expected type 'object'`);
  if (hint !== undefined && hint !== null && typeof hint !== 'string' && !isDoc(hint))
    throw new ServerError('FailedToParse', 'Hint must be a string or an object');
  // A database or a user may be made with options of the same names.
  if (REQUIRED[name] === undefined && !HELD.has(name)) return;
  for (const field of Object.keys(body)) if (NOT_OFFERED.has(field)) refuseOption(name, field, body[field]);
}

const HELD: ReadonlySet<string> = new Set([
  'collMod',
  'count',
  'drop',
  'find',
  'findAndModify',
  'findandmodify',
  'listCollections',
  'listIndexes',
]);

const TAKES_COLLATION: ReadonlySet<string> = new Set([
  'aggregate',
  'count',
  'distinct',
  'find',
  'findAndModify',
  'findandmodify',
]);

/** Error: `TypeMismatch` for what is neither true nor false. */
export function refuseNoFlag(place: string, field: string, value: unknown): void {
  if (value === undefined || value === null || typeof value === 'boolean') return;
  throw wrongType(`${place}.${field}`, value, 'bool');
}

/** MongoDB's refusal of a command without a field that it needs. */
export function missingField(place: string, field: string): ServerError {
  return new ServerError('Location40414', `BSON field '${place}.${field}' is missing but a required field`);
}

/** Error: 51024 for a number below zero. */
export function refuseNegative(field: string, value: unknown): void {
  const number = numberOf(value);
  if (number !== null && number < 0)
    throw new ServerError('Location51024', `BSON field '${field}' value must be >= 0, actual value '${number}'`);
}

/** Refuses an option that MongoDB has and this server has not, unless it is switched off. Error: `NotImplemented`. */
export function refuseOption(place: string, option: string, value: unknown): void {
  if (value === undefined || value === null || value === false) return;
  throw new ServerError('NotImplemented', `The sandbox server has no ${place} with the option '${option}'`);
}

/** Refuses a field that a part of a command does not have. Error: 40415. */
export function refuseUnknown(place: string, given: Doc, known: ReadonlySet<string>): void {
  const unknown = Object.keys(given).find((field) => !known.has(field));
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field '${place}.${unknown}' is an unknown field.`);
}
