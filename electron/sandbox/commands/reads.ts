import { collationOf, rankedTexts } from '../semantics/collation.ts';
import { evaluateVariables } from '../semantics/pipelines.ts';
import { findProjection } from '../semantics/projections.ts';
import { ServerError } from '../semantics/server-error.ts';
import { valuesAt } from '../semantics/paths.ts';
import { isExpression } from '../semantics/updates.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { encodeKey } from '../storage/key-encoding.ts';
import { planRead, type ReadRequest } from '../storage/query.ts';
import { capOf } from '../storage/capped.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import { pagesOf } from '../streams/cursors.ts';
import { Tail } from '../streams/tail.ts';
import { aggregate, documentsOf, documentsOn } from './aggregate.ts';
import { collectionName, docField, wholeField, type Command, type CommandCall } from './command.ts';
import { syncFirstPage } from './cursor-commands.ts';
import { snapshotTimeOf } from './read-concern.ts';
import { readFields } from './read-fields.ts';
import { aggregateOnView, findOnView } from './views.ts';

/** What a command of the shape of `find` reads. Errors: `BadValue`, `TypeMismatch`. */
export function readRequest(call: CommandCall): ReadRequest {
  const { body } = call;
  const limit = wholeField(body, 'limit') ?? 0;
  const skip = wholeField(body, 'skip') ?? 0;
  return {
    filter: docField(body, 'filter') ?? docField(body, 'query') ?? {},
    sort: docField(body, 'sort') ?? null,
    skip,
    limit: Math.abs(limit),
    hint: body['hint'],
    variables: evaluateVariables(body['let'], call.startedAt),
    collation: collationOf(body['collation']),
    at: snapshotTimeOf(call),
    allowDiskUse: body['allowDiskUse'] !== false,
  };
}

const find: Command = {
  writes: false,
  run(call) {
    const name = collectionName(call);
    const onView = findOnView(call);
    if (onView !== null) return aggregate.run(onView);
    const request = readRequest(call);
    const projection = docField(call.body, 'projection');
    const shown = findProjection(projection, { ...request, collation: request.collation ?? null });
    const tailed = tailedCollection(call, name, request);
    const isSingle = call.body['singleBatch'] === true;
    const source =
      tailed === null
        ? pagesOf(
            documentsOf(call.deployment, call.db, name, { ...request, fields: readFields(request, projection) }),
            { transform: (page) => page.map(shown), endsAt: knownEnd(call, name, request) },
          )
        : new Tail(call.deployment, {
            collection: tailed,
            request,
            shown,
            awaitsData: call.body['awaitData'] === true,
          });
    return syncFirstPage(call, `${call.db}.${name}`, source, wholeField(call.body, 'batchSize'), {
      isSingle,
      at: request.at ?? null,
    });
  },
};

/** Behind how many documents MongoDB knows that a `find` has no more, as it does of no other plan before it looked for the next one. */
function knownEnd({ db, deployment }: CommandCall, name: string, request: ReadRequest): number {
  const collection = deployment.catalog.find(db, name);
  if (collection === null) return 0;
  const { filter, sort, hint, skip, limit = 0 } = request;
  if (isOfOneId(filter) && sort === null && hint === undefined && skip === 0) return 1;
  if (limit === 0) return Infinity;
  // A sort that holds its documents limits them by itself, and looks for one more.
  return sort === null || planRead(collection, request).coversSort ? limit : Infinity;
}

function isOfOneId(filter: Doc): boolean {
  const { _id: id } = filter;
  if (Object.keys(filter).length !== 1 || id === undefined || id === null || Array.isArray(id)) return false;
  return isDoc(id) ? !Object.keys(id)[0]?.startsWith('$') : !isExpression(id);
}

/** The capped collection whose end a `find` stays at; null where it ends with the last document, or there is no collection. Errors: `FailedToParse`, `BadValue`. */
function tailedCollection(
  { db, body, deployment }: CommandCall,
  name: string,
  { sort, at }: ReadRequest,
): CollectionInfo | null {
  if (body['tailable'] !== true) {
    if (body['awaitData'] === true) throw new ServerError('FailedToParse', 'Cannot set awaitData without tailable');
    return null;
  }
  const order = Object.entries(sort ?? {});
  if (order.some(([path, direction]) => path !== '$natural' || numberOf(direction) !== 1))
    throw new ServerError('BadValue', 'cannot use tailable option with a sort other than {$natural: 1}');
  if (body['singleBatch'] === true)
    throw new ServerError('BadValue', "cannot use tailable option with the 'singleBatch' option");
  if (at !== null && at !== undefined)
    throw new ServerError('NotImplemented', 'The sandbox server has no tailable cursor over a snapshot');
  const collection = deployment.catalog.find(db, name);
  if (collection !== null && capOf(collection.options) === null)
    throw new ServerError(
      'BadValue',
      'error processing query: planner returned error: tailable cursor requested on non capped collection',
    );
  return collection;
}

const count: Command = {
  writes: false,
  run(call) {
    const name = collectionName(call);
    const collection = call.deployment.catalog.find(call.db, name);
    const onView = collection === null ? null : aggregateOnView(call, collection, [{ $count: 'n' }]);
    if (onView !== null) return { n: Array.from(documentsOn(onView))[0]?.['n'] ?? 0 };
    const request = readRequest(call);
    const { filter, skip, limit, hint } = request;
    if (
      collection !== null &&
      Object.keys(filter).length === 0 &&
      !skip &&
      !limit &&
      (hint === undefined || hint === null)
    )
      return { n: call.deployment.records.count(collection) };
    let n = 0;
    for (const _found of call.deployment.find(call.db, name, request)) n += 1;
    return { n };
  },
};

const distinct: Command = {
  writes: false,
  run(call) {
    const path = call.body['key'];
    if (typeof path !== 'string')
      throw new ServerError('TypeMismatch', "BSON field 'distinct.key' is the wrong type, expected type 'string'");
    const request = readRequest(call);
    const collation = request.collation ?? null;
    const values = new Map<string, { readonly key: Buffer; readonly value: unknown }>();
    const name = collectionName(call);
    const collection = call.deployment.catalog.find(call.db, name);
    const onView = collection === null ? null : aggregateOnView(call, collection, []);
    const documents = onView === null ? documentsOf(call.deployment, call.db, name, request) : documentsOn(onView);
    const found = Array.from(documents, (document) => valuesAt(document, path).values);
    const ranked = collation === null ? null : rankedTexts(collation, found.flat());
    for (const list of found) {
      for (const value of list) {
        if (value === undefined || typeof value === 'symbol') continue;
        const key = encodeKey(ranked === null ? value : ranked(value));
        if (!values.has(key.toString('latin1'))) values.set(key.toString('latin1'), { key, value });
      }
    }
    return {
      values: [...values.values()]
        .sort((left, right) => Buffer.compare(left.key, right.key))
        .map((entry) => entry.value),
      ...(request.at === null || request.at === undefined ? {} : { atClusterTime: request.at }),
    };
  },
};

/** Commands that read a collection. */
export const READ_COMMANDS = { find, count, distinct };
