import { ServerError } from '../semantics/server-error.ts';
import { shownValue } from '../semantics/shown-value.ts';
import type { Doc } from '../semantics/values.ts';
import { isSamePattern, type CollectionInfo } from '../storage/catalog.ts';
import { existing, logChange } from './collection-changes.ts';
import { collectionName, docsField, type Command } from './command.ts';
import { listReply } from './cursor-commands.ts';
import { checkIndexSpec, keptSpec } from './index-spec.ts';
import { refuseView } from './views.ts';

const createIndexes: Command = {
  writes: true,
  run(call) {
    const name = collectionName(call);
    const isNew = call.deployment.catalog.find(call.db, name) === null;
    const given = docsField(call.body, 'indexes');
    if (given.length === 0) throw new ServerError('BadValue', 'Must specify at least one index to create');
    given.forEach(checkIndexSpec);
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
    return {
      numIndexesBefore: before,
      numIndexesAfter: collection.indexes.length,
      createdCollectionAutomatically: isNew,
    };
  },
};

const dropIndexes: Command = {
  writes: true,
  run(call) {
    const collection = existing(call);
    refuseView(collection);
    const given = call.body['index'];
    const before = collection.indexes.length;
    const doomed = collection.indexes.filter((index) => {
      if (isOfIds(index)) return false;
      if (given === '*') return true;
      if (Array.isArray(given)) return given.includes(index.name);
      return typeof given === 'string' ? index.name === given : isSamePattern(index.spec['key'], given);
    });
    const kept = collection.indexes.find((index) => isOfIds(index) && given === index.name);
    if (kept !== undefined)
      throw new ServerError(
        'InvalidOptions',
        kept.spec['clustered'] === true ? `cannot drop the clustered index ${kept.name}` : 'cannot drop _id index',
      );
    const lacking = (Array.isArray(given) ? (given as unknown[]) : [given]).find(
      (one) => one !== '*' && !collection.indexes.some((index) => index.name === one),
    );
    if (lacking !== undefined && (Array.isArray(given) || doomed.length === 0))
      throw new ServerError(
        'IndexNotFound',
        `index not found with name [${typeof lacking === 'string' ? lacking : shownValue(lacking)}]`,
      );
    for (const index of doomed) {
      call.deployment.catalog.dropIndex(collection, index);
      logChange(call, collection, 'dropIndexes', { indexes: [index.spec] });
    }
    return { nIndexesWas: before };
  },
};

const listIndexes: Command = {
  writes: false,
  run(call) {
    const collection = existing(call);
    refuseView(collection);
    return listReply(
      call,
      `${call.db}.${collection.name}`,
      collection.indexes.map((index) => index.spec),
    );
  },
};

function isOfIds(index: CollectionInfo['indexes'][number]): boolean {
  return index.name === '_id_' || index.spec['clustered'] === true;
}

/** Commands that make, describe and remove indexes. */
export const INDEX_COMMANDS = { createIndexes, dropIndexes, deleteIndexes: dropIndexes, listIndexes };
