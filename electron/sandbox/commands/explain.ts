import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import type { Plan } from '../storage/planner.ts';
import { planRead, type ReadRequest, type ReadStats } from '../storage/query.ts';
import { hasRequirement } from '../access/requirements.ts';
import { collectionName, docField, docsField, type Command, type CommandCall } from './command.ts';
import { refuseUnknownField } from './command-fields.ts';
import { checkFields } from './field-values.ts';
import { aggregatedName, checkSource, isStream, leadingRead, readRequest } from './reads.ts';
import { checkStages } from './stage-names.ts';
import { aggregateOnView, findOnView, throughViews } from './views.ts';

const VERBOSITIES = new Set(['queryPlanner', 'executionStats', 'allPlansExecution']);

/** Tells how a command would find its documents, and with `executionStats` what finding them costs. Nothing is written. */
export const explain: Command = {
  writes: false,
  run(call) {
    const verbosity = call.body['verbosity'] ?? 'allPlansExecution';
    if (typeof verbosity !== 'string' || !VERBOSITIES.has(verbosity))
      throw new ServerError(
        'FailedToParse',
        `verbosity string must be one of {'queryPlanner', 'executionStats', 'allPlansExecution'}`,
      );
    const inner = docField(call.body, 'explain') ?? {};
    const { coll, request } = readOf({ ...call, name: Object.keys(inner)[0] ?? '', body: inner });
    const collection = coll === null ? null : call.deployment.catalog.find(call.db, coll);
    const plan = collection === null ? null : planRead(collection, request);
    const stats = verbosity === 'queryPlanner' ? null : execute(call, collection, request);
    return {
      explainVersion: '1',
      queryPlanner: {
        namespace: `${call.db}.${coll ?? '$cmd.aggregate'}`,
        parsedQuery: request.filter,
        winningPlan: stagesOf(plan, request, null),
        rejectedPlans: [],
      },
      ...(stats === null
        ? {}
        : {
            executionStats: {
              executionSuccess: true,
              nReturned: stats.returned,
              executionTimeMillis: Math.round(stats.ms),
              totalKeysExamined: stats.keysExamined,
              totalDocsExamined: stats.docsExamined,
              executionStages: stagesOf(plan, request, stats),
            },
          }),
      command: inner,
      serverInfo: { runledgerSandbox: true },
    };
  },
};

interface Executed extends ReadStats {
  returned: number;
  ms: number;
}

/** Commands that MongoDB explains. */
const EXPLAINED: ReadonlySet<string> = new Set([
  'aggregate',
  'count',
  'delete',
  'distinct',
  'find',
  'findAndModify',
  'findandmodify',
  'update',
]);

/**
 * The read behind a command, and where it reads; a command that would be refused is refused here too. Errors: `CommandNotFound`,
 * `IllegalOperation`, `InvalidLength`, `CommandNotSupportedOnView`, `NotImplemented`, and those of the command.
 */
function readOf(call: CommandCall): { readonly coll: string | null; readonly request: ReadRequest } {
  const { name } = call;
  if (!EXPLAINED.has(name) && !hasRequirement(name))
    throw new ServerError('CommandNotFound', `Explain failed due to unknown command: ${name}`);
  if (!EXPLAINED.has(name)) throw new ServerError('IllegalOperation', `Cannot explain cmd: ${name}`);
  refuseUnknownField(call);
  checkFields(call);
  if (name === 'aggregate') return aggregationOf(call);
  const coll = collectionName(call);
  const collection = call.deployment.catalog.find(call.db, coll);
  if (typeof collection?.options['viewOn'] !== 'string') return { coll, request: requestOf(call) };
  const onView = name === 'find' ? findOnView(call) : aggregateOnView(call, collection, []);
  if (onView === null || !READS.has(name))
    throw new ServerError('CommandNotSupportedOnView', `Namespace ${call.db}.${coll} is a view, not a collection`);
  return aggregationOf(onView);
}

const READS: ReadonlySet<string> = new Set(['count', 'distinct', 'find']);

/** What the first stages of an aggregation read, through views. */
function aggregationOf(call: CommandCall): { readonly coll: string | null; readonly request: ReadRequest } {
  const { body } = call;
  const target = aggregatedName(body['aggregate']);
  const given = docsField(body, 'pipeline');
  if (isStream(given)) throw new ServerError('NotImplemented', 'The sandbox server explains no change streams');
  checkStages(given);
  checkSource(target, given[0]);
  const { name, stages } = throughViews(call, target, given);
  const request = readRequest(call);
  return { coll: name, request: { ...request, ...leadingRead(stages, request.variables ?? {}, body['hint']).request } };
}

/** Of a write what its statement looks for. */
function requestOf(call: CommandCall): ReadRequest {
  const { body } = call;
  const statements = [...docsField(body, 'updates'), ...docsField(body, 'deletes')];
  if (statements.length > 1) throw new ServerError('InvalidLength', 'explained write batches must be of size 1');
  const [statement] = statements;
  const filter = statement?.['q'];
  const request = readRequest(call);
  return {
    ...request,
    ...(isDoc(filter) ? { filter } : {}),
    ...(statement?.['hint'] === undefined ? {} : { hint: statement['hint'] }),
    ...(call.name === 'findAndModify' || call.name === 'findandmodify' ? { limit: 1 } : {}),
  };
}

function execute(call: CommandCall, collection: CollectionInfo | null, request: ReadRequest): Executed {
  const stats: Executed = { keysExamined: 0, docsExamined: 0, returned: 0, ms: 0 };
  const before = performance.now();
  if (collection !== null)
    for (const _found of call.deployment.find(call.db, collection.name, { ...request, stats })) stats.returned += 1;
  stats.ms = performance.now() - before;
  return stats;
}

/** The plan as MongoDB tells it, the last stage outermost. */
function stagesOf(plan: Plan | null, request: ReadRequest, stats: Executed | null): Doc {
  const counted = (stage: Doc, examined: Doc): Doc =>
    stats === null ? stage : { ...stage, nReturned: stats.returned, ...examined };
  if (plan === null) return counted({ stage: 'EOF' }, {});
  const docs = { docsExamined: stats?.docsExamined ?? 0 };
  let stages: Doc;
  if (plan.type === 'scan') {
    const direction = plan.isBackward ? 'backward' : 'forward';
    stages = { ...counted({ stage: 'COLLSCAN', direction }, docs), ...filterOf(request) };
  } else {
    const scan = counted(indexScan(plan), { keysExamined: stats?.keysExamined ?? 0 });
    stages = { ...counted({ stage: 'FETCH' }, docs), ...filterOf(request), inputStage: scan };
  }
  if (!plan.coversSort) stages = { ...counted({ stage: 'SORT', sortPattern: request.sort }, {}), inputStage: stages };
  if ((request.skip ?? 0) > 0)
    stages = { ...counted({ stage: 'SKIP', skipAmount: request.skip }, {}), inputStage: stages };
  if ((request.limit ?? 0) > 0)
    stages = { ...counted({ stage: 'LIMIT', limitAmount: request.limit }, {}), inputStage: stages };
  return stages;
}

function indexScan({ index, isBackward }: Extract<Plan, { type: 'index' }>): Doc {
  return {
    stage: 'IXSCAN',
    keyPattern: index.spec['key'],
    indexName: index.name,
    isMultiKey: index.isMultikey,
    isUnique: index.isUnique,
    isSparse: index.isSparse,
    isPartial: index.partialFilter !== null,
    indexVersion: 2,
    direction: isBackward ? 'backward' : 'forward',
  };
}

function filterOf({ filter }: ReadRequest): Doc {
  return Object.keys(filter).length === 0 ? {} : { filter };
}
