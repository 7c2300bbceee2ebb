import { SYSTEM_VIEWS } from '../deployment.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isSameBson } from '../semantics/same-bson.ts';
import { matcherOf } from '../semantics/matching.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { isSamePattern, isView, type CollectionInfo } from '../storage/catalog.ts';
import { keepsImages } from './images-option.ts';
import { validationOptionsOf } from '../storage/validation.ts';
import { sizeOf } from './collection-stats.ts';
import { cappedOptionsOf, checkCreateOptions } from './create-options.ts';
import { collMod, logChange, switchedOn } from './collection-changes.ts';
import { collectionName, docField, refuseDatabaseName, type Command, type CommandCall } from './command.ts';
import { listReply } from './cursor-commands.ts';
import { temporaryName } from './temporary-names.ts';
import { refuseCycle } from './views.ts';
import { wrongType } from '../semantics/wrong-type.ts';

const create: Command = {
  writes: true,
  run(call) {
    const name = collectionName(call);
    checkCreateOptions(call.body);
    if (call.body['viewOn'] !== undefined && name.startsWith('system.'))
      throw new ServerError('InvalidNamespace', `Cannot create a view called '${call.db}.${name}'`);
    const checked = { ...cappedOptionsOf(call.body), ...validationOptionsOf(call.db, call.body) };
    const enabled = keepsImages(call.db, 'create', call.body);
    const images = enabled === undefined ? {} : { changeStreamPreAndPostImages: { enabled } };
    const options = switchedOn({ ...checked, ...images });
    for (const option of ['viewOn', 'pipeline'])
      if (call.body[option] !== undefined) options[option] = call.body[option];
    if (options['viewOn'] !== undefined) options['pipeline'] ??= [];
    const clustered = clusteredIndexOf(call.body['clusteredIndex']);
    if (clustered !== null) options['clusteredIndex'] = clustered;
    const there = call.deployment.catalog.find(call.db, name);
    if (there !== null) {
      refuseOtherwiseMade(there, options);
      return {};
    }
    refuseCycle(call, name);
    call.deployment.ensureCollection(call.db, name, options);
    return {};
  },
};

/** Since MongoDB 7.0 it is no error to make anew what there is just so. Error: `NamespaceExists` for one with other options. */
function refuseOtherwiseMade({ db, name, uuid, options }: CollectionInfo, wanted: Doc): void {
  const inOrder = (given: Doc): Doc =>
    Object.fromEntries(Object.entries(given).sort(([left], [right]) => (left < right ? -1 : 1)));
  if (isSameBson(inOrder(options), inOrder(wanted))) return;
  throw new ServerError(
    'NamespaceExists',
    `namespace ${db}.${name} already exists, but with different options: ${shownValue({ uuid, ...options })}`,
  );
}

/** The description of a clustered index as it is kept; null for none. Errors: `InvalidOptions`, `TypeMismatch`. */
function clusteredIndexOf(given: unknown): Doc | null {
  if (given === undefined || given === false) return null;
  const spec = isDoc(given) ? given : {};
  const { v = 2, key, name = '_id_', unique } = spec;
  const unknown = Object.keys(spec).find((field) => !['v', 'key', 'name', 'unique'].includes(field));
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field 'create.clusteredIndex.${unknown}' is an unknown field.`);
  if (!isDoc(given) || !isSamePattern(key, { _id: 1 }))
    throw new ServerError(
      'InvalidIndexSpecificationOption',
      'The clusteredIndex option is only supported with key: {_id: 1}',
    );
  if (unique !== true)
    throw new ServerError('Location5979700', 'The clusteredIndex option requires unique: true to be specified');
  return { v, key, name, unique };
}

const drop: Command = {
  writes: true,
  run(call) {
    const name = collectionName(call);
    const collection = call.deployment.catalog.find(call.db, name);
    // Since MongoDB 7.0 dropping what is not there is no error.
    if (collection === null) return {};
    const counted = isView(collection) ? {} : { nIndexesWas: collection.indexes.length };
    call.deployment.drop(collection);
    return { ...counted, ns: `${call.db}.${name}` };
  },
};

const dropDatabase: Command = {
  writes: true,
  run(call) {
    if (numberOf(call.body['dropDatabase']) !== 1)
      throw new ServerError('Location5255100', 'Have to pass 1 as the db parameter');
    if (call.db === 'admin') throw new ServerError('IllegalOperation', "Dropping the 'admin' database is prohibited.");
    if (call.db === 'config' || call.db === 'local')
      throw new ServerError('IllegalOperation', `Cannot drop '${call.db}' database while replication is active`);
    const { catalog, oplog } = call.deployment;
    if (catalog.list(call.db).length === 0) return {};
    // With the collection of views all of them go, and no stream is told of each.
    const views = catalog.find(call.db, SYSTEM_VIEWS);
    if (views !== null) call.deployment.drop(views);
    for (const collection of catalog.list(call.db)) call.deployment.drop(collection);
    oplog.append({ operationType: 'dropDatabase', db: call.db, coll: null, fields: {} });
    return { dropped: call.db };
  },
};

const renameCollection: Command = {
  writes: true,
  run(call) {
    if (call.db !== 'admin')
      throw new ServerError('Unauthorized', 'renameCollection may only be run against the admin database.');
    const from = namespaceOf('renameCollection', call.body['renameCollection']);
    const to = namespaceOf('to', call.body['to']);
    if ((from.db === 'local') !== (to.db === 'local'))
      throw new ServerError(
        'IllegalOperation',
        'Cannot rename collections between a replicated and an unreplicated database',
      );
    const { catalog } = call.deployment;
    const collection = catalog.find(from.db, from.coll);
    if (collection === null)
      throw new ServerError('NamespaceNotFound', `Source collection ${from.db}.${from.coll} does not exist`);
    if (isView(collection))
      throw new ServerError('CommandNotSupportedOnView', `cannot rename view: ${from.db}.${from.coll}`);
    if (from.db === to.db && from.coll === to.coll)
      throw new ServerError('IllegalOperation', "Can't rename a collection to itself");
    const target = catalog.find(to.db, to.coll);
    if (target !== null && isView(target))
      throw new ServerError('NamespaceExists', `a view already exists with that name: ${to.db}.${to.coll}`);
    if (target !== null && call.body['dropTarget'] !== true)
      throw new ServerError('NamespaceExists', 'target namespace exists');
    if (from.db === to.db) call.deployment.rename(collection, to);
    else moveTo(call, collection, to);
    return {};
  },
};

/** Into another database goes a copy under a name of its own, which then gets the other: streams see all of that. */
function moveTo(
  call: CommandCall,
  collection: CollectionInfo,
  to: { readonly db: string; readonly coll: string },
): void {
  const { deployment } = call;
  const name = temporaryName('renameCollection');
  const copy = deployment.ensureCollection(to.db, name, collection.options);
  const indexes = collection.indexes.slice(1).map(({ spec }) => spec);
  for (const spec of indexes) {
    deployment.createIndex(copy, spec);
    logChange(call, copy, 'createIndexes', { indexes: [spec] });
  }
  for (const { document } of deployment.find(collection.db, collection.name, { filter: {} }))
    deployment.insert(to.db, name, document, { isValidated: false });
  deployment.rename(copy, to);
  deployment.drop(collection);
}

/** The namespace that `renameCollection` is given. Errors: `TypeMismatch`, `InvalidNamespace`. */
function namespaceOf(field: string, value: unknown): { readonly db: string; readonly coll: string } {
  if (typeof value !== 'string') throw wrongType(`renameCollection.${field}`, value, 'string');
  const dot = value.indexOf('.');
  if (dot < 1) throw new ServerError('InvalidNamespace', `Invalid namespace specified '${value}'`);
  const [db, coll] = [value.slice(0, dot), value.slice(dot + 1)];
  refuseDatabaseName(db);
  return { db, coll };
}

const listCollections: Command = {
  writes: false,
  run(call) {
    const matches = matcherOf(docField(call.body, 'filter') ?? {});
    const isNameOnly = call.body['nameOnly'] === true;
    const isOwnOnly = call.body['authorizedCollections'] === true && isNameOnly;
    const listed = call.deployment.catalog
      .list(call.db)
      .filter(({ db, name: coll }) => !isOwnOnly || call.access().may({ type: 'namespace', db, coll }, 'find'));
    // Views come behind the collections.
    const ordered = [...listed.filter((one) => !isView(one)), ...listed.filter(isView)];
    const described = ordered.map((collection) =>
      isNameOnly
        ? { name: collection.name, type: typeOf(collection) }
        : {
            name: collection.name,
            type: typeOf(collection),
            options: collection.options,
            ...infoOf(collection),
          },
    );
    return listReply(
      call,
      `${call.db}.$cmd.listCollections`,
      described.filter((one) => matches(one)),
    );
  },
};

/** A view has neither an id of its own nor an index. */
function infoOf(collection: CollectionInfo): Doc {
  if (isView(collection)) return { info: { readOnly: true } };
  const { uuid, options, indexes } = collection;
  const idIndex = options['clusteredIndex'] === undefined ? { idIndex: indexes[0]?.spec } : {};
  return { info: { readOnly: false, uuid }, ...idIndex };
}

function typeOf(collection: CollectionInfo): 'view' | 'collection' {
  return isView(collection) ? 'view' : 'collection';
}

/** Databases that every member of a replica set has. */
const OF_SERVER = ['admin', 'config', 'local'] as const;

const listDatabases: Command = {
  writes: false,
  run(call) {
    if (call.db !== 'admin')
      throw new ServerError('Unauthorized', 'listDatabases may only be run against the admin database.');
    const matches = matcherOf(docField(call.body, 'filter') ?? {});
    const isOwnOnly =
      call.body['authorizedDatabases'] === true || !call.access().may({ type: 'cluster' }, 'listDatabases');
    const names = [...new Set([...OF_SERVER, ...call.deployment.catalog.list(null).map((collection) => collection.db)])]
      .filter((db) => !isOwnOnly || call.access().mayKnow(db))
      .sort();
    const databases = names
      .map((name) => ({ name, sizeOnDisk: sizeOf(call, name), empty: false }))
      .filter((one) => matches(one));
    if (call.body['nameOnly'] === true) return { databases: databases.map(({ name }) => ({ name })) };
    return { databases, totalSize: databases.reduce((sum, one) => sum + one.sizeOnDisk, 0) };
  },
};

/** Search indexes are Atlas's alone: every other MongoDB refuses them so. */
const searchIndexes: Command = {
  writes: false,
  run() {
    throw new ServerError('SearchNotEnabled', 'Search index commands are only supported with Atlas.');
  },
};

/** Commands that make, describe and remove collections. */
export const SCHEMA_COMMANDS = {
  create,
  collMod,
  drop,
  dropDatabase,
  renameCollection,
  listCollections,
  listDatabases,
  createSearchIndexes: searchIndexes,
  updateSearchIndex: searchIndexes,
  dropSearchIndex: searchIndexes,
  listSearchIndexes: searchIndexes,
};
