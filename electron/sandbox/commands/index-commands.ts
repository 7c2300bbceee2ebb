import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import { typeNameOf } from '../semantics/type-operator.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { isSamePattern, refuseUnwritable, refuseView, type CollectionInfo } from '../storage/catalog.ts';
import type { IndexInfo } from '../storage/index-entries.ts';
import { existing, logChange } from './collection-changes.ts';
import { collectionName, docsField, type Command } from './command.ts';
import { listReply } from './cursor-commands.ts';
import { checkIndexSpec, keptSpec } from './index-spec.ts';

const createIndexes: Command = {
  writes: true,
  run(call) {
    const name = collectionName(call);
    refuseUnwritable(call.db, name);
    const isNew = call.deployment.catalog.find(call.db, name) === null;
    const given = docsField(call.body, 'indexes');
    if (given.length === 0) throw new ServerError('BadValue', 'Must specify at least one index to create');
    given.forEach(checkIndexSpec);
    const commitQuorum = commitQuorumOf(call.body['commitQuorum']);
    const specs = given.map(keptSpec);
    const collection = call.deployment.ensureCollection(call.db, name);
    const before = isNew ? 1 : collection.indexes.length;
    const made: Doc[] = [];
    const isEmpty = call.deployment.records.count(collection) === 0;
    for (const spec of specs) {
      if (call.deployment.createIndex(collection, spec)) made.push({ v: 2, ...spec });
    }
    // Indexes of an empty collection are made one after the other, others are built together.
    const changes = isEmpty ? made.map((spec) => [spec]) : made.length > 0 ? [made] : [];
    for (const indexes of changes) logChange(call, collection, 'createIndexes', { indexes });
    const after = collection.indexes.length;
    const isAnyThere = after < before + given.length;
    return {
      numIndexesBefore: before,
      numIndexesAfter: after,
      ...(after > before || isNew ? { createdCollectionAutomatically: isNew } : {}),
      commitQuorum,
      ...(isAnyThere ? { note: after > before ? 'index already exists' : 'all indexes already exist' } : {}),
    };
  },
};

/** How many members of the set have to be ready. Errors: `FailedToParse`, `UnsatisfiableCommitQuorum`, `UnknownReplWriteConcern`. */
function commitQuorumOf(given: unknown): unknown {
  if (given === undefined || given === null) return 'votingMembers';
  const members = numberOf(given);
  if (typeof given !== 'string' && (members === null || members < 0))
    throw new ServerError('FailedToParse', 'commitQuorum has to be a non-negative number or a string');
  // A replica set of one has one member, and no write concern of a name of its own.
  if (members !== null && members > 1)
    throw new ServerError('UnsatisfiableCommitQuorum', 'Not enough data-bearing voting nodes');
  if (typeof given === 'string' && given !== 'votingMembers' && given !== 'majority')
    throw new ServerError(
      'UnknownReplWriteConcern',
      `No write concern mode named '${given}' found in replica set configuration`,
    );
  return given;
}

const dropIndexes: Command = {
  writes: true,
  run(call) {
    const collection = refuseView(existing(call));
    const before = collection.indexes.length;
    const given = call.body['index'];
    const doomed = doomedIndexes(collection, given);
    const ofIds = doomed.find(isOfIds);
    if (ofIds !== undefined)
      throw new ServerError(
        'InvalidOptions',
        ofIds.spec['clustered'] === true ? `cannot drop the clustered index ${ofIds.name}` : 'cannot drop _id index',
      );
    for (const index of doomed) {
      call.deployment.catalog.dropIndex(collection, index);
      logChange(call, collection, 'dropIndexes', { indexes: [index.spec] });
    }
    return { nIndexesWas: before, ...(isEvery(given) ? { msg: 'non-_id indexes dropped for collection' } : {}) };
  },
};

/** True for what names all indexes but that of ids. */
function isEvery(given: unknown): boolean {
  return given === '*' || (Array.isArray(given) && given[0] === '*');
}

/** The indexes that are named by name, by names or by a key pattern. Errors: `TypeMismatch`, `IndexNotFound`, `AmbiguousIndexKeyPattern`. */
function doomedIndexes({ indexes }: CollectionInfo, given: unknown): readonly IndexInfo[] {
  if (isDoc(given)) {
    const [found, other] = indexes.filter((index) => isSamePattern(index.spec['key'], given));
    if (found === undefined) throw new ServerError('IndexNotFound', `can't find index with key: ${shownValue(given)}`);
    if (other !== undefined)
      throw new ServerError(
        'AmbiguousIndexKeyPattern',
        `2 indexes found for key: ${shownValue(given)}, identify by name instead. Conflicting indexes: ${shownValue(found.spec)}, ${shownValue(other.spec)}`,
      );
    return [found];
  }
  const names: readonly unknown[] = Array.isArray(given) ? given : [given];
  const wrong = names.find((name) => typeof name !== 'string');
  if (wrong !== undefined)
    throw new ServerError(
      'TypeMismatch',
      `BSON field 'dropIndexes.index' is the wrong type '${typeNameOf(wrong)}', expected types '[string, array, object]'`,
    );
  if (isEvery(given)) return indexes.filter((index) => !isOfIds(index));
  return [...new Set(names)].map((name) => {
    const found = indexes.find((index) => index.name === name);
    if (found === undefined) throw new ServerError('IndexNotFound', `index not found with name [${String(name)}]`);
    return found;
  });
}

const listIndexes: Command = {
  writes: false,
  run(call) {
    const collection = refuseView(existing(call));
    return listReply(
      call,
      `${call.db}.${collection.name}`,
      collection.indexes.map((index) => index.spec),
    );
  },
};

function isOfIds(index: IndexInfo): boolean {
  return index.name === '_id_' || index.spec['clustered'] === true;
}

/** Commands that make, describe and remove indexes. */
export const INDEX_COMMANDS = { createIndexes, dropIndexes, deleteIndexes: dropIndexes, listIndexes };
