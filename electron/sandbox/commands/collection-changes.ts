import { flagField } from '../semantics/flags.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import { isView, type CollectionInfo } from '../storage/catalog.ts';
import { cappedMaxOf, cappedSizeOf, capOf } from '../storage/capped.ts';
import { validationOptionsOf } from '../storage/validation.ts';
import { collectionName, docField, wholeField, type Command, type CommandCall } from './command.ts';
import { checkViewPipeline } from './create-options.ts';
import { keepsImages } from './images-option.ts';
import { refuseCycle } from './views.ts';
import { indexChange, refuseDuplicates, specOf, type IndexChange } from './index-changes.ts';

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
  'encryptedFields',
  'expireAfterSeconds',
  'flags',
  'timeseries',
  'timeseriesBucketsMayHaveMixedSchemaData',
];
/** What is said of views only. */
const OF_VIEWS = ['viewOn', 'pipeline'];
/** What is said of collections only. */
const NOT_OF_VIEWS = ['index', 'validator', 'validationLevel', 'validationAction', 'changeStreamPreAndPostImages'];

/** Changes options of a collection and one of its indexes, both or neither. */
export const collMod: Command = {
  writes: true,
  run(call) {
    const collection = existing(call);
    const { catalog } = call.deployment;
    if (COLLECTION_CHANGES.some((option) => call.body[option] !== undefined))
      throw new ServerError(
        'NotImplemented',
        'The sandbox server changes only changeStreamPreAndPostImages, the validation, an index, the limits of a collection, and a view',
      );
    const before = collection.options;
    const ofViews = OF_VIEWS.find((option) => call.body[option] !== undefined);
    if (ofViews !== undefined && !isView(collection))
      throw new ServerError('InvalidOptions', `option only supported on a view: ${ofViews}`);
    const ofCollections = NOT_OF_VIEWS.find((option) => call.body[option] !== undefined);
    if (isView(collection) && ofCollections !== undefined)
      throw new ServerError('InvalidOptions', `option not supported on a view: ${ofCollections}`);
    if (ofViews !== undefined) return changeView(call, collection);
    const enabled = keepsImages(call.db, 'collMod', call.body);
    const given = docField(call.body, 'index');
    if (flagField(call.body, 'dryRun')) checkTrial(given);
    const change = given === undefined ? null : indexChange(call, collection, given);
    const changed = {
      ...(enabled === undefined ? {} : { changeStreamPreAndPostImages: { enabled } }),
      ...validationOptionsOf(call.db, call.body),
    };
    refuseTogether(call.body, change, Object.keys(changed).length);
    if (change?.now['unique'] === true) refuseDuplicates(call, change.index);
    if (flagField(call.body, 'dryRun')) return {};
    const now = { ...capChange(call.body, before), ...changed };
    if (Object.keys(now).length > 0) catalog.setOptions(collection, keptOptions({ ...before, ...now }, changed));
    if (change !== null) catalog.changeIndex(collection, change.index, specOf(change));
    const isIndexChanged = change !== null && Object.keys(change.now).length > 0;
    const description = {
      ...onlyOf(call.body, CAPS),
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

/** Gives a view another collection or other stages. Errors: `InvalidOptions`, `TypeMismatch`, `GraphContainsCycle`, and those of {@link checkViewPipeline}. */
function changeView(call: CommandCall, view: CollectionInfo): Doc {
  const { viewOn = view.options['viewOn'], pipeline = view.options['pipeline'] } = call.body;
  if (typeof viewOn !== 'string')
    throw new ServerError('TypeMismatch', "BSON field 'collMod.viewOn' is the wrong type, expected type 'string'");
  if (viewOn === '') throw new ServerError('InvalidOptions', "'viewOn' must be non-empty");
  checkViewPipeline('collMod', pipeline);
  refuseCycle({ ...call, body: { viewOn, pipeline } }, view.name);
  call.deployment.changeView(view, { viewOn, pipeline });
  return {};
}

/** Options behind a change as MongoDB keeps them: a new validator brings its level and action. */
function keptOptions(options: Doc, changed: Doc): Doc {
  const standard = changed['validator'] === undefined ? {} : { validationLevel: 'strict', validationAction: 'error' };
  return switchedOn({ ...standard, ...options });
}

/** The options of a collection that say something: images that are switched off and an empty validator are none. */
export function switchedOn(options: Doc): Doc {
  return Object.fromEntries(Object.entries(options).filter(([option, value]) => !isSwitchedOff(option, value)));
}

function isSwitchedOff(option: string, value: unknown): boolean {
  if (!isDoc(value)) return false;
  if (option === 'validator') return Object.keys(value).length === 0;
  return option === 'changeStreamPreAndPostImages' && value['enabled'] !== true;
}

function named(values: Doc, age: 'old' | 'new'): Doc {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${name}_${age}`, value]));
}

const CAPS = ['cappedSize', 'cappedMax'] as const;

/** What a capped collection may hold from now on; what is beyond it goes with the next insertion. Errors: `InvalidOptions`, `BadValue`. */
function capChange(body: Doc, options: Doc): Doc {
  const [bytes, documents] = CAPS.map((option) => wholeField(body, option));
  if (bytes === undefined && documents === undefined) return {};
  if (capOf(options) === null) throw new ServerError('InvalidOptions', 'Collection must be capped.');
  return {
    ...(bytes === undefined ? {} : { size: cappedSizeOf(bytes) }),
    ...(documents === undefined ? {} : { max: cappedMaxOf(documents) }),
  };
}

function onlyOf(body: Doc, fields: readonly string[]): Doc {
  return Object.fromEntries(fields.filter((field) => body[field] !== undefined).map((field) => [field, body[field]]));
}

/** Error: `InvalidOptions` for a trial of anything but making an index unique. */
function checkTrial(index: Doc | undefined): void {
  if (index === undefined)
    throw new ServerError('InvalidOptions', 'dry run mode requires an valid index modification.');
  if (index['unique'] !== true)
    throw new ServerError('InvalidOptions', 'dry run mode requires an index modification with unique: true.');
}

/** Error: `InvalidOptions` for what is changed alone and was told with something else. @param others how many options of the collection change */
function refuseTogether(body: Doc, change: IndexChange | null, others: number): void {
  const count = others + (change?.told ?? 0);
  if (count <= 1) return;
  if (flagField(body, 'dryRun'))
    throw new ServerError(
      'InvalidOptions',
      'unique: true cannot be combined with any other modification in dry run mode.',
    );
  if (change?.now['prepareUnique'] !== undefined)
    throw new ServerError('InvalidOptions', 'prepareUnique cannot be combined with any other modification.');
}
