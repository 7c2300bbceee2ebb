import { Timestamp } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { placeOfToken, type StreamPlace } from './resume-tokens.ts';
import { wrongType } from '../semantics/wrong-type.ts';

/** What a stream watches: one collection, a database (`coll` null) or the whole deployment (`db` null). */
export interface Watched {
  readonly db: string | null;
  readonly coll: string | null;
}

const FULL_DOCUMENT = ['default', 'updateLookup', 'whenAvailable', 'required'] as const;
const BEFORE_CHANGE = ['off', 'whenAvailable', 'required'] as const;
/** What MongoDB has for its own servers, and this server has not. */
const INTERNAL = [
  'showMigrationEvents',
  'allowToRunOnConfigDB',
  'showSystemEvents',
  'allowToRunOnSystemNS',
  'showRawUpdateDescription',
] as const;
const FLAGS = ['allChangesForCluster', 'showExpandedEvents', ...INTERNAL] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...FLAGS,
  'resumeAfter',
  'startAfter',
  'startAtOperationTime',
  'fullDocument',
  'fullDocumentBeforeChange',
]);

/** What a `$changeStream` stage says. */
export interface StreamOptions {
  readonly watched: Watched;
  /** Behind which place, from which logical time on, or from now on (null). */
  readonly start: StreamPlace | Timestamp | null;
  readonly fullDocument: (typeof FULL_DOCUMENT)[number];
  readonly fullDocumentBeforeChange: (typeof BEFORE_CHANGE)[number];
  readonly isExpanded: boolean;
}

/**
 * Reads a `$changeStream` stage. @param given what it was given @param at the database, and the collection if any, that it runs on
 * Errors: 50808, 40415, `TypeMismatch`, `BadValue`, `InvalidOptions`, `InvalidNamespace`, 50865, 40674, `NotImplemented`, and those of
 * {@link placeOfToken}.
 */
export function streamOptionsOf(
  given: unknown,
  at: { readonly db: string; readonly coll: string | null },
): StreamOptions {
  if (!isDoc(given)) throw new ServerError('Location50808', '$changeStream stage expects a document as argument');
  const unknown = Object.keys(given).find((field) => !KNOWN.has(field));
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field '$changeStream.${unknown}' is an unknown field.`);
  for (const flag of FLAGS) optional(given, flag, 'bool', (value) => typeof value === 'boolean');
  const internal = INTERNAL.find((flag) => given[flag] === true);
  if (internal !== undefined)
    throw new ServerError('NotImplemented', `The sandbox server has no $changeStream with the option '${internal}'`);
  const options = {
    fullDocument: oneOf(given, 'fullDocument', FULL_DOCUMENT) ?? 'default',
    fullDocumentBeforeChange: oneOf(given, 'fullDocumentBeforeChange', BEFORE_CHANGE) ?? 'off',
    isExpanded: given['showExpandedEvents'] === true,
  } as const;
  const isCluster = given['allChangesForCluster'] === true;
  refuseNamespace(at, isCluster);
  return { ...options, watched: { db: isCluster ? null : at.db, coll: at.coll }, start: startOf(given) };
}

function refuseNamespace(
  { db, coll }: { readonly db: string; readonly coll: string | null },
  isCluster: boolean,
): void {
  const namespace = `${db}.${coll ?? '$cmd.aggregate'}`;
  if (isCluster && (db !== 'admin' || coll !== null))
    throw new ServerError(
      'InvalidOptions',
      `A $changeStream with 'allChangesForCluster:true' may only be opened on the 'admin' database, and with no collection name; found ${namespace}`,
    );
  if (!isCluster && (db === 'admin' || db === 'local' || db === 'config'))
    throw new ServerError('InvalidNamespace', `$changeStream may not be opened on the internal ${db} database`);
  if (coll?.startsWith('system.') === true)
    throw new ServerError(
      'InvalidNamespace',
      `$changeStream may not be opened on the internal ${namespace} collection`,
    );
}

function startOf(given: Doc): StreamPlace | Timestamp | null {
  const resumeAfter = optional(given, 'resumeAfter', 'object', isDoc);
  const startAfter = optional(given, 'startAfter', 'object', isDoc);
  const time = optional(
    given,
    'startAtOperationTime',
    'timestamp',
    (value): value is Timestamp => value instanceof Timestamp,
  );
  if (resumeAfter !== null && startAfter !== null)
    throw new ServerError(
      'Location50865',
      "Do not specify both 'resumeAfter' and 'startAfter' in a $changeStream stage",
    );
  const token = resumeAfter ?? startAfter;
  const place = token === null ? null : placeOfToken(token);
  if (place !== null && time !== null)
    throw new ServerError('Location40674', 'Only one type of resume option is allowed, but multiple were found');
  if (place?.kind === 'invalidation' && resumeAfter !== null)
    throw new ServerError(
      'InvalidResumeToken',
      "Attempting to resume a change stream using 'resumeAfter' is not allowed from an invalidate notification",
    );
  return place ?? time;
}

/** A field's value; null where it is not there, or null. Error: `TypeMismatch`. */
function optional<Value>(
  given: Doc,
  field: string,
  type: string,
  isRight: ((value: unknown) => value is Value) | ((value: unknown) => boolean),
): Value | null {
  const value = given[field];
  if (value === undefined || value === null) return null;
  if (isRight(value)) return value as Value;
  throw wrongType(`$changeStream.${field}`, value, type);
}

function oneOf<Mode extends string>(given: Doc, field: string, modes: readonly Mode[]): Mode | null {
  const value = optional(given, field, 'string', (one): one is string => typeof one === 'string');
  if (value === null) return null;
  const mode = modes.find((one) => one === value);
  if (mode === undefined)
    throw new ServerError(
      'BadValue',
      `Enumeration value '${value}' for field '$changeStream.${field}' is not a valid value.`,
    );
  return mode;
}
