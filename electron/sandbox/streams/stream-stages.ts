import type { Collation } from '../semantics/collation.ts';
import { matcherOf } from '../semantics/matching.ts';
import { isStage, runPipeline, unknownStage, type PipelineContext } from '../semantics/pipelines.ts';
import { ServerError } from '../semantics/server-error.ts';
import { isDoc, type Doc } from '../semantics/values.ts';

/** What the stages behind `$changeStream` are run with. */
export interface StreamContext {
  readonly variables: Doc;
  readonly collation: Collation | null;
}

const SPLIT = '$changeStreamSplitLargeEvent';
const STAGES_ALLOWED = new Set([
  '$match',
  '$project',
  '$addFields',
  '$set',
  '$unset',
  '$replaceRoot',
  '$replaceWith',
  '$redact',
  SPLIT,
]);
/** What a stage makes of an event; null where it lets none through. */
type Step = (event: Doc) => Doc | null;

/** The stages behind `$changeStream`. */
export interface StreamSteps {
  /** What is asked of an event before its images are looked up: they need not be there for events that nobody wants. */
  readonly before: readonly Step[];
  readonly behind: readonly Step[];
  /** Whether events that are too large are to be split. */
  readonly isSplitting: boolean;
}

/** Errors: 40324, 40602, `IllegalOperation`, 7182800, 7182802, and what the stages themselves are refused with. */
export function streamSteps(stages: readonly Doc[], context: StreamContext): StreamSteps {
  for (const [at, stage] of stages.entries()) {
    const name = Object.keys(stage)[0] ?? '';
    if (name === '$changeStream')
      throw new ServerError('Location40602', '$changeStream is only valid as the first stage in a pipeline');
    if (!STAGES_ALLOWED.has(name) && !isStage(name)) throw unknownStage(name);
    if (!STAGES_ALLOWED.has(name))
      throw new ServerError('IllegalOperation', `${name} is not permitted in a $changeStream pipeline`);
    if (name === SPLIT) checkSplit(stage[SPLIT], at === stages.length - 1);
  }
  const steps = stages.filter((stage) => !(SPLIT in stage));
  const own = steps.findIndex((stage) => !isDoc(stage['$match']) || looksAtImages(stage['$match']));
  const count = own < 0 ? steps.length : own;
  return {
    before: steps.slice(0, count).map((stage) => stepOf(stage, context)),
    behind: steps.slice(count).map((stage) => stepOf(stage, context)),
    isSplitting: steps.length < stages.length,
  };
}

function checkSplit(given: unknown, isLast: boolean): void {
  if (!isDoc(given) || Object.keys(given).length > 0)
    throw new ServerError('Location7182800', `${SPLIT} spec should be an empty object`);
  if (!isLast) throw new ServerError('Location7182802', `${SPLIT} must be the last stage in the pipeline`);
}

function stepOf(stage: Doc, { variables, collation }: StreamContext): Step {
  const { $match } = stage;
  if (isDoc($match)) {
    const matches = matcherOf($match, variables, collation);
    return (event) => (matches(event) ? event : null);
  }
  const context: PipelineContext = { variables, collection: () => [] };
  // Refuses a wrong stage now, and not with the first event.
  runPipeline([stage], [], context);
  return (event) => runPipeline([stage], [event], context)[0] ?? null;
}

/** Whether a filter may ask for one of the documents that are looked up for an event. */
function looksAtImages(filter: Doc): boolean {
  return Object.entries(filter).some(([key, value]) => {
    if (Array.isArray(value) && key.startsWith('$'))
      return (value as unknown[]).some((part) => isDoc(part) && looksAtImages(part));
    return key.startsWith('$') || key.startsWith('fullDocument');
  });
}
