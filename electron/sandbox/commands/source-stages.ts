import { Long } from 'bson';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import type { CommandCall } from './command.ts';
import { storageStats } from './collection-stats.ts';

/**
 * What a pipeline's first stage brings instead of the documents of a collection; null where it reads those.
 * Errors: `InvalidNamespace`, `NamespaceNotFound`, `FailedToParse`, and 6047401 for what only Atlas has.
 */
export function sourceOf(call: CommandCall, name: string | null, first: Doc | undefined): Iterable<Doc> | null {
  const [[stage, given] = ['', null]] = Object.entries(first ?? {});
  switch (stage) {
    case '$listLocalSessions':
      if (name !== null)
        throw new ServerError(
          'InvalidNamespace',
          '$listLocalSessions must be run against the database with {aggregate: 1}',
        );
      return call.deployment.sessions.list(call.client.user);
    case '$collStats':
      return [collStats(call, collectionOf(call, name, stage), given)];
    case '$indexStats':
      if (!isDoc(given) || Object.keys(given).length > 0)
        throw new ServerError('Location28803', 'The $indexStats stage specification must be an empty object');
      return indexStats(call, collectionOf(call, name, stage));
    case '$listSearchIndexes':
      throw new ServerError('Location6047401', '$listSearchIndexes stage is only allowed on MongoDB Atlas');
    default:
      return null;
  }
}

function collectionOf(call: CommandCall, name: string | null, stage: string): CollectionInfo {
  if (name === null) throw new ServerError('InvalidNamespace', `${stage} must be run on a collection`);
  const collection = call.deployment.catalog.find(call.db, name);
  if (collection === null)
    throw new ServerError(
      'NamespaceNotFound',
      `Unable to retrieve ${stage}: Collection [${call.db}.${name}] not found.`,
    );
  return collection;
}

function collStats(call: CommandCall, collection: CollectionInfo, given: unknown): Doc {
  if (!isDoc(given)) throw new ServerError('Location40166', '$collStats must take a nested object');
  const unknown = Object.keys(given).find((field) => field !== 'count' && field !== 'storageStats');
  if (unknown !== undefined)
    throw new ServerError('NotImplemented', `The sandbox server has no '${unknown}' in $collStats`);
  return {
    ns: `${collection.db}.${collection.name}`,
    localTime: new Date(call.deployment.now()),
    ...(given['storageStats'] === undefined
      ? {}
      : { storageStats: storageStats(call, collection, given['storageStats']) }),
    ...(given['count'] === undefined ? {} : { count: call.deployment.records.count(collection) }),
  };
}

function* indexStats(call: CommandCall, collection: CollectionInfo): Generator<Doc> {
  const { catalog, startedAtMs } = call.deployment;
  for (const { id, name, spec } of collection.indexes) {
    const ops = Long.fromNumber(catalog.uses.get(id) ?? 0);
    yield { name, key: spec['key'], accesses: { ops, since: new Date(startedAtMs) }, spec };
  }
}
