import { refuse } from '../semantics/expressions/refusal.ts';
import { refuseOtherThanUpdates } from '../semantics/pipelines.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { missingField, refuseOption, refuseUnknown } from './field-values.ts';

/** Where a pipeline writes. */
export interface OutputTarget {
  readonly db: string;
  readonly coll: string;
}

/** What `$merge` does, checked. */
export interface MergeOptions {
  readonly into: OutputTarget;
  /** The fields that tell which document of the target is meant. */
  readonly on: readonly string[];
  readonly whenMatched: 'replace' | 'keepExisting' | 'merge' | 'fail' | readonly Doc[];
  readonly whenNotMatched: 'insert' | 'discard' | 'fail';
  /** Expressions over the document that is merged; null where nothing was said. */
  readonly variables: Doc | null;
}

const MERGE_FIELDS: ReadonlySet<string> = new Set(['into', 'on', 'let', 'whenMatched', 'whenNotMatched']);
const MATCHED = ['replace', 'keepExisting', 'merge', 'fail'] as const;
const NOT_MATCHED = ['insert', 'discard', 'fail'] as const;
const TARGET_FIELDS: ReadonlySet<string> = new Set(['db', 'coll']);
const OUT_FIELDS: ReadonlySet<string> = new Set(['db', 'coll', 'timeseries']);
/** Databases that pipelines may not write to. */
const CLOSED: ReadonlySet<string> = new Set(['admin', 'config', 'local']);

/** The target of `$out`. Errors: `FailedToParse`, 40415, 17385 and 31321 for what is the server's own, `NotImplemented`. */
export function outTargetOf(db: string, given: unknown): OutputTarget {
  if (isDoc(given)) {
    refuseUnknown('$out', given, OUT_FIELDS);
    refuseOption('$out', 'timeseries', given['timeseries']);
  }
  return targetOf(db, given, '$out');
}

/**
 * The options of `$merge`. Errors: 31319 and 31320 for what is the server's own, 40415, 40414, `BadValue`, `TypeMismatch`, 51181 for modes that do not go together, 51199 for variables
 * without a pipeline, `InvalidOptions` for a pipeline that updates do not have.
 */
export function mergeOptionsOf(db: string, given: unknown): MergeOptions {
  const options: Doc = isDoc(given) ? given : { into: given };
  refuseUnknown('$merge', options, MERGE_FIELDS);
  if (options['into'] === undefined)
    throw new ServerError('Location40414', "BSON field '$merge.into' is missing but a required field");
  if (isDoc(options['into'])) refuseUnknown('$merge.into', options['into'], TARGET_FIELDS);
  const { whenMatched = 'merge', whenNotMatched = 'insert', let: variables } = options;
  const matched = Array.isArray(whenMatched) ? updatePipeline(whenMatched) : oneOf(MATCHED, 'whenMatched', whenMatched);
  const notMatched = oneOf(NOT_MATCHED, 'whenNotMatched', whenNotMatched);
  if ((matched === 'keepExisting' || matched === 'fail') && notMatched !== 'insert')
    throw new ServerError(
      'Location51181',
      `Combination of {whenMatched: ${matched}} and {whenNotMatched: ${notMatched}} is not supported`,
    );
  if (variables !== undefined && !isDoc(variables))
    throw new ServerError('TypeMismatch', "BSON field '$merge.let' is the wrong type, expected type 'object'");
  if (variables !== undefined && typeof matched === 'string')
    throw new ServerError('Location51199', `Cannot use 'let' variables with 'whenMatched: ${matched}' mode`);
  if (isDoc(variables) && Object.hasOwn(variables, 'new') && variables['new'] !== '$$ROOT')
    throw new ServerError(
      'Location51273',
      "'let' may not define a value for the reserved 'new' variable other than '$$ROOT'",
    );
  return {
    into: targetOf(db, options['into'], '$merge'),
    on: keysOf(options['on']),
    whenMatched: matched,
    whenNotMatched: notMatched,
    variables: variables ?? null,
  };
}

function keysOf(on: unknown): readonly string[] {
  const given: readonly unknown[] = on === undefined ? ['_id'] : Array.isArray(on) ? on : [on];
  const keys = given.filter((key) => typeof key === 'string');
  if (keys.length < given.length)
    throw new ServerError('Location51134', "'on' must be a string or an array of strings");
  if (keys.length === 0)
    throw new ServerError('Location51187', 'If explicitly specifying $merge on, must include at least one field');
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) throw new ServerError('Location31465', `Found a duplicate field '${twice}'`);
  return keys;
}

function targetOf(db: string, target: unknown, stage: string): OutputTarget {
  if (isDoc(target) && stage === '$out')
    for (const field of ['db', 'coll']) if (target[field] === undefined) throw missingField('$out', field);
  const found = typeof target === 'string' ? { db, coll: target } : isDoc(target) ? namedTarget(db, target) : null;
  if (found === null)
    throw new ServerError('FailedToParse', `${stage} needs a string or a document with db and coll as its target`);
  if (found.coll === '') throw new ServerError('InvalidNamespace', `Invalid ${stage} target namespace: '${found.db}.'`);
  if (found.coll.startsWith('system.'))
    throw refuse(stage === '$out' ? 17_385 : 31_319, `Can't ${stage} to special collection: ${found.coll}`);
  if (CLOSED.has(found.db))
    throw refuse(stage === '$out' ? 31_321 : 31_320, `Can't ${stage} to internal database: ${found.db}`);
  return found;
}

function namedTarget(own: string, { db = own, coll }: Doc): OutputTarget | null {
  return typeof db === 'string' && typeof coll === 'string' ? { db, coll } : null;
}

function oneOf<Value extends string>(values: readonly Value[], field: string, given: unknown): Value {
  const found = values.find((value) => value === given);
  if (found === undefined)
    throw new ServerError(
      'BadValue',
      `Enumeration value '${String(given)}' for field '$merge.${field}' is not a valid value.`,
    );
  return found;
}

function updatePipeline(stages: readonly unknown[]): readonly Doc[] {
  if (!stages.every(isDoc))
    throw new ServerError('TypeMismatch', 'Each element of the whenMatched pipeline must be an object');
  refuseOtherThanUpdates(stages);
  return stages;
}
