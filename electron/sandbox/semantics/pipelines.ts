import { Aggregator } from 'mingo/aggregator';
import { OpType } from 'mingo/core';
import type { AnyObject } from 'mingo/types';
import { compile, scopeOf } from './expressions/compile.ts';
import { EVALUATION, OPERATORS } from './matching.ts';
import { ServerError } from './server-error.ts';
import { STAGES } from './stages.ts';
import type { StageContext } from './stages/stage.ts';
import { isDoc, workingDoc, type Doc } from './values.ts';

/** What a pipeline may refer to besides its documents. */
export interface PipelineContext {
  /** Values of `let`, and of `NOW`. */
  readonly variables: Doc;
  /** The documents of another collection of the same database, in exact form. */
  readonly collection: (name: string) => Iterable<Doc>;
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

/** {@link streamPipeline}, all results at once. */
export function runPipeline(stages: readonly Doc[], documents: Iterable<Doc>, context: PipelineContext): Doc[] {
  return [...streamPipeline(stages, documents, context)];
}

function stageContext(context: PipelineContext, variables: Doc): StageContext {
  return {
    variables: withNow(variables),
    collection: (name) => workingDocs(context.collection(name)),
    run: (stages, input, inner) => runStages(stages, input, stageContext(context, inner)),
    allowDiskUse: context.allowDiskUse ?? true,
  };
}

/** `$$NOW` is one time for everything that a pipeline does. */
function withNow(variables: Doc): Doc {
  return Object.hasOwn(variables, 'NOW') ? variables : { NOW: new Date(), ...variables };
}

function runStages(stages: readonly Doc[], documents: Iterable<Doc>, context: StageContext): Iterable<Doc> {
  const compiled = stages.map((stage) => {
    const name = nameOf(stage);
    const own = Object.hasOwn(STAGES, name) ? STAGES[name] : undefined;
    return own === undefined ? libraryStage(stage, context) : own(stage[name], context);
  });
  return compiled.reduce((input, stage) => stage(input), documents);
}

/** What only the library has. */
function libraryStage(stage: Doc, context: StageContext): (input: Iterable<Doc>) => Iterable<Doc> {
  const aggregator = new Aggregator([stage], {
    ...EVALUATION,
    variables: context.variables,
    collectionResolver: (name: string) => [...context.collection(name)],
  });
  return function* (input) {
    for (const result of aggregator.run<AnyObject>([...input])) {
      if (!isDoc(result)) throw new ServerError('InternalError', 'a stage gave something that is no document');
      yield result;
    }
  };
}

function* workingDocs(documents: Iterable<Doc>): Generator<Doc> {
  for (const document of documents) yield workingDoc(document);
}

/** Applies an update pipeline to one document in exact form. @returns the new document in working form */
export function applyPipelineUpdate(stages: readonly Doc[], document: Doc, variables: Doc): Doc {
  for (const stage of stages) {
    const name = Object.keys(stage)[0] ?? '';
    if (!UPDATE_STAGES.has(name)) {
      throw new ServerError('InvalidOptions', `${name} is not allowed to be used within an update`);
    }
  }
  const result = runPipeline(stages, [document], { variables, collection: () => [] })[0];
  if (result === undefined) throw new ServerError('InternalError', 'an update pipeline gave no document');
  return result;
}

/** The values of a command's `let`, with `NOW`. */
export function evaluateVariables(given: unknown, now: Date): Doc {
  const scope = scopeOf({}, { NOW: now });
  if (!isDoc(given)) return { NOW: now };
  const values = Object.entries(workingDoc(given)).map(([name, value]) => [name, compile(value)(scope)]);
  return { NOW: now, ...(Object.fromEntries(values) as Doc) };
}

function nameOf(stage: Doc): string {
  const names = Object.keys(stage);
  const name = names[0] ?? '';
  if (names.length !== 1)
    throw new ServerError('Location40323', 'A pipeline stage specification object must contain exactly one field.');
  if (Object.hasOwn(STAGES, name)) return name;
  if (REFUSED.has(name)) throw new ServerError('Location40601', `${name} can only be the final stage in the pipeline`);
  if (OPERATORS.getOperator(OpType.PIPELINE, name) === null) throw unknownStage(name);
  return name;
}

/** MongoDB's refusal of a stage that it does not have. */
export function unknownStage(name: string): ServerError {
  return new ServerError('Location40324', `Unrecognized pipeline stage name: '${name}'`);
}
