import { compile, knowing, scopeOf, unfolded } from './expressions/compile.ts';
import { refuseVariableName } from './expressions/names.ts';
import { refuse } from './expressions/refusal.ts';
import { ServerError } from './server-error.ts';
import { STAGES } from './stages.ts';
import { IN_MEMORY, type Spill } from './stages/memory.ts';
import type { Stage, StageContext } from './stages/stage.ts';
import { isDoc, workingDoc, type Doc } from './values.ts';

/** What a pipeline may refer to besides its documents. */
export interface PipelineContext {
  /** Values of `let`, and of `NOW`. */
  readonly variables: Doc;
  /** The documents of another collection of the same database, in exact form; those that a filter finds, where one is given. */
  readonly collection: (name: string, filter?: Doc) => Iterable<Doc>;
  /** Where stages put what does not fit in memory; nowhere unless told. */
  readonly spill?: Spill;
  /** False where stages may not use more memory than MongoDB allows without the disk. */
  readonly allowDiskUse?: boolean;
}

/** The stages that an update may have. */
const UPDATE_STAGES = new Set(['$addFields', '$set', '$project', '$unset', '$replaceRoot', '$replaceWith']);
/** Stages that would run a client's program, or that write. */
const REFUSED = new Set(['$merge', '$out']);

/** Runs stages over documents in exact or working form, as the results are taken. @returns documents in working form */
export function streamPipeline(
  stages: readonly Doc[],
  documents: Iterable<Doc>,
  context: PipelineContext,
): Iterable<Doc> {
  return runStages(stages.map(workingDoc), workingDocs(documents), stageContext(context, context.variables));
}

/** Refuses stages that are read and not run: what they say of no field is not evaluated. Errors: those of the stages. */
export function refuseWrongStages(stages: readonly Doc[]): void {
  const context = stageContext({ variables: {}, collection: () => [] }, {});
  unfolded(() => compileStages(stages.map(workingDoc), context));
}

/** {@link streamPipeline}, all results at once. */
export function runPipeline(stages: readonly Doc[], documents: Iterable<Doc>, context: PipelineContext): Doc[] {
  return [...streamPipeline(stages, documents, context)];
}

function stageContext(context: PipelineContext, variables: Doc): StageContext {
  return {
    variables: withNow(variables),
    collection: (name) => workingDocs(context.collection(name)),
    run: (stages, input, inner) => runStages(stages, input, stageContext(context, inner)),
    matching: (name, filter) => workingDocs(context.collection(name, filter)),
    allowDiskUse: context.allowDiskUse ?? true,
    spill: context.spill ?? IN_MEMORY,
  };
}

/** `$$NOW` is one time for everything that a pipeline does. */
function withNow(variables: Doc): Doc {
  return Object.hasOwn(variables, 'NOW') ? variables : { NOW: new Date(), ...variables };
}

function runStages(stages: readonly Doc[], documents: Iterable<Doc>, context: StageContext): Iterable<Doc> {
  return compileStages(stages, context)(documents);
}

/** Stages that may be run over one input after the other. */
function compileStages(stages: readonly Doc[], context: StageContext): Stage {
  const compileOne = (stage: Doc): Stage => {
    const name = nameOf(stage);
    const own = Object.hasOwn(STAGES, name) ? STAGES[name] : undefined;
    if (own === undefined) throw unknownStage(name);
    return own(stage[name], context);
  };
  const compiled = knowing(context.variables, () => stages.map(compileOne));
  return (documents) => compiled.reduce((input, stage) => stage(input), documents);
}

function* workingDocs(documents: Iterable<Doc>): Generator<Doc> {
  for (const document of documents) yield workingDoc(document);
}

/** Applies an update pipeline to one document in exact form. @returns the new document in working form */
export function applyPipelineUpdate(stages: readonly Doc[], document: Doc, variables: Doc): Doc {
  return compilePipelineUpdate(stages, variables)(document);
}

/** An update pipeline that is compiled once for any number of documents; see {@link applyPipelineUpdate}. */
export function compilePipelineUpdate(stages: readonly Doc[], variables: Doc): (document: Doc) => Doc {
  refuseOtherThanUpdates(stages);
  const context = stageContext({ variables, collection: () => [] }, variables);
  const run = unfolded(() => compileStages(stages.map(workingDoc), context));
  return (document) => {
    const [result] = run([workingDoc(document)]);
    if (result === undefined) throw new ServerError('InternalError', 'an update pipeline gave no document');
    return result;
  };
}

/** Errors: `InvalidOptions` for a stage that an update may not have, 40324 for one that nobody has. */
export function refuseOtherThanUpdates(stages: readonly Doc[]): void {
  for (const stage of stages) {
    const name = Object.keys(stage)[0] ?? '';
    if (!isStage(name)) throw unknownStage(name);
    if (!UPDATE_STAGES.has(name))
      throw new ServerError('InvalidOptions', `${name} is not allowed to be used within an update`);
  }
}

/**
 * The values of a command's `let`, with `NOW`; each may use those in front of it, but no document.
 * Errors: `FailedToParse` for a name that is none, 4738901 for one that only MongoDB's own processes may set, 4890500 for a field.
 */
export function evaluateVariables(given: unknown, now: Date): Doc {
  const variables: Doc = { NOW: now };
  if (!isDoc(given)) return variables;
  for (const [name, expression] of Object.entries(workingDoc(given))) {
    if (SYSTEM_VARIABLES.has(name)) throw refuse(4_738_901, `Attempt to set internal constant: ${name}`);
    refuseVariableName(name, "Invalid 'let' parameter :: caused by :: ");
    const value = knowing(variables, () => compile(expression))(scopeOf(NO_DOCUMENT, variables));
    if (value === NO_DOCUMENT) throw fieldInLet();
    variables[name] = value;
  }
  return variables;
}

const SYSTEM_VARIABLES: ReadonlySet<string> = new Set(['NOW', 'CLUSTER_TIME', 'JS_SCOPE', 'IS_MR', 'USER_ROLES']);

/** In place of a document, where there is none: who looks into it is refused. */
const NO_DOCUMENT = new Proxy<Doc>(
  {},
  {
    get: () => refuseField(),
    has: () => refuseField(),
    ownKeys: () => refuseField(),
    getOwnPropertyDescriptor: () => refuseField(),
  },
);

function refuseField(): never {
  throw fieldInLet();
}

function fieldInLet(): ServerError {
  return refuse(
    4_890_500,
    'Command let Expression tried to access a field, but this is not allowed because Command let Expressions run before the query examines any documents.',
  );
}

function nameOf(stage: Doc): string {
  const names = Object.keys(stage);
  const name = names[0] ?? '';
  if (names.length !== 1)
    throw new ServerError('Location40323', 'A pipeline stage specification object must contain exactly one field.');
  if (Object.hasOwn(STAGES, name)) return name;
  if (REFUSED.has(name)) throw new ServerError('Location40601', `${name} can only be the final stage in the pipeline`);
  refuseStage(name);
  return name;
}

/** Stages that MongoDB 7 has and this server has not. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  '$changeStreamSplitLargeEvent',
  '$currentOp',
  '$geoNear',
  '$listSampledQueries',
  '$listSessions',
  '$planCacheStats',
  '$querySettings',
  '$search',
  '$searchMeta',
  '$shardedDataDistribution',
  '$vectorSearch',
]);

/** Whether MongoDB has a stage of this name that may stand in a pipeline. */
export function isStage(name: string): boolean {
  return Object.hasOwn(STAGES, name) || NOT_OFFERED.has(name) || REFUSED.has(name);
}

/** Refuses a stage that this server does not run. Errors: 40324 for one that nobody has, `NotImplemented`. */
export function refuseStage(name: string): void {
  if (Object.hasOwn(STAGES, name)) return;
  if (NOT_OFFERED.has(name)) throw new ServerError('NotImplemented', `The sandbox server has no stage ${name}`);
  throw unknownStage(name);
}

/** MongoDB's refusal of a stage that it does not have. */
export function unknownStage(name: string): ServerError {
  return new ServerError('Location40324', `Unrecognized pipeline stage name: '${name}'`);
}
