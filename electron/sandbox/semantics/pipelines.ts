import { Aggregator } from 'mingo/aggregator';
import type { AnyObject } from 'mingo/types';
import { EVALUATION, OPERATORS } from './matching.ts';
import { OpType } from 'mingo/core';
import { ServerError } from './server-error.ts';
import { isDoc, workingDoc, type Doc } from './values.ts';

/** What a pipeline may refer to besides its documents. */
export interface PipelineContext {
  /** Values of `let`. */
  readonly variables: Doc;
  /** The documents of another collection of the same database, in exact form. */
  readonly collection: (name: string) => Iterable<Doc>;
}

/** The stages that an update may have. */
const UPDATE_STAGES = new Set(['$addFields', '$set', '$project', '$unset', '$replaceRoot', '$replaceWith']);

/** Runs stages over documents in exact or working form. @returns documents in working form */
export function runPipeline(stages: readonly Doc[], documents: Iterable<Doc>, context: PipelineContext): Doc[] {
  refuseUnknownStages(stages);
  const aggregator = new Aggregator(stages.map(workingDoc), {
    ...EVALUATION,
    variables: context.variables,
    collectionResolver: (name: string) => [...context.collection(name)].map(workingDoc),
  });
  return [...workingDocs(documents, aggregator)];
}

function* workingDocs(documents: Iterable<Doc>, aggregator: Aggregator): Generator<Doc> {
  for (const result of aggregator.run<AnyObject>(workingIterable(documents))) {
    if (!isDoc(result)) throw new ServerError('InternalError', 'a stage gave something that is no document');
    yield result;
  }
}

function workingIterable(documents: Iterable<Doc>): AnyObject[] {
  const working: AnyObject[] = [];
  for (const document of documents) working.push(workingDoc(document));
  return working;
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

/** Evaluates an expression that stands outside of a pipeline, as the values of `let` do. */
export function evaluateVariables(given: unknown): Doc {
  if (!isDoc(given) || Object.keys(given).length === 0) return {};
  const [result] = runPipeline([{ $replaceWith: workingDoc(given) }], [{}], { variables: {}, collection: () => [] });
  return result ?? {};
}

function refuseUnknownStages(stages: readonly Doc[]): void {
  for (const stage of stages) {
    const names = Object.keys(stage);
    const name = names[0] ?? '';
    if (names.length !== 1) {
      throw new ServerError('Location40323', 'A pipeline stage specification object must contain exactly one field.');
    }
    if (OPERATORS.getOperator(OpType.PIPELINE, name) === null) {
      throw unknownStage(name);
    }
  }
}

/** MongoDB's refusal of a stage that it does not have. */
export function unknownStage(name: string): ServerError {
  return new ServerError('Location40324', `Unrecognized pipeline stage name: '${name}'`);
}
