import { ServerError } from '../semantics/server-error.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { CommandCall } from './command.ts';

const FIELDS: ReadonlySet<string> = new Set(['w', 'j', 'fsync', 'wtimeout', 'provenance']);
/** MongoDB's limit of members that a write may wait for. */
const MEMBERS_MAX = 50;

/** Commands that write nothing. */
const WITHOUT_CONCERN: ReadonlySet<string> = new Set([
  'buildInfo',
  'collStats',
  'connectionStatus',
  'count',
  'dbStats',
  'distinct',
  'explain',
  'find',
  'getMore',
  'killCursors',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'ping',
  'rolesInfo',
  'serverStatus',
  'usersInfo',
]);

/** Refuses a write concern that is none, before anything is written. Errors: `FailedToParse`, `InvalidOptions` where nothing is written. */
export function checkWriteConcern({ name, body }: CommandCall): void {
  const { writeConcern } = body;
  if (writeConcern === undefined) return;
  if (WITHOUT_CONCERN.has(name)) throw new ServerError('InvalidOptions', 'Command does not support writeConcern');
  if (!isDoc(writeConcern))
    throw new ServerError('TypeMismatch', "BSON field 'writeConcern' is the wrong type, expected type 'object'");
  const unknown = Object.keys(writeConcern).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw new ServerError('FailedToParse', `unrecognized write concern field: ${unknown}`);
  const { w, j, fsync } = writeConcern;
  if (j !== undefined && typeof j !== 'boolean' && numberOf(j) === null)
    throw new ServerError('FailedToParse', 'j must be numeric or a boolean value');
  if (fsync !== undefined && typeof fsync !== 'boolean' && numberOf(fsync) === null)
    throw new ServerError('FailedToParse', 'fsync must be numeric or a boolean value');
  if (isOn(j) && isOn(fsync)) throw new ServerError('FailedToParse', 'fsync and j options cannot be used together');
  const members = numberOf(w);
  if (members !== null && (members < 0 || members > MEMBERS_MAX || !Number.isInteger(members)))
    throw new ServerError('FailedToParse', `w has to be a non-negative number and not greater than ${MEMBERS_MAX}`);
  if (w !== undefined && members === null && typeof w !== 'string' && !isDoc(w))
    throw new ServerError('FailedToParse', 'w has to be a number, string, or object');
}

function isOn(flag: unknown): boolean {
  return flag === true || (numberOf(flag) ?? 0) !== 0;
}

/**
 * A reply with what MongoDB adds where a write was done and its concern cannot be kept: a replica set of one has one member, and no
 * concern of a name of its own.
 */
export function withConcern({ body }: CommandCall, reply: Doc): Doc {
  const concern = isDoc(body['writeConcern']) ? body['writeConcern'] : {};
  const { w } = concern;
  const members = numberOf(w);
  if ((members !== null && members > 1) || isDoc(w))
    return failed(reply, concern, 100, 'UnsatisfiableWriteConcern', 'Not enough data-bearing nodes');
  if (typeof w === 'string' && w !== 'majority')
    return failed(
      reply,
      concern,
      79,
      'UnknownReplWriteConcern',
      `No write concern mode named '${w}' found in replica set configuration`,
    );
  return reply;
}

function failed(reply: Doc, { w, j, fsync, wtimeout }: Doc, code: number, codeName: string, errmsg: string): Doc {
  const onDisk = isOn(fsync) ? { fsync: true } : j === undefined ? {} : { j: isOn(j) };
  const writeConcern = { w, ...onDisk, wtimeout: numberOf(wtimeout) ?? 0, provenance: 'clientSupplied' };
  return { ...reply, writeConcernError: { code, codeName, errmsg, errInfo: { writeConcern } } };
}
