import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import type { Plan } from '../storage/planner.ts';
import { planRead, type ReadRequest, type ReadStats } from '../storage/query.ts';
import { docField, docsField, type Command, type CommandCall } from './command.ts';
import { readRequest } from './reads.ts';

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
    const name = Object.keys(inner)[0] ?? '';
    const coll = String(inner[name]);
    const collection = call.deployment.catalog.find(call.db, coll);
    const request = requestOf({ ...call, name, body: inner });
    const plan = collection === null ? null : planRead(collection, request);
    const stats = verbosity === 'queryPlanner' ? null : execute(call, collection, request);
    return {
      explainVersion: '1',
      queryPlanner: {
        namespace: `${call.db}.${coll}`,
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

/** The read behind a command: of an aggregation what its first stages read, of a write what its first statement looks for. */
function requestOf(call: CommandCall): ReadRequest {
  const { body } = call;
  const statement = docsField(body, 'updates')[0] ?? docsField(body, 'deletes')[0];
  const match = docsField(body, 'pipeline')[0]?.['$match'];
  const filter = statement?.['q'] ?? match;
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
