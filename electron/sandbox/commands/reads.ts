import type { Long, Timestamp } from 'bson';
import { collationOf, rankedTexts } from '../semantics/collation.ts';
import { evaluateVariables, streamPipeline, type PipelineContext } from '../semantics/pipelines.ts';
import { findProjection } from '../semantics/projections.ts';
import { ServerError } from '../semantics/server-error.ts';
import { valuesAt } from '../semantics/paths.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { NO_CURSOR, type Deployment } from '../deployment.ts';
import { sessionKey } from './session-table.ts';
import { encodeKey } from '../storage/key-encoding.ts';
import type { ReadRequest } from '../storage/query.ts';
import { capOf } from '../storage/capped.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import { openChangeStream } from '../streams/change-stream.ts';
import { streamOptionsOf } from '../streams/stream-options.ts';
import { Tail } from '../streams/tail.ts';
import { FIRST_BATCH, pagesOf, type CursorOwner, type CursorPage, type PageSource } from '../streams/cursors.ts';
import {
  collectionName,
  cursorId,
  docField,
  docsField,
  numberField,
  wholeField,
  type Command,
  type CommandCall,
} from './command.ts';
import { outputOf } from './output-stages.ts';
import { refuseNegative, refuseUnknown } from './field-values.ts';
import { snapshotTimeOf } from './read-concern.ts';
import { readFields } from './read-fields.ts';
import { checkStages } from './stage-names.ts';
import { sourceOf } from './source-stages.ts';
import { aggregateOnView, findOnView, throughViews } from './views.ts';

function* documentsOf(deployment: Deployment, db: string, name: string, request: ReadRequest): Generator<Doc> {
  for (const found of deployment.find(db, name, request)) yield found.document;
}

async function firstPage(
  call: CommandCall,
  namespace: string,
  source: PageSource,
  batchSize: number | undefined,
): Promise<Doc> {
  return cursorReply(call, namespace, source, await source.next(batchSize ?? FIRST_BATCH, 0));
}

function cursorReply(call: CommandCall, namespace: string, source: PageSource, page: CursorPage): { cursor: Doc } {
  const id = page.isExhausted ? NO_CURSOR : openCursor(call, namespace, source);
  return {
    cursor: {
      firstBatch: page.documents,
      id,
      ns: namespace,
      ...(page.resumeToken === undefined ? {} : { postBatchResumeToken: page.resumeToken }),
    },
  };
}

function openCursor(call: CommandCall, namespace: string, source: PageSource): Long {
  const { cursors, deadline, now } = call.deployment;
  const options = {
    namespace,
    source,
    owner: ownerOf(call),
    session: sessionKey(call.body['lsid']),
    isLasting: call.body['noCursorTimeout'] === true,
    leftMs: source.isChangeStream || source.awaitsData === true ? null : deadline.leftMs,
  };
  return cursors.open(options, now());
}

function ownerOf(call: CommandCall): CursorOwner | null {
  const { user, isEnabled } = call.access;
  return isEnabled ? { user, isStillAllowed: () => call.access.allows(call) } : null;
}

/** Reads of plain collections answer at once: a promise would let other commands in between. */
function syncFirstPage(
  call: CommandCall,
  namespace: string,
  source: PageSource,
  batchSize: number | undefined,
  { isSingle, at }: { readonly isSingle: boolean; readonly at: Timestamp | null },
): Doc {
  const page = source.next(batchSize ?? FIRST_BATCH, 0);
  if (page instanceof Promise) throw new ServerError('InternalError', 'a plain read must not wait');
  const reply = cursorReply(call, namespace, source, isSingle ? { ...page, isExhausted: true } : page);
  return at === null ? reply : { cursor: { ...reply.cursor, atClusterTime: at } };
}

/**
 * The reply of a command that lists what is known at once, in pages where its `cursor.batchSize` asks for them. Errors: 40415 for another
 * option of `cursor`, 51024 for a negative size.
 */
export function listReply(call: CommandCall, namespace: string, documents: readonly Doc[]): Doc {
  const cursor = docField(call.body, 'cursor') ?? {};
  refuseUnknown('cursor', cursor, CURSOR_FIELDS);
  refuseNegative('batchSize', cursor['batchSize']);
  const source = pagesOf(documents, (page) => page);
  const batchSize = wholeField(cursor, 'batchSize') ?? documents.length;
  return syncFirstPage(call, namespace, source, batchSize, { isSingle: false, at: null });
}

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
            (page) => page.map(shown),
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

const getMore: Command = {
  writes: false,
  run(call) {
    const id = cursorId(call.body['getMore']);
    const namespace = `${call.db}.${String(call.body['collection'])}`;
    const { deployment } = call;
    const cursor = deployment.cursors.get(id, namespace, deployment.now(), call.access);
    const waitMs = numberField(call.body, 'maxTimeMS') ?? null;
    if (waitMs !== null && !cursor.source.isChangeStream && cursor.source.awaitsData !== true)
      throw new ServerError('BadValue', 'cannot set maxTimeMS on getMore command for a non-awaitData cursor');
    const reply = (page: CursorPage): Doc => {
      if (page.isExhausted) deployment.cursors.close(id);
      return {
        cursor: {
          nextBatch: page.documents,
          id: page.isExhausted ? NO_CURSOR : id,
          ns: namespace,
          ...(page.resumeToken === undefined ? {} : { postBatchResumeToken: page.resumeToken }),
        },
      };
    };
    const fail = (cause: unknown): never => {
      // A cursor that failed has lost its place.
      deployment.cursors.close(id);
      throw cause;
    };
    // MongoDB's getMore takes 0 for no limit.
    const batchSize = wholeField(call.body, 'batchSize') || Number.MAX_SAFE_INTEGER;
    try {
      const page = deployment.deadline.within(cursor.leftMs, () => {
        const taken = cursor.source.next(batchSize, waitMs);
        cursor.leftMs = deployment.deadline.leftMs;
        return taken;
      });
      return page instanceof Promise ? page.then(reply).catch(fail) : reply(page);
    } catch (cause) {
      return fail(cause);
    }
  },
};

const killCursors: Command = {
  writes: false,
  run(call) {
    const ids = Array.isArray(call.body['cursors']) ? (call.body['cursors'] as unknown[]).map(cursorId) : [];
    if (!ids.every((id) => call.deployment.cursors.mayClose(id, call.access)))
      throw new ServerError(
        'Unauthorized',
        `not authorized to kill cursor on ${call.db}.${String(call.body['killCursors'])}`,
      );
    const closed = ids.filter((id) => call.deployment.cursors.close(id));
    return {
      cursorsKilled: closed,
      cursorsNotFound: ids.filter((id) => !closed.includes(id)),
      cursorsAlive: [],
      cursorsUnknown: [],
    };
  },
};

const aggregate: Command = {
  writes: true,
  isPerDocument: true,
  run(call) {
    const stages = docsField(call.body, 'pipeline');
    checkAggregate(call);
    const name = aggregatedName(call.body['aggregate']);
    if (!isStream(stages)) checkSource(name, stages[0]);
    const namespace = `${call.db}.${name ?? '$cmd.aggregate'}`;
    const batchSize = wholeField(docField(call.body, 'cursor') ?? {}, 'batchSize');
    if (isStream(stages)) return firstPage(call, namespace, streamOf(call, name, stages), batchSize);
    const viewed = throughViews(call, name, stages);
    const at = snapshotTimeOf(call);
    const source = pagesOf(aggregated(call, viewed, at), (page) => page);
    return syncFirstPage(call, namespace, source, batchSize, { isSingle: false, at });
  },
};

function streamOf(call: CommandCall, name: string | null, [first, ...rest]: readonly Doc[]): PageSource {
  const { deployment, db, body } = call;
  const options = streamOptionsOf(first?.['$changeStream'], { db, coll: name });
  if (name !== null && deployment.catalog.find(db, name)?.options['viewOn'] !== undefined)
    throw new ServerError('CommandNotSupportedOnView', `Namespace ${db}.${name} is a view, not a collection`);
  const collation = collationOf(body['collation']);
  if (collation !== null) refuseCollated(rest.filter((stage) => !('$match' in stage)));
  return openChangeStream(deployment, options, rest, {
    variables: evaluateVariables(body['let'], call.startedAt),
    collation,
  });
}

const CURSOR_FIELDS: ReadonlySet<string> = new Set(['batchSize']);

/** Errors: `FailedToParse` without a cursor, 40415, 51024, 40602, `NotImplemented`. */
function checkAggregate({ body }: CommandCall): void {
  if (body['explain'] !== undefined && body['explain'] !== false)
    throw new ServerError(
      'NotImplemented',
      "The sandbox server has no aggregate with the option 'explain': ask with the command explain",
    );
  const cursor = docField(body, 'cursor');
  if (cursor === undefined)
    throw new ServerError(
      'FailedToParse',
      "The 'cursor' option is required, except for aggregate with the explain argument",
    );
  refuseUnknown('cursor', cursor, CURSOR_FIELDS);
  refuseNegative('batchSize', cursor['batchSize']);
  const stages = docsField(body, 'pipeline');
  // A stream's own stages are looked at where it is opened.
  if (!isStream(stages)) checkStages(stages);
}

/** Whether a pipeline is one over changes. */
export function isStream([first]: readonly Doc[]): boolean {
  return first !== undefined && '$changeStream' in first;
}

/** The collection that an aggregation is of; null for a whole database. Error: `FailedToParse`. */
export function aggregatedName(target: unknown): string | null {
  if (typeof target === 'string') return target;
  if (numberOf(target) === 1) return null;
  throw new ServerError(
    'FailedToParse',
    "Invalid command format: the 'aggregate' field must specify a collection name or 1",
  );
}

/** Stages that bring documents of no collection. */
const WITHOUT_COLLECTION: ReadonlySet<string> = new Set(['$documents', '$currentOp', '$listLocalSessions']);

/** Error: `InvalidNamespace` for a first stage that reads a collection where there is none, and the other way round. */
export function checkSource(name: string | null, first: Doc | undefined): void {
  const stage = Object.keys(first ?? {})[0];
  const isIndependent = stage !== undefined && WITHOUT_COLLECTION.has(stage);
  if (name !== null && isIndependent)
    throw new ServerError('InvalidNamespace', `'${stage}' can only be run with {aggregate: 1}`);
  if (name !== null || isIndependent) return;
  throw new ServerError(
    'InvalidNamespace',
    stage === undefined
      ? '{aggregate: 1} is not valid for an empty pipeline.'
      : `{aggregate: 1} is not valid for '${stage}'; a collection is required.`,
  );
}

function aggregated(
  call: CommandCall,
  { name, stages }: { readonly name: string | null; readonly stages: readonly Doc[] },
  at: Timestamp | null,
): Iterable<Doc> {
  const { deployment, db } = call;
  const context: PipelineContext = {
    variables: evaluateVariables(call.body['let'], call.startedAt),
    collection: (other, filter = {}) => documentsOf(deployment, db, other, { filter, at }),
    spill: deployment.spill,
    allowDiskUse: call.body['allowDiskUse'] !== false,
  };
  const output = stages.at(-1);
  const isOutput = output !== undefined && ('$out' in output || '$merge' in output);
  const write = isOutput ? outputOf(call, output) : null;
  const inner = isOutput ? stages.slice(0, -1) : stages;
  const { request: leading, rest } = leadingRead(inner, context.variables, call.body['hint']);
  const request = {
    ...leading,
    collation: collationOf(call.body['collation']),
    at,
    allowDiskUse: call.body['allowDiskUse'] !== false,
  };
  if (request.collation !== null) refuseCollated(rest);
  const source = sourceOf(call, name, inner[0]);
  const read = name === null ? [] : documentsOf(deployment, db, name, request);
  const results =
    source !== null
      ? streamPipeline(inner.slice(1), source, context)
      : rest.length === 0
        ? read
        : streamPipeline(rest, read, context);
  if (write === null) return results;
  // Read to its end before the first is written: it may be the target that is read.
  const spooled = deployment.spill.spool(results);
  try {
    write(spooled.read());
  } finally {
    spooled.close();
  }
  return [];
}

const COLLATION_FREE = new Set(['$limit', '$skip', '$count', '$unset', '$unwind']);

/** Behind the leading `$match` only stages that compare no texts are sure to give what MongoDB gives. */
function refuseCollated(stages: readonly Doc[]): void {
  const free = (stage: Doc): boolean => {
    const [[name, value] = ['', null]] = Object.entries(stage);
    // A group of everything, as counting sends it, looks at no field.
    return COLLATION_FREE.has(name) || (name === '$group' && !hasText(value));
  };
  const name = Object.keys(stages.find((stage) => !free(stage)) ?? {})[0];
  if (name !== undefined)
    throw new ServerError('NotImplemented', `The sandbox server has no ${name} together with a collation`);
}

function hasText(value: unknown): boolean {
  if (typeof value === 'string') return true;
  if (Array.isArray(value)) return value.some(hasText);
  return isDoc(value) && Object.values(value).some(hasText);
}

/** The stages that an index can answer: a leading `$match`, then a `$sort` and a `$limit`. */
export function leadingRead(
  stages: readonly Doc[],
  variables: Doc,
  hint: unknown,
): { readonly request: ReadRequest; readonly rest: Doc[] } {
  const rest = [...stages];
  const take = (name: string): unknown => (rest[0] !== undefined && name in rest[0] ? rest.shift()?.[name] : undefined);
  const match = take('$match');
  if (match !== undefined && !isDoc(match))
    throw new ServerError('Location15959', 'the match filter must be an expression in an object');
  const filter = match ?? {};
  const request: ReadRequest = { filter, variables, hint };
  const sort = rest[0]?.['$sort'];
  const isPlain = isDoc(sort) && Object.keys(sort).length > 0 && Object.values(sort).every((one) => isDirection(one));
  if (isPlain) rest.shift();
  const limit = numberOf(rest[0]?.['$limit']);
  const hasLimit = limit !== null && Number.isInteger(limit) && limit > 0;
  if (hasLimit) rest.shift();
  return { request: { ...request, ...(isPlain ? { sort } : {}), ...(hasLimit ? { limit } : {}) }, rest };
}

function isDirection(value: unknown): boolean {
  const direction = numberOf(value);
  return direction === 1 || direction === -1;
}

/** The documents of an `aggregate`, which is of a view. */
function documentsOn(call: CommandCall): Iterable<Doc> {
  const stages = docsField(call.body, 'pipeline');
  return aggregated(call, throughViews(call, String(call.body['aggregate']), stages), snapshotTimeOf(call));
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

/** Commands that read. */
export const READ_COMMANDS = { find, getMore, killCursors, aggregate, count, distinct };
