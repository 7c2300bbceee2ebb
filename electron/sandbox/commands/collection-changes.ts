import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { numberOf, type Doc } from '../semantics/values.ts';
import { isSamePattern, type CollectionInfo } from '../storage/catalog.ts';
import type { IndexInfo } from '../storage/index-entries.ts';
import { validationOptionsOf } from '../storage/validation.ts';
import { collectionName, docField, numberField, type Command, type CommandCall } from './command.ts';
import { refuseOption, refuseUnknown } from './field-values.ts';

/** The collection that a command names. Error: `NamespaceNotFound`. */
export function existing(call: CommandCall): CollectionInfo {
  const name = collectionName(call);
  const collection = call.deployment.catalog.find(call.db, name);
  if (collection === null) throw new ServerError('NamespaceNotFound', `ns does not exist: ${call.db}.${name}`);
  return collection;
}

/** Logs what only streams with expanded events tell of. */
export function logChange(
  call: CommandCall,
  collection: CollectionInfo,
  operationType: 'createIndexes' | 'dropIndexes' | 'modify',
  operationDescription: Doc,
  others: Doc = {},
): void {
  const { db, name: coll, uuid } = collection;
  call.deployment.oplog.append({ operationType, db, coll, uuid, fields: { operationDescription, ...others } });
}

/** What MongoDB changes of a collection and this server does not. */
const COLLECTION_CHANGES = [
  'cappedMax',
  'cappedSize',
  'dryRun',
  'encryptedFields',
  'expireAfterSeconds',
  'flags',
  'pipeline',
  'timeseries',
  'timeseriesBucketsMayHaveMixedSchemaData',
  'viewOn',
];
/** What is said of collections only. */
const NOT_OF_VIEWS = ['index', 'validator', 'validationLevel', 'validationAction', 'changeStreamPreAndPostImages'];
const INDEX_CHANGES: ReadonlySet<string> = new Set([
  'name',
  'keyPattern',
  'expireAfterSeconds',
  'hidden',
  'unique',
  'prepareUnique',
]);
const SECONDS_MAX = 0x7fffffff;

/** Changes options of a collection and one of its indexes, both or neither. */
export const collMod: Command = {
  writes: true,
  run(call) {
    const collection = existing(call);
    const { catalog } = call.deployment;
    if (COLLECTION_CHANGES.some((option) => call.body[option] !== undefined))
      throw new ServerError(
        'NotImplemented',
        'The sandbox server changes only changeStreamPreAndPostImages, the validation and an index of a collection',
      );
    const before = collection.options;
    const ofCollections = NOT_OF_VIEWS.find((option) => call.body[option] !== undefined);
    if (before['viewOn'] !== undefined && ofCollections !== undefined)
      throw new ServerError('InvalidOptions', `option not supported on a view: ${ofCollections}`);
    const images = docField(call.body, 'changeStreamPreAndPostImages');
    const given = docField(call.body, 'index');
    const change = given === undefined ? null : indexChange(call, collection, given);
    const changed = {
      ...(images === undefined ? {} : { changeStreamPreAndPostImages: images }),
      ...validationOptionsOf(call.db, call.body),
    };
    if (Object.keys(changed).length > 0) catalog.setOptions(collection, { ...before, ...changed });
    if (change !== null) catalog.changeIndex(collection, change.index, { ...change.index.spec, ...change.now });
    const isIndexChanged = change !== null && Object.keys(change.now).length > 0;
    const description = {
      ...(isIndexChanged ? { index: { name: change.index.name, ...change.now } } : {}),
      ...changed,
    };
    const stateBeforeChange = {
      collectionOptions: { uuid: collection.uuid, ...before },
      ...(change === null ? {} : { indexOptions: change.before }),
    };
    logChange(call, collection, 'modify', description, { stateBeforeChange });
    return change === null ? {} : { ...named(change.before, 'old'), ...named(change.now, 'new') };
  },
};

function named(values: Doc, age: 'old' | 'new'): Doc {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${name}_${age}`, value]));
}

interface IndexChange {
  readonly index: IndexInfo;
  /** What is to change, as it is and as it shall be; what is so already changes nothing. */
  readonly before: Doc;
  readonly now: Doc;
}

/**
 * When documents expire, or whether an index is hidden from the planner. Errors: `InvalidOptions`, `IndexNotFound`,
 * `AmbiguousIndexKeyPattern`, `BadValue`, 6011800.
 */
function indexChange(call: CommandCall, collection: CollectionInfo, change: Doc): IndexChange {
  refuseUnknown('collMod.index', change, INDEX_CHANGES);
  for (const option of ['unique', 'prepareUnique']) refuseOption('collMod', `index.${option}`, change[option]);
  const { expireAfterSeconds, hidden } = change;
  const index = chosenIndex(call, collection, change);
  if (expireAfterSeconds === undefined && hidden === undefined)
    throw new ServerError('InvalidOptions', 'no expireAfterSeconds, hidden, unique, or prepareUnique field');
  const { spec } = index;
  const before: Doc = {};
  const now: Doc = {};
  if (expireAfterSeconds !== undefined) {
    refuseExpiry(index, numberField(change, 'expireAfterSeconds') ?? null);
    if (spec['expireAfterSeconds'] !== undefined) before['expireAfterSeconds'] = spec['expireAfterSeconds'];
    now['expireAfterSeconds'] = expireAfterSeconds;
  }
  if (hidden !== undefined) {
    const isHidden = hidden === true || (numberOf(hidden) ?? 0) !== 0;
    if (spec['clustered'] === true)
      throw new ServerError('Location6011800', "The 'hidden' option is not supported for a clusteredIndex");
    if (index.name === '_id_') throw new ServerError('BadValue', "can't hide _id index");
    if (isHidden !== (spec['hidden'] === true)) {
      before['hidden'] = !isHidden;
      now['hidden'] = isHidden;
    }
  }
  return { index, before, now };
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
