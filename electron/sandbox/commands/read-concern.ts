import { Timestamp } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc } from '../semantics/values.ts';
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

/** The time whose documents a command reads, with the present for a snapshot that names none; null for a read of the present. */
export function snapshotTimeOf(call: CommandCall): Timestamp | null {
  const concern = docField(call.body, 'readConcern') ?? {};
  const { atClusterTime } = concern;
  const level = levelOf(call);
  if (level !== 'snapshot') {
    if (atClusterTime !== undefined)
      throw new ServerError(
        'InvalidOptions',
        "readConcern.atClusterTime is only allowed if 'readConcern.level' is 'snapshot'",
      );
    return null;
  }
  if (atClusterTime !== undefined && !(atClusterTime instanceof Timestamp))
    throw new ServerError(
      'TypeMismatch',
      "BSON field 'readConcern.atClusterTime' is the wrong type, expected 'timestamp'",
    );
  return call.deployment.history.open(atClusterTime ?? null);
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
