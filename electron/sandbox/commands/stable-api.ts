import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { CommandCall } from './command.ts';

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
