import type { Timestamp } from 'bson';
import type { Deployment } from '../deployment.ts';
import { collationOf } from '../semantics/collation.ts';
import { evaluateVariables, streamPipeline, type PipelineContext } from '../semantics/pipelines.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { refuseView } from '../storage/catalog.ts';
import type { ReadRequest } from '../storage/query.ts';
import { openChangeStream } from '../streams/change-stream.ts';
import { pagesOf, type PageSource } from '../streams/cursors.ts';
import { streamOptionsOf } from '../streams/stream-options.ts';
import { docField, docsField, wholeField, type Command, type CommandCall } from './command.ts';
import { checkCursorOption, firstPage, syncFirstPage } from './cursor-commands.ts';
import { outputOf } from './output-stages.ts';
import { snapshotTimeOf } from './read-concern.ts';
import { sourceOf } from './source-stages.ts';
import { checkStages } from './stage-names.ts';
import { throughViews } from './views.ts';

/** The command `aggregate`, over a collection, a view, a whole database or a stream of changes. */
export const aggregate: Command = {
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
    const source = pagesOf(aggregated(call, viewed, at));
    return syncFirstPage(call, namespace, source, batchSize, { isSingle: false, at });
  },
};

function streamOf(call: CommandCall, name: string | null, [first, ...rest]: readonly Doc[]): PageSource {
  const { deployment, db, body } = call;
  const options = streamOptionsOf(first?.['$changeStream'], { db, coll: name });
  const watched = name === null ? null : deployment.catalog.find(db, name);
  if (watched !== null) refuseView(watched);
  const collation = collationOf(body['collation']);
  if (collation !== null) refuseCollated(rest.filter((stage) => !('$match' in stage)));
  return openChangeStream(deployment, options, rest, {
    variables: evaluateVariables(body['let'], call.startedAt),
    collation,
  });
}

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
  checkCursorOption(cursor);
  const stages = docsField(body, 'pipeline');
  // A stream's own stages are looked at where it is opened.
  if (!isStream(stages)) checkStages(stages);
  // There the first getMore writes. Drivers must not ask for it.
  if (wholeField(cursor, 'batchSize') === 0 && isOutput(stages.at(-1)))
    throw new ServerError(
      'NotImplemented',
      'The sandbox server has no $out and no $merge with a first batch of nothing',
    );
}

/** Whether a stage, which is the last one, writes what the others give. */
function isOutput(stage: Doc | undefined): stage is Doc {
  return stage !== undefined && ('$out' in stage || '$merge' in stage);
}

/** Whether a pipeline is one over changes. */
export function isStream([first]: readonly Doc[]): boolean {
  return first !== undefined && '$changeStream' in first;
}

/** The collection that an aggregation is of; null for a whole database. Errors: `FailedToParse`, `InvalidNamespace`. */
export function aggregatedName(target: unknown): string | null {
  if (target === '') throw new ServerError('InvalidNamespace', 'Collection name must not be empty');
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
  const write = isOutput(output) ? outputOf(call, output) : null;
  const inner = write === null ? stages : stages.slice(0, -1);
  const { request: leading, rest } = leadingRead(inner, context.variables, call.body['hint']);
  // What was there at another time is not told by the places that there are now.
  const isOfAll = at === null && call.body['hint'] === undefined && rest.length === inner.length;
  const sample = isOfAll ? sampleSizeOf(rest[0]) : null;
  if (sample !== null) rest.shift();
  const request = {
    ...leading,
    ...(sample === null ? {} : { sample }),
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
  const isPlain =
    isDoc(sort) &&
    Object.keys(sort).length > 0 &&
    // In a pipeline it is the name of a field, and wrong.
    !Object.hasOwn(sort, '$natural') &&
    Object.values(sort).every((one) => isDirection(one));
  if (isPlain) rest.shift();
  const limit = numberOf(rest[0]?.['$limit']);
  const hasLimit = limit !== null && Number.isInteger(limit) && limit > 0;
  if (hasLimit) rest.shift();
  return { request: { ...request, ...(isPlain ? { sort } : {}), ...(hasLimit ? { limit } : {}) }, rest };
}

/** How many documents a leading `$sample` asks for; null where it is another stage, or one that is to be refused. */
function sampleSizeOf(stage: Doc | undefined): number | null {
  const operand = stage?.['$sample'];
  if (!isDoc(operand) || Object.keys(operand).length !== 1) return null;
  const size = numberOf(operand['size']);
  return size !== null && size > 0 ? size : null;
}

function isDirection(value: unknown): boolean {
  const direction = numberOf(value);
  return direction === 1 || direction === -1;
}

/** The documents of an `aggregate`, which is of a view. */
export function documentsOn(call: CommandCall): Iterable<Doc> {
  const stages = docsField(call.body, 'pipeline');
  return aggregated(call, throughViews(call, String(call.body['aggregate']), stages), snapshotTimeOf(call));
}

/** The documents that a read of a collection finds. */
export function* documentsOf(deployment: Deployment, db: string, name: string, request: ReadRequest): Generator<Doc> {
  for (const found of deployment.find(db, name, request)) yield found.document;
}
