import { flagField } from '../semantics/flags.ts';
import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { encode, numberOf, type Doc } from '../semantics/values.ts';
import { capOf } from '../storage/capped.ts';
import { isSamePattern, type CollectionInfo } from '../storage/catalog.ts';
import type { IndexInfo } from '../storage/index-entries.ts';
import { numberField, type CommandCall } from './command.ts';
import { refuseUnknown } from './field-values.ts';

const INDEX_CHANGES: ReadonlySet<string> = new Set([
  'name',
  'keyPattern',
  'expireAfterSeconds',
  'hidden',
  'unique',
  'prepareUnique',
]);
const SECONDS_MAX = 0x7fffffff;

/** What `collMod` is told to change of an index. */
export interface IndexChange {
  readonly index: IndexInfo;
  /** What is to change, as it is and as it shall be; what is so already changes nothing. */
  readonly before: Doc;
  readonly now: Doc;
  /** How many changes were told, those among them that change nothing. */
  readonly told: number;
}

/**
 * When documents expire, whether an index is hidden from the planner, and whether its keys are unique. Errors: `InvalidOptions`,
 * `IndexNotFound`, `AmbiguousIndexKeyPattern`, `BadValue`, `TypeMismatch`, 6011800.
 */
export function indexChange(call: CommandCall, collection: CollectionInfo, change: Doc): IndexChange {
  refuseUnknown('collMod.index', change, INDEX_CHANGES);
  const told = ['expireAfterSeconds', 'hidden', 'unique', 'prepareUnique'].filter(
    (option) => change[option] !== undefined,
  );
  const index = chosenIndex(call, collection, change);
  if (told.length === 0)
    throw new ServerError('InvalidOptions', 'no expireAfterSeconds, hidden, unique, or prepareUnique field');
  const { spec } = index;
  const before: Doc = {};
  const now: Doc = {};
  if (told.includes('expireAfterSeconds')) {
    if (capOf(collection.options) !== null)
      throw new ServerError('InvalidOptions', 'TTL indexes are not supported for capped collections.');
    refuseExpiry(index, numberField(change, 'expireAfterSeconds') ?? null);
    if (spec['expireAfterSeconds'] !== undefined) before['expireAfterSeconds'] = spec['expireAfterSeconds'];
    now['expireAfterSeconds'] = change['expireAfterSeconds'];
  }
  if (told.includes('unique') && becomesUnique(index, change)) now['unique'] = true;
  if (told.includes('hidden')) {
    const isHidden = flag(change, 'hidden');
    if (spec['clustered'] === true)
      throw new ServerError('Location6011800', "The 'hidden' option is not supported for a clusteredIndex");
    if (index.name === '_id_') throw new ServerError('BadValue', "can't hide _id index");
    if (isHidden !== (spec['hidden'] === true)) {
      before['hidden'] = !isHidden;
      now['hidden'] = isHidden;
    }
  }
  if (told.includes('prepareUnique')) {
    const isPrepared = flag(change, 'prepareUnique');
    if (isPrepared !== index.isPrepared && !index.isUnique) {
      before['prepareUnique'] = !isPrepared;
      now['prepareUnique'] = isPrepared;
    }
  }
  return { index, before, now, told: told.length };
}

/** The description of an index that was changed: what is switched off is not kept. */
export function specOf({ index, now }: IndexChange): Doc {
  const spec = { ...index.spec, ...now };
  const isOff = (option: string, value: unknown): boolean =>
    (option === 'hidden' && value !== true) ||
    (option === 'prepareUnique' && (value !== true || spec['unique'] === true));
  return Object.fromEntries(Object.entries(spec).filter(([option, value]) => !isOff(option, value)));
}

/** Error: `TypeMismatch`. */
function flag(change: Doc, option: string): boolean {
  const value = change[option];
  if (typeof value !== 'boolean' && numberOf(value) === null)
    throw new ServerError(
      'TypeMismatch',
      `BSON field 'collMod.index.${option}' is the wrong type, expected types '[bool, int, decimal, double, long]'`,
    );
  return flagField(change, option);
}

function becomesUnique(index: IndexInfo, change: Doc): boolean {
  if (!flag(change, 'unique')) throw new ServerError('BadValue', 'Cannot make index non-unique');
  if (index.isUnique) return false;
  if (!index.isPrepared)
    throw new ServerError(
      'InvalidOptions',
      "Cannot make index unique with 'prepareUnique=false'. Run collMod to set it first.",
    );
  return true;
}

/** Of the ids of documents that stand under one key MongoDB tells so many bytes. */
const VIOLATIONS_BYTES_MAX = 8 * 1024 * 1024;

/** Refuses an index that is to be unique and has several documents under one key, with their ids. Error: `CannotConvertIndexToUnique`. */
export function refuseDuplicates({ deployment }: CommandCall, index: IndexInfo): void {
  const violations: { ids: unknown[] }[] = [];
  let bytes = 0;
  for (const records of deployment.records.duplicates(index)) {
    const ids: unknown[] = [];
    violations.push({ ids });
    for (const record of records) {
      const _id = deployment.records.read(record)?.['_id'];
      bytes += encode({ _id }).length;
      if (bytes > VIOLATIONS_BYTES_MAX && violations.length + ids.length > 1)
        throw cannotConvert('Too many conflicting documents were detected. Please resolve them and rerun collMod.', [
          ...violations.slice(0, -1),
          ...(ids.length === 0 ? [] : [{ ids }]),
        ]);
      ids.push(_id);
    }
  }
  if (violations.length > 0)
    throw cannotConvert('Please resolve conflicting documents before running collMod again.', violations);
}

function cannotConvert(advice: string, violations: readonly Doc[]): ServerError {
  return new ServerError('CannotConvertIndexToUnique', `Cannot convert the index to unique. ${advice}`, { violations });
}

function chosenIndex(call: CommandCall, { indexes, name: coll }: CollectionInfo, { name, keyPattern }: Doc): IndexInfo {
  if (name !== undefined && keyPattern !== undefined)
    throw new ServerError('InvalidOptions', 'Cannot specify both key pattern and name.');
  if (name === undefined && keyPattern === undefined)
    throw new ServerError('InvalidOptions', 'Must specify either index name or key pattern.');
  const [index, ...others] = indexes.filter((one) =>
    name === undefined ? isSamePattern(one.spec['key'], keyPattern) : one.name === name,
  );
  const shown = shownValue(name ?? keyPattern);
  if (index === undefined)
    throw new ServerError('IndexNotFound', `cannot find index ${shown} for ns ${call.db}.${coll}`);
  if (others.length > 0)
    throw new ServerError(
      'AmbiguousIndexKeyPattern',
      `index keyPattern ${shown} matches ${others.length + 1} indexes, must use index name.`,
    );
  return index;
}

function refuseExpiry(index: IndexInfo, seconds: number | null): void {
  const refusal =
    seconds === null
      ? 'expireAfterSeconds field must be a number'
      : seconds < 0
        ? "TTL index 'expireAfterSeconds' option cannot be less than 0"
        : seconds > SECONDS_MAX
          ? "TTL index 'expireAfterSeconds' option must be within an acceptable range"
          : index.spec['expireAfterSeconds'] !== undefined
            ? null
            : index.name === '_id_' || index.spec['clustered'] === true
              ? 'the _id field does not support TTL indexes'
              : index.fields.length > 1
                ? 'TTL indexes are single-field indexes, compound indexes do not support TTL'
                : null;
  if (refusal !== null) throw new ServerError('InvalidOptions', refusal);
}
