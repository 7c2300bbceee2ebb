import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { CommandCall } from './command.ts';

/** What every command may carry besides its own fields. */
const GENERIC: ReadonlySet<string> = new Set([
  '$audit',
  '$client',
  '$clusterTime',
  '$configServerState',
  '$configTime',
  '$db',
  '$oplogQueryData',
  '$queryOptions',
  '$readPreference',
  '$replData',
  '$topologyTime',
  'allowImplicitCollectionCreation',
  'apiDeprecationErrors',
  'apiStrict',
  'apiVersion',
  'autocommit',
  'comment',
  'coordinator',
  'databaseVersion',
  'help',
  'lsid',
  'maxTimeMS',
  'maxTimeMSOpOnly',
  'mayBypassWriteBlocking',
  'readConcern',
  'shardVersion',
  'startTransaction',
  'tracking_info',
  'txnNumber',
  'writeConcern',
]);

const READS = ['collation', 'hint', 'let'];
const WRITES = ['bypassDocumentValidation', 'collectionUUID', 'encryptionInformation', 'ordered', 'stmtId', 'stmtIds'];
const FIND_AND_MODIFY = [
  'arrayFilters',
  'bypassDocumentValidation',
  'collation',
  'encryptionInformation',
  'fields',
  'hint',
  'isTimeseriesNamespace',
  'let',
  'new',
  'query',
  'remove',
  'sampleId',
  'sort',
  'stmtId',
  'update',
  'upsert',
];
const CREATE = [
  'autoIndexId',
  'capped',
  'changeStreamPreAndPostImages',
  'clusteredIndex',
  'collation',
  'encryptedFields',
  'expireAfterSeconds',
  'flags',
  'idIndex',
  'indexOptionDefaults',
  'max',
  'pipeline',
  'size',
  'storageEngine',
  'temp',
  'timeseries',
  'validationAction',
  'validationLevel',
  'validator',
  'viewOn',
];

const USER = ['authenticationRestrictions', 'customData', 'digestPassword', 'mechanisms', 'pwd', 'roles'];
const ROLE = ['authenticationRestrictions', 'privileges', 'roles'];

/** The fields of the commands that MongoDB 7 holds to them; others ignore what they do not know. */
const FIELDS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    aggregate: [
      ...READS,
      'allowDiskUse',
      'bypassDocumentValidation',
      'collectionUUID',
      'cursor',
      'encryptionInformation',
      'exchange',
      'explain',
      'fromMongos',
      'isMapReduceCommand',
      'needsMerge',
      'pipeline',
      'requestReshardingResumeToken',
      'runtimeConstants',
      'stmtId',
      'unwrappedReadPref',
      'use44SortKeys',
      'useNewUpsert',
    ],
    collStats: ['scale'],
    dbStats: ['scale', 'freeStorage'],
    collMod: [
      'cappedMax',
      'cappedSize',
      'changeStreamPreAndPostImages',
      'dryRun',
      'encryptedFields',
      'expireAfterSeconds',
      'flags',
      'index',
      'pipeline',
      'timeseries',
      'timeseriesBucketsMayHaveMixedSchemaData',
      'validationAction',
      'validationLevel',
      'validator',
      'viewOn',
    ],
    count: [
      'collation',
      'collectionUUID',
      'encryptionInformation',
      'fields',
      'hint',
      'limit',
      'query',
      'queryOptions',
      'skip',
    ],
    create: CREATE,
    createIndexes: ['commitQuorum', 'ignoreUnknownIndexOptions', 'indexes', 'isTimeseriesNamespace', 'v'],
    delete: [...WRITES, 'deletes', 'isTimeseriesNamespace', 'let', 'runtimeConstants'],
    distinct: ['collation', 'collectionUUID', 'key', 'query', 'queryOptions'],
    drop: ['collectionUUID', 'encryptedFields'],
    dropDatabase: [],
    dropIndexes: ['collectionUUID', 'index', 'isTimeseriesNamespace'],
    explain: ['verbosity'],
    find: [
      ...READS,
      '_resumeAfter',
      '_requestResumeToken',
      'allowDiskUse',
      'allowPartialResults',
      'awaitData',
      'batchSize',
      'collectionUUID',
      'encryptionInformation',
      'filter',
      'limit',
      'max',
      'min',
      'noCursorTimeout',
      'ntoreturn',
      'oplogReplay',
      'options',
      'projection',
      'returnKey',
      'runtimeConstants',
      'showRecordId',
      'singleBatch',
      'skip',
      'sort',
      'tailable',
      'term',
    ],
    findAndModify: FIND_AND_MODIFY,
    findandmodify: FIND_AND_MODIFY,
    getMore: ['batchSize', 'collection', 'lastKnownCommittedOpTime', 'term'],
    insert: [...WRITES, 'documents', 'isTimeseriesNamespace'],
    killCursors: ['cursors'],
    listCollections: ['authorizedCollections', 'cursor', 'filter', 'includePendingDrops', 'nameOnly'],
    listDatabases: ['authorizedDatabases', 'filter', 'nameOnly'],
    listIndexes: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo', 'isTimeseriesNamespace'],
    renameCollection: ['collectionUUID', 'dropTarget', 'stayTemp', 'to'],
    update: [...WRITES, 'isTimeseriesNamespace', 'let', 'runtimeConstants', 'updates'],
    deleteIndexes: ['collectionUUID', 'index', 'isTimeseriesNamespace'],
    createUser: USER,
    updateUser: USER,
    dropUser: [],
    dropAllUsersFromDatabase: [],
    grantRolesToUser: ['roles'],
    revokeRolesFromUser: ['roles'],
    usersInfo: ['filter', 'showAuthenticationRestrictions', 'showCredentials', 'showCustomData', 'showPrivileges'],
    createRole: ROLE,
    updateRole: ROLE,
    dropRole: [],
    dropAllRolesFromDatabase: [],
    grantRolesToRole: ['roles'],
    revokeRolesFromRole: ['roles'],
    grantPrivilegesToRole: ['privileges'],
    revokePrivilegesFromRole: ['privileges'],
    rolesInfo: ['showAuthenticationRestrictions', 'showBuiltinRoles', 'showPrivileges'],
  }).map(([name, fields]) => [name, new Set(fields)]),
);

/** Refuses a field that a command does not have, as MongoDB does. Error: 40415. */
export function refuseUnknownField({ name, body }: CommandCall): void {
  const fields = FIELDS.get(name);
  if (fields === undefined) return;
  const unknown = Object.keys(body).find((field) => field !== name && !fields.has(field) && !GENERIC.has(field));
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field '${name}.${unknown}' is an unknown field.`);
}

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

/** Holds a command to the stable API where it asks for that. Errors: `InvalidOptions`, `APIVersionError`, `APIStrictError`, `APIDeprecationError`. */
export function checkApi({ name, body }: CommandCall): void {
  const { apiVersion, apiStrict, apiDeprecationErrors } = body;
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
  const stage = stagesOf(body).find((one) => STAGES_OUTSIDE.includes(one));
  if (stage !== undefined)
    throw new ServerError('APIStrictError', `stage ${stage} is not allowed with 'apiStrict: true' in API Version 1`);
}

function refuseDeprecated(name: string, apiVersion: string): never {
  throw new ServerError(
    'APIDeprecationError',
    `Provided apiDeprecationErrors:true, but the command ${name} is deprecated in API Version ${apiVersion}.`,
  );
}

function stagesOf({ pipeline }: Doc): readonly string[] {
  if (!Array.isArray(pipeline)) return [];
  return (pipeline as unknown[]).filter(isDoc).flatMap((stage) => Object.keys(stage));
}
