import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { CommandCall } from './command.ts';
import { refuseNoFlag } from './field-values.ts';
import { wrongType } from '../semantics/wrong-type.ts';

/** The commands of MongoDB's stable API. */
const API_V1: ReadonlySet<string> = new Set([
  'abortTransaction',
  'aggregate',
  'authenticate',
  'collMod',
  'commitTransaction',
  'count',
  'create',
  'createIndexes',
  'delete',
  'drop',
  'dropDatabase',
  'dropIndexes',
  'endSessions',
  'explain',
  'find',
  'findAndModify',
  'getMore',
  'hello',
  'insert',
  'killCursors',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'ping',
  'refreshSessions',
  'saslContinue',
  'saslStart',
  'testDeprecation',
  'update',
]);
/** Commands of the second version only. */
const IN_V2_ONLY: ReadonlySet<string> = new Set(['testVersion2', 'testDeprecationInVersion2']);
/** Stages that are not part of it. */
const STAGES_OUTSIDE = [
  '$currentOp',
  '$indexStats',
  '$listLocalSessions',
  '$listSessions',
  '$planCacheStats',
  '$search',
];

/** Fields of commands of it that are not part of it. */
const FIELDS_OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  aggregate: ['explain', 'collectionUUID', 'encryptionInformation', 'isMapReduceCommand', 'runtimeConstants'],
  create: ['autoIndexId', 'capped', 'flags', 'indexOptionDefaults', 'max', 'size', 'storageEngine', 'temp'],
  createIndexes: ['ignoreUnknownIndexOptions'],
  find: [
    '_requestResumeToken',
    '_resumeAfter',
    'awaitData',
    'collectionUUID',
    'encryptionInformation',
    'max',
    'min',
    'noCursorTimeout',
    'ntoreturn',
    'oplogReplay',
    'options',
    'returnKey',
    'runtimeConstants',
    'showRecordId',
    'tailable',
    'term',
  ],
};
/** Options of indexes that are not part of it. */
const INDEX_OPTIONS_OUTSIDE = [
  'background',
  'bucketSize',
  'columnstoreProjection',
  'dropDups',
  'originalSpec',
  'prepareUnique',
  'sparse',
  'storageEngine',
];

/** Holds a command to the stable API where it asks for that. Errors: `TypeMismatch`, 4886600, `APIVersionError`, `APIStrictError`, `APIDeprecationError`. */
export function checkApi({ name, body }: CommandCall): void {
  const { apiVersion, apiStrict, apiDeprecationErrors } = body;
  if (apiVersion !== undefined && typeof apiVersion !== 'string') throw wrongType('apiVersion', apiVersion, 'string');
  for (const flag of ['apiStrict', 'apiDeprecationErrors']) refuseNoFlag(name, flag, body[flag]);
  if (apiVersion === undefined) {
    if (apiStrict === undefined && apiDeprecationErrors === undefined) return;
    const field = apiStrict === undefined ? 'apiDeprecationErrors' : 'apiStrict';
    throw new ServerError('Location4886600', `Provided ${field} without passing apiVersion`);
  }
  // Version 2 is MongoDB's own for tests.
  if (apiVersion === '2' && IN_V2_ONLY.has(name)) {
    if (apiDeprecationErrors === true && name === 'testDeprecationInVersion2') refuseDeprecated(name, apiVersion);
    return;
  }
  if (apiVersion !== '1')
    throw new ServerError('APIVersionError', `API version must be "1", found ${JSON.stringify(apiVersion)}`);
  if (apiDeprecationErrors === true && name === 'testDeprecation') refuseDeprecated(name, apiVersion);
  if (apiStrict !== true) return;
  if (!API_V1.has(name))
    throw new ServerError(
      'APIStrictError',
      `Provided apiStrict:true, but the command ${name} is not in API Version 1. Information on supported commands and migrations in API Version 1 can be found at https://dochub.mongodb.org/core/manual-versioned-api`,
    );
  refuseFieldsOutside(name, body);
  refuseStagesOutside(body);
}

function refuseFieldsOutside(name: string, body: Doc): void {
  const field = FIELDS_OUTSIDE[name]?.find((one) => body[one] !== undefined);
  if (field !== undefined) throw outside(`${name}.${field}`);
  if (name !== 'createIndexes' || !Array.isArray(body['indexes'])) return;
  for (const index of (body['indexes'] as unknown[]).filter(isDoc)) {
    const option = INDEX_OPTIONS_OUTSIDE.find((one) => index[one] !== undefined);
    if (option !== undefined) throw outside(`createIndexes.indexes.${option}`);
  }
}

function outside(place: string): ServerError {
  return new ServerError('APIStrictError', `BSON field '${place}' is not allowed with apiStrict:true.`);
}

function refuseStagesOutside(body: Doc): void {
  const stages = stagesOf(body);
  const names = stages.flatMap((stage) => Object.keys(stage));
  const stage = names.find((one) => STAGES_OUTSIDE.includes(one));
  if (stage !== undefined)
    throw new ServerError('APIStrictError', `stage ${stage} is not allowed with 'apiStrict: true' in API Version 1`);
  const statistics = stages.flatMap(({ $collStats }) => (isDoc($collStats) ? Object.keys($collStats) : []));
  if (statistics.some((one) => one !== 'count'))
    throw new ServerError('APIStrictError', "only the 'count' option to $collStats is supported in API Version 1");
}

function refuseDeprecated(name: string, apiVersion: string): never {
  throw new ServerError(
    'APIDeprecationError',
    `Provided apiDeprecationErrors:true, but the command ${name} is deprecated in API Version ${apiVersion}.`,
  );
}

function stagesOf({ pipeline }: Doc): readonly Doc[] {
  return Array.isArray(pipeline) ? (pipeline as unknown[]).filter(isDoc) : [];
}
