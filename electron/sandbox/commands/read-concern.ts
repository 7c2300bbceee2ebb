import { Timestamp } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { docField, type CommandCall } from './command.ts';

const LEVELS = ['local', 'available', 'majority', 'linearizable', 'snapshot'] as const;
type Level = (typeof LEVELS)[number];

/** Commands that read at more than the level `local`. */
const READS: ReadonlySet<string> = new Set(['find', 'aggregate', 'distinct', 'count', 'explain', 'getMore']);
/** Those of them that read a snapshot outside a transaction; a cursor goes on with what it was opened with. */
const SNAPSHOT_READS: ReadonlySet<string> = new Set(['find', 'aggregate', 'distinct', 'getMore']);

/**
 * Holds a command to the read concerns that it supports. On a replica set of one, what is committed is what everybody sees: all
 * levels but `snapshot` read the same. Errors: `InvalidOptions`, `FailedToParse`, `TypeMismatch`.
 */
export function checkReadConcern(call: CommandCall): void {
  const concern = call.body['readConcern'] ?? undefined;
  if (concern !== undefined && !isDoc(concern))
    throw new ServerError('FailedToParse', 'readConcern field should be an object');
  checkConcernFields(concern ?? {});
  refuseFuture(call, concern ?? {});
  const level = levelOf(call);
  if (level === null) return;
  const isSnapshot = level === 'snapshot';
  if (isSnapshot ? !SNAPSHOT_READS.has(call.name) : level !== 'local' && !READS.has(call.name))
    throw new ServerError(
      'InvalidOptions',
      `Command ${call.name} does not support { readConcern: { level: "${level}", provenance: "clientSupplied" } } :: caused by :: read concern not supported`,
    );
  const refused = call.name === 'aggregate' ? stageAgainst(call.body['pipeline'], level) : null;
  if (refused !== null)
    throw new ServerError(
      'InvalidOptions',
      `Aggregation stage ${refused} cannot run with a readConcern other than those it supports :: caused by :: ${refused} cannot be used with a '${level}' read concern level`,
    );
}

const TIMES = ['afterClusterTime', 'atClusterTime'] as const;
const FIELDS: ReadonlySet<string> = new Set([...TIMES, 'level', 'afterOpTime', 'provenance']);

/** MongoDB's `ReadConcernArgs::parse`. Errors: `InvalidOptions`, `TypeMismatch`. */
function checkConcernFields(concern: Doc): void {
  const unknown = Object.keys(concern).find((field) => !FIELDS.has(field));
  if (unknown !== undefined) throw refused(`Unrecognized option in readConcern: ${unknown}`);
  for (const field of TIMES) {
    const time = concern[field];
    if (time === undefined) continue;
    if (!(time instanceof Timestamp))
      throw new ServerError(
        'TypeMismatch',
        `BSON field 'readConcern.${field}' is the wrong type, expected 'timestamp'`,
      );
    if (time.isZero()) throw refused(`${field} cannot be a null timestamp`);
  }
  const { level, afterClusterTime, atClusterTime } = concern;
  if (level !== undefined && typeof level !== 'string')
    throw new ServerError('TypeMismatch', "BSON field 'readConcern.level' is the wrong type, expected 'string'");
  if (afterClusterTime !== undefined && atClusterTime !== undefined)
    throw refused(
      'Specifying a timestamp for readConcern snapshot in a causally consistent session is not allowed. See https://docs.mongodb.com/manual/core/read-isolation-consistency-recency/#causal-consistency',
    );
  if (afterClusterTime !== undefined && (level === 'linearizable' || level === 'available'))
    throw refused('afterClusterTime field can be set only if level is equal to majority, local, or snapshot');
  if (atClusterTime !== undefined && level !== 'snapshot')
    throw refused('atClusterTime field can be set only if level is equal to snapshot');
}

/** What a client was told by another server it says itself: the times of both are compared. Error: `InvalidOptions`. */
function refuseFuture({ deployment, body }: CommandCall, { afterClusterTime }: Doc): void {
  if (!(afterClusterTime instanceof Timestamp)) return;
  const told = docField(body, '$clusterTime')?.['clusterTime'];
  const isPast = (time: unknown): boolean => time instanceof Timestamp && !afterClusterTime.greaterThan(time);
  if (!isPast(deployment.operationTime) && !isPast(told))
    throw refused('readConcern afterClusterTime value must not be greater than the current clusterTime.');
}

function refused(message: string): ServerError {
  return new ServerError('InvalidOptions', message);
}

/** The time whose documents a command reads, with the present for a snapshot that names none; null for a read of the present. */
export function snapshotTimeOf(call: CommandCall): Timestamp | null {
  if (levelOf(call) !== 'snapshot') return null;
  const at = docField(call.body, 'readConcern')?.['atClusterTime'];
  return call.deployment.history.open(at instanceof Timestamp ? at : null);
}

function levelOf(call: CommandCall): Level | null {
  const given = docField(call.body, 'readConcern')?.['level'];
  if (given === undefined) return null;
  const level = LEVELS.find((one) => one === given);
  if (level === undefined)
    throw new ServerError(
      'FailedToParse',
      "readConcern.level must be either 'local', 'majority', 'linearizable', 'available', or 'snapshot'",
    );
  return level;
}

/** The stage of a pipeline that does not go with a level; null for none. */
function stageAgainst(pipeline: unknown, level: Level): string | null {
  const stages = Array.isArray(pipeline)
    ? (pipeline as unknown[]).filter(isDoc).flatMap((one) => Object.keys(one))
    : [];
  const isAgainst = (stage: string): boolean => {
    switch (stage) {
      case '$out':
      case '$merge':
        return level === 'linearizable' || level === 'snapshot';
      case '$changeStream':
        return level !== 'majority';
      default:
        return false;
    }
  };
  return stages.find(isAgainst) ?? null;
}
