import { ServerError } from '../semantics/server-error.ts';
import { flagField } from '../semantics/flags.ts';
import { evaluateVariables, streamPipeline } from '../semantics/pipelines.ts';
import { applyUpdate, refuseUnusable } from '../semantics/updates.ts';
import { isDoc, numberOf, type Doc } from '../semantics/values.ts';
import type { CollectionInfo } from '../storage/catalog.ts';
import type { Plan } from '../storage/planner.ts';
import { planRead, refuseWrong, type ReadRequest, type ReadStats } from '../storage/query.ts';
import { hasRequirement } from '../access/requirements.ts';
import { collectionName, docField, docsField, type Command, type CommandCall } from './command.ts';
import { refuseUnknownField } from './command-fields.ts';
import { checkFields } from './field-values.ts';
import { aggregatedName, checkSource, isStream, leadingRead } from './aggregate.ts';
import { readRequest } from './reads.ts';
import { sourceOf } from './source-stages.ts';
import { checkStages } from './stage-names.ts';
import { aggregateOnView, findOnView, throughViews } from './views.ts';
import { updateRequestOf } from './writes.ts';

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
    const { coll, request, purpose } = readOf({ ...call, name: Object.keys(inner)[0] ?? '', body: inner });
    refuseWrong(request);
    const collection = coll === null ? null : call.deployment.catalog.find(call.db, coll);
    const plan = collection === null ? null : planRead(collection, request);
    const stats = verbosity === 'queryPlanner' ? null : execute(call, collection, request, purpose);
    return {
      explainVersion: '1',
      queryPlanner: {
        namespace: `${call.db}.${coll ?? '$cmd.aggregate'}`,
        parsedQuery: request.filter,
        winningPlan: allStages(plan, request, purpose, null),
        rejectedPlans: [],
      },
      ...(stats === null
        ? {}
        : {
            executionStats: {
              executionSuccess: true,
              nReturned: purpose.isSilent ? 0 : stats.returned,
              executionTimeMillis: Math.round(stats.ms),
              totalKeysExamined: stats.keysExamined,
              totalDocsExamined: stats.docsExamined,
              executionStages: allStages(plan, request, purpose, stats),
            },
          }),
      command: inner,
      serverInfo: { runledgerSandbox: true },
    };
  },
};

interface Executed extends ReadStats {
  returned: number;
  /** Of the documents that were found those that an update would change. */
  changed: number;
  ms: number;
}

/** What a command does with the documents that it finds. */
interface Purpose {
  /** The stages above those that find them. */
  readonly above: (stages: Doc, stats: Executed | null) => Doc;
  /** True where the command gives no documents. */
  readonly isSilent: boolean;
  /** True where it passes documents over and ends by itself, without stages for that. */
  readonly isLimiting: boolean;
  /** True where the number of documents is all that is asked, and known. */
  readonly isKnown: boolean;
  /** Whether an update would change a document; null for what is no update. */
  readonly changes: ((document: Doc) => boolean) | null;
}

const READS_ONLY: Purpose = {
  above: (stages) => stages,
  isSilent: false,
  isLimiting: false,
  isKnown: false,
  changes: null,
};
const WRITES: Purpose = { ...READS_ONLY, isSilent: true, isLimiting: true };

/** What stands to be read, and why. */
interface Explained {
  readonly coll: string | null;
  readonly request: ReadRequest;
  readonly purpose: Purpose;
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
function readOf(call: CommandCall): Explained {
  const { name } = call;
  if (!EXPLAINED.has(name) && !hasRequirement(name))
    throw new ServerError('CommandNotFound', `Explain failed due to unknown command: ${name}`);
  if (!EXPLAINED.has(name)) throw new ServerError('IllegalOperation', `Cannot explain cmd: ${name}`);
  refuseUnknownField(call);
  checkFields(call);
  if (name === 'aggregate') return aggregationOf(call);
  const coll = collectionName(call);
  const collection = call.deployment.catalog.find(call.db, coll);
  if (typeof collection?.options['viewOn'] !== 'string') {
    const request = requestOf(call);
    return { coll, request, purpose: purposeOf(call, request) };
  }
  const onView = name === 'find' ? findOnView(call) : aggregateOnView(call, collection, []);
  if (onView === null || !READS.has(name))
    throw new ServerError('CommandNotSupportedOnView', `Namespace ${call.db}.${coll} is a view, not a collection`);
  return aggregationOf(onView);
}

const READS: ReadonlySet<string> = new Set(['count', 'distinct', 'find']);

/** What the first stages of an aggregation read, through views. */
function aggregationOf(call: CommandCall): Explained {
  const { body } = call;
  const target = aggregatedName(body['aggregate']);
  const given = docsField(body, 'pipeline');
  if (isStream(given)) throw new ServerError('NotImplemented', 'The sandbox server explains no change streams');
  checkStages(given);
  checkSource(target, given[0]);
  const { name, stages } = throughViews(call, target, given);
  const request = readRequest(call);
  const { variables = {} } = request;
  const leading = leadingRead(stages, variables, body['hint']);
  // Stages behind what is read are told only where they are wrong.
  const rest = leading.rest.filter((stage) => !('$out' in stage || '$merge' in stage));
  if (sourceOf(call, name, stages[0]) === null) streamPipeline(rest, [], { variables, collection: () => [] });
  const read = { ...request, ...leading.request };
  return { coll: name, request: read, purpose: READS_ONLY };
}

function purposeOf(call: CommandCall, request: ReadRequest): Purpose {
  switch (call.name) {
    case 'find':
      return { ...READS_ONLY, above: projected(docField(call.body, 'projection') ?? {}) };
    case 'count':
      return counting(request);
    case 'delete':
      return deleting;
    case 'update':
      return updating(call, docsField(call.body, 'updates')[0] ?? {}, true);
    case 'findAndModify':
    case 'findandmodify':
      return flagField(call.body, 'remove') ? { ...deleting, isSilent: false } : updating(call, call.body, false);
    default:
      return READS_ONLY;
  }
}

/** A stage that is told its counts only where the command was run. */
function stageAbove(stage: string, counts: (stats: Executed) => Doc): Purpose['above'] {
  return (inputStage, stats) => ({ stage, ...(stats === null ? {} : counts(stats)), inputStage });
}

/** MongoDB has a fast way for projections that only keep or leave out fields of the first level. */
function projected(projection: Doc): Purpose['above'] {
  const fields = Object.entries(projection);
  if (fields.length === 0) return (stages) => stages;
  const isSimple = fields.every(
    ([path, value]) => !path.includes('.') && (typeof value === 'boolean' || numberOf(value) !== null),
  );
  return (inputStage, stats) => ({
    stage: isSimple ? 'PROJECTION_SIMPLE' : 'PROJECTION_DEFAULT',
    ...(stats === null ? {} : { nReturned: stats.returned }),
    transformBy: projection,
    inputStage,
  });
}

/** Without conditions the number of documents is known and none is read. */
function counting({ filter, skip = 0, hint }: ReadRequest): Purpose {
  const counted = ({ returned }: Executed): Doc => ({ nReturned: 0, nCounted: returned, nSkipped: skip });
  const isKnown = Object.keys(filter).length === 0 && (hint === undefined || hint === null);
  const stage = isKnown ? 'RECORD_STORE_FAST_COUNT' : 'COUNT';
  const above: Purpose['above'] = isKnown
    ? (_stages, stats) => ({ stage, ...(stats === null ? {} : counted(stats)) })
    : stageAbove(stage, counted);
  return { ...WRITES, above, isKnown };
}

const deleting: Purpose = {
  ...WRITES,
  above: stageAbove('DELETE', ({ returned }) => ({ nReturned: 0, nWouldDelete: returned })),
};

function updating(call: CommandCall, statement: Doc, isSilent: boolean): Purpose {
  const request = updateRequestOf(call, statement, evaluateVariables(call.body['let'], call.startedAt));
  refuseUnusable(request);
  const isUpsert = flagField(statement, 'upsert');
  const counts = ({ returned, changed }: Executed): Doc => ({
    nReturned: isSilent ? 0 : returned,
    nMatched: returned,
    nWouldModify: changed,
    nWouldUpsert: isUpsert && returned === 0 ? 1 : 0,
  });
  return {
    ...WRITES,
    above: stageAbove('UPDATE', counts),
    isSilent,
    changes: (document) => applyUpdate(document, request) !== null,
  };
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
    ...(isOfOne(call, statement) ? { limit: 1 } : {}),
  };
}

/** Whether a write is of the first document that it finds. */
function isOfOne({ name }: CommandCall, statement: Doc | undefined): boolean {
  if (name === 'findAndModify' || name === 'findandmodify') return true;
  if (name === 'update') return statement?.['multi'] !== true;
  return name === 'delete' && numberOf(statement?.['limit']) === 1;
}

function execute(
  call: CommandCall,
  collection: CollectionInfo | null,
  request: ReadRequest,
  { changes, isKnown }: Purpose,
): Executed {
  const stats: Executed = { keysExamined: 0, docsExamined: 0, returned: 0, changed: 0, ms: 0 };
  const before = performance.now();
  if (collection !== null && isKnown) {
    const { skip = 0, limit = 0 } = request;
    const left = Math.max(0, call.deployment.records.count(collection) - skip);
    stats.returned = limit === 0 ? left : Math.min(left, limit);
  } else if (collection !== null)
    for (const { document } of call.deployment.find(call.db, collection.name, { ...request, stats })) {
      stats.returned += 1;
      if (changes?.(document) === true) stats.changed += 1;
    }
  stats.ms = performance.now() - before;
  return stats;
}

/** The plan as MongoDB tells it, the last stage outermost. */
function allStages(plan: Plan | null, request: ReadRequest, purpose: Purpose, stats: Executed | null): Doc {
  const { skip = 0, limit = 0 } = purpose.isLimiting ? {} : request;
  const counts = stats === null ? {} : { nReturned: stats.returned };
  const found = stagesOf(plan, request, stats);
  const behind = skip > 0 ? { stage: 'SKIP', skipAmount: skip, ...counts, inputStage: found } : found;
  const above = purpose.above(behind, stats);
  return limit > 0 ? { stage: 'LIMIT', limitAmount: limit, ...counts, inputStage: above } : above;
}

/** The stages that find documents in their order. */
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
