import { pipelineNeeds } from '../access/pipeline-needs.ts';
import { collationOf } from '../semantics/collation.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import { isView, type CollectionInfo } from '../storage/catalog.ts';
import type { CommandCall } from './command.ts';

/** Error: `GraphContainsCycle` for a view that would show itself. */
export function refuseCycle(call: CommandCall, name: string): void {
  const { viewOn, pipeline } = call.body;
  const seen = new Set<string>();
  const follow = (target: unknown, stages: unknown): void => {
    const needs = pipelineNeeds(call.db, target, stages);
    for (const { target: one } of needs) {
      if (one.type !== 'namespace' || one.db !== call.db || seen.has(one.coll)) continue;
      if (one.coll === name)
        throw new ServerError('GraphContainsCycle', `View cycle detected: ${call.db}.${name} => ${call.db}.${name}`);
      seen.add(one.coll);
      const found = call.deployment.catalog.find(call.db, one.coll);
      if (found !== null && isView(found)) follow(found.options['viewOn'], found.options['pipeline']);
    }
  };
  if (viewOn !== undefined) follow(viewOn, pipeline);
}

/** Views on views are followed this far, as on MongoDB. */
const VIEW_DEPTH_MAX = 20;

/** A pipeline as it runs on a collection: what a view stands for in front of the stages given. Errors: `OptionNotSupportedOnView`, `CommandNotSupportedOnView`. */
export function throughViews(
  call: CommandCall,
  name: string | null,
  stages: readonly Doc[],
): { readonly name: string | null; readonly stages: readonly Doc[] } {
  let target = name;
  let all = stages;
  for (let depth = 0; depth < VIEW_DEPTH_MAX && target !== null; depth += 1) {
    const options = call.deployment.catalog.find(call.db, target)?.options ?? {};
    const { viewOn, pipeline } = options;
    if (typeof viewOn !== 'string') break;
    refuseOtherOrder(call.body);
    // What is asked of the view itself is looked for no further.
    if (all[0] !== undefined && '$collStats' in all[0])
      throw new ServerError('CommandNotSupportedOnView', `Namespace ${call.db}.${target} is a view, not a collection`);
    target = viewOn;
    all = [...(Array.isArray(pipeline) ? (pipeline as unknown[]).filter(isDoc) : []), ...all];
  }
  return { name: target, stages: all };
}

/** Options of `find` that no pipeline has. */
const NOT_OF_PIPELINES = ['tailable', 'noCursorTimeout', 'allowPartialResults'];

/** MongoDB's `asAggregationCommand`. Error: `InvalidPipelineOperator`. */
function refuseFindOptions(body: Doc): void {
  const { sort, limit } = body;
  const other =
    NOT_OF_PIPELINES.find((option) => body[option] === true) ??
    (isDoc(sort) && '$natural' in sort ? 'sort.$natural' : null) ??
    (body['singleBatch'] === true && numberOf(limit) !== 1 ? 'singleBatch' : null);
  if (other !== null) throw new ServerError('InvalidPipelineOperator', `Option ${other} not supported in aggregation.`);
}

/**
 * A `find` on a view as the `aggregate` that MongoDB makes of it; null where it names a collection. Errors: `InvalidPipelineOperator`,
 * `OptionNotSupportedOnView`.
 */
export function findOnView(call: CommandCall): CommandCall | null {
  const collection = call.deployment.catalog.find(call.db, String(call.body[call.name]));
  const { filter, sort, skip, limit, projection, batchSize, let: variables } = call.body;
  if (typeof collection?.options['viewOn'] === 'string') refuseFindOptions(call.body);
  return onView(
    call,
    collection,
    stagesOf({ $match: filter, $sort: sort, $skip: skip, $limit: limit, $project: projection }),
    { cursor: batchSize === undefined ? {} : { batchSize }, ...(variables === undefined ? {} : { let: variables }) },
  );
}

/**
 * A `count` or `distinct` on a view as the `aggregate` that MongoDB makes of it, with stages of its own behind; null where it names a
 * collection. Error: `OptionNotSupportedOnView`.
 */
export function aggregateOnView(
  call: CommandCall,
  collection: CollectionInfo,
  behind: readonly Doc[],
): CommandCall | null {
  const { query, skip, limit } = call.body;
  return onView(call, collection, [...stagesOf({ $match: query, $skip: skip, $limit: limit }), ...behind], {
    cursor: {},
  });
}

function onView(
  call: CommandCall,
  collection: CollectionInfo | null | undefined,
  pipeline: readonly Doc[],
  rest: Doc,
): CommandCall | null {
  if (typeof collection?.options['viewOn'] !== 'string') return null;
  refuseOtherOrder(call.body);
  const kept = Object.entries(call.body).filter(([field]) => KEPT.has(field));
  const body: Doc = { aggregate: collection.name, pipeline, ...rest, ...Object.fromEntries(kept) };
  return { ...call, name: 'aggregate', body };
}

/** What the `aggregate` says as the command did. */
const KEPT: ReadonlySet<string> = new Set(['allowDiskUse', 'hint', 'readConcern']);

/** A view compares texts by the order that it was made with, which is that of bytes. Error: `OptionNotSupportedOnView`. */
function refuseOtherOrder({ collation }: Doc): void {
  if (collationOf(collation) !== null)
    throw new ServerError('OptionNotSupportedOnView', "Cannot override a view's default collation");
}

/** The stages that say something: a limit of 0 is none, and an empty filter neither. */
function stagesOf(stages: Doc): readonly Doc[] {
  return Object.entries(stages)
    .filter(([, value]) => !isNothing(value))
    .map(([stage, value]) => ({ [stage]: value }));
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || numberOf(value) === 0 || isEmpty(value);
}

function isEmpty(value: unknown): boolean {
  return isDoc(value) && Object.keys(value).length === 0;
}
