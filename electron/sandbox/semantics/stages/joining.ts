import { encodeKey } from '../../storage/key-encoding.ts';
import { compile, scopeOf, type Evaluate } from '../expressions/compile.ts';
import { refuseFieldPath, refuseVariableName } from '../expressions/names.ts';
import { refuse } from '../expressions/refusal.ts';
import { keyOf, keysOf, nameOf, placeOf } from '../field-names.ts';
import { someValueAt } from '../match-paths.ts';
import { putAt } from '../projection-stages.ts';
import { patternOf } from '../regular-expressions.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { isDoc, type Doc } from '../values.ts';
import { wrongType } from '../wrong-type.ts';
import { approximateBytes } from './memory.ts';
import type { CompileStage, StageContext } from './stage.ts';

/** `$lookup`. */
export const lookup: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw new ServerError('FailedToParse', 'the $lookup stage specification must be an object');
  const { from, localField, foreignField, as, let: given, pipeline, ...others } = operand;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new ServerError('FailedToParse', `unknown argument to $lookup: ${unknown}`);
  if (typeof as !== 'string') throw new ServerError('FailedToParse', "must specify 'as' field for a $lookup");
  if (from !== undefined && typeof from !== 'string')
    throw new ServerError('FailedToParse', `$lookup 'from' field must be a string, but found ${typeNameOf(from)}`);
  if (from === '') throw new ServerError('InvalidNamespace', 'invalid $lookup namespace');
  const isByField = localField !== undefined || foreignField !== undefined;
  if (isByField && (typeof localField !== 'string' || typeof foreignField !== 'string'))
    throw new ServerError(
      'FailedToParse',
      "$lookup requires both or neither of 'localField' and 'foreignField' to be specified",
    );
  if (!isByField && pipeline === undefined)
    throw new ServerError(
      'FailedToParse',
      "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
    );
  for (const field of [as, localField, foreignField]) if (typeof field === 'string') refuseFieldPath(field);
  const stages = innerStages(pipeline, '$lookup', 51_047);
  if (from === undefined) refuseSourceless(stages, '$lookup');
  if (given !== undefined && pipeline === undefined)
    throw new ServerError('FailedToParse', "$lookup with a 'let' argument must also specify 'pipeline'");
  if (given !== undefined && !isDoc(given))
    throw new ServerError('FailedToParse', `$lookup argument 'let' must be an object, is type ${typeNameOf(given)}`);
  for (const name of Object.keys(given ?? {})) refuseVariableName(nameOf(name));
  const variables = Object.entries(isDoc(given) ? given : {}).map(([name, value]): readonly [string, Evaluate] => [
    name,
    compile(value),
  ]);
  const path = keysOf(as);
  const named = Object.fromEntries(variables.map(([name]) => [name, null]));
  refuseWrongStages(stages, { ...context, variables: { ...context.variables, ...named } });
  return function* (input) {
    const foreign = typeof from === 'string' && !hasSource(stages) ? foreignOf(from, foreignField, context) : null;
    try {
      for (const document of input) {
        const scope = scopeOf(document, context.variables);
        const values = Object.fromEntries(variables.map(([name, evaluate]) => [name, evaluate(scope)]));
        const joined = foreign?.joined(document, localField) ?? [];
        const own =
          foreign === null && isByField ? joinedBehindSource(stages, document, { localField, foreignField }) : stages;
        const found =
          own.length === 0 ? [...joined] : [...context.run(own, joined, { ...context.variables, ...values })];
        yield putAt(document, path, found);
      }
    } finally {
      foreign?.close();
    }
  };
};

/** Whether stages bring their documents by themselves. */
function hasSource([first]: readonly Doc[]): boolean {
  return first !== undefined && '$documents' in first;
}

/** Error: `FailedToParse` for a stage without a collection whose pipeline brings no documents. */
function refuseSourceless(stages: readonly Doc[], stage: string): void {
  if (hasSource(stages)) return;
  throw new ServerError(
    'FailedToParse',
    `${stage} stage without explicit collection must have a pipeline with $documents as first stage`,
  );
}

/** The stages of a `$lookup` that bring their documents by themselves: right behind them only those stay that belong to a document by its field. */
function joinedBehindSource(
  [source = {}, ...others]: readonly Doc[],
  document: Doc,
  { localField, foreignField }: { readonly localField: unknown; readonly foreignField: unknown },
): readonly Doc[] {
  const values = localValues(document, String(localField));
  return [source, { $match: holding(String(foreignField), values) }, ...others];
}

interface Foreign {
  /** What belongs to a document by one of its fields; everything where no field was named. */
  readonly joined: (document: Doc, local: unknown) => Iterable<Doc>;
  readonly close: () => void;
}

/** So much of another collection is held in memory and looked up there, in bytes; of a larger one each document is looked up by itself. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

function foreignOf(from: string, field: unknown, context: StageContext): Foreign {
  const held: Doc[] = [];
  let bytes = 0;
  for (const document of context.collection(from)) {
    held.push(document);
    bytes += approximateBytes(document);
    if (bytes > HELD_BYTES_MAX) break;
  }
  const isWhole = bytes <= HELD_BYTES_MAX;
  if (typeof field !== 'string') {
    if (isWhole) return { joined: () => held, close: () => undefined };
    held.length = 0;
    return { joined: () => context.collection(from), close: () => undefined };
  }
  if (isWhole) {
    const index = indexBy(held, field);
    return { joined: (document, local) => index(document, String(local)), close: () => undefined };
  }
  held.length = 0;
  return {
    joined: (document, local) => context.matching(from, holding(field, localValues(document, String(local)))),
    close: () => undefined,
  };
}

/**
 * The values by which a document looks for others: of a list its elements and never itself. What is missing counts as null where there is
 * nothing else, and so does an empty list.
 */
function localValues(document: Doc, field: string): readonly unknown[] {
  const values: unknown[] = [];
  gatherLocal(document, keysOf(field), 0, values);
  return values.length === 0 ? [null] : values;
}

function gatherLocal(value: unknown, path: readonly string[], depth: number, into: unknown[]): void {
  const name = path[depth];
  if (name === undefined) {
    if (Array.isArray(value)) into.push(...(value as unknown[]));
    else if (value !== undefined) into.push(value);
    return;
  }
  if (isDoc(value)) gatherLocal(Object.hasOwn(value, name) ? value[name] : undefined, path, depth + 1, into);
  if (!Array.isArray(value)) return;
  const place = placeOf(name);
  if (place !== null) gatherLocal(value[place], path, depth + 1, into);
  else for (const element of value as unknown[]) if (isDoc(element)) gatherLocal(element, path, depth, into);
}

/** The filter that finds what has one of these values: an expression is looked for as a value, and matches no texts. */
function holding(field: string, values: readonly unknown[]): Doc {
  const key = keyOf(field);
  if (values.every((value) => patternOf(value) === null)) return { [key]: { $in: values } };
  return { $or: values.map((value) => ({ [key]: { $eq: value } })) };
}

/** Finds documents by what their field has in common with a field of another document, as a filter would find them. */
function indexBy(documents: readonly Doc[], field: string): (document: Doc, local: string) => readonly Doc[] {
  const byKey = new Map<string, number[]>();
  const path = keysOf(field);
  for (const [at, document] of documents.entries()) {
    const values: unknown[] = [];
    someValueAt(document, path, (value) => {
      values.push(value ?? null);
      return false;
    });
    for (const key of keysFor(values)) {
      const places = byKey.get(key);
      if (places === undefined) byKey.set(key, [at]);
      else places.push(at);
    }
  }
  return (document, local) => {
    const found = new Set(keysFor(localValues(document, local)).flatMap((key) => byKey.get(key) ?? []));
    return [...found]
      .sort((left, right) => left - right)
      .map((at) => documents[at])
      .filter(isDoc);
  };
}

function keysFor(values: readonly unknown[]): string[] {
  return [...new Set(values.map((value) => encodeKey(value).toString('latin1')))];
}

/** Refuses stages within a stage that are wrong, also where no document comes to them: they are compiled over none. */
function refuseWrongStages(stages: readonly Doc[], context: StageContext): void {
  context.run(stages, [], context.variables);
}

const NOT_WITHIN = ['$out', '$merge', '$changeStream'] as const;

/** The stages of a pipeline within a stage. Errors: `TypeMismatch`, and `code` for one that writes or watches. */
function innerStages(pipeline: unknown, stage: string, code: number): readonly Doc[] {
  if (pipeline === undefined) return [];
  if (!Array.isArray(pipeline) || !pipeline.every(isDoc))
    throw new ServerError('TypeMismatch', `'pipeline' of ${stage} must be an array of objects`);
  const stages: readonly Doc[] = pipeline;
  const refused = NOT_WITHIN.find((name) => stages.some((one) => name in one));
  if (refused !== undefined) throw refuse(code, `${refused} is not allowed within a ${stage}'s sub-pipeline`);
  return stages;
}

/** `$unionWith`. */
export const unionWith: CompileStage = (operand, context) => {
  if (!isDoc(operand) && typeof operand !== 'string')
    throw new ServerError(
      'FailedToParse',
      `the $unionWith stage specification must be an object or string, but found ${typeNameOf(operand)}`,
    );
  const { coll = null, pipeline = null, ...others }: Doc = isDoc(operand) ? operand : { coll: operand };
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new ServerError('Location40415', `BSON field '$unionWith.${unknown}' is an unknown field.`);
  if (coll !== null && typeof coll !== 'string') throw wrongType('$unionWith.coll', coll, 'string');
  if (coll === '') throw new ServerError('InvalidNamespace', 'Invalid namespace of $unionWith');
  const stages = innerStages(pipeline ?? undefined, '$unionWith', 31_441);
  if (coll === null) refuseSourceless(stages, '$unionWith');
  refuseWrongStages(stages, context);
  return function* (input) {
    yield* input;
    yield* context.run(stages, coll === null || hasSource(stages) ? [] : context.collection(coll), context.variables);
  };
};

/** `$facet`. */
export const facet: CompileStage = (operand, context) => {
  if (!isDoc(operand) || Object.keys(operand).length === 0)
    throw refuse(40_169, 'the $facet specification must be a non-empty object');
  const facets = Object.entries(operand).map(([name, stages]): readonly [string, readonly Doc[]] => {
    if (!Array.isArray(stages))
      throw refuse(40_170, `arguments to $facet must be arrays, ${name} is type ${typeNameOf(stages)}`);
    if (name.includes('.')) throw refuse(16_412, "FieldPath field names may not contain '.'.");
    refuseFieldPath(name);
    const [other] = (stages as unknown[]).filter((stage) => !isDoc(stage));
    if (other !== undefined)
      throw refuse(
        40_171,
        `elements of arrays in $facet spec must be non-empty objects, ${name} argument contained an element of type ${typeNameOf(other)}`,
      );
    const all = (stages as unknown[]).filter(isDoc);
    const bad = all
      .map((stage) => Object.keys(stage)[0] ?? '')
      .find((stage) =>
        ['$facet', '$out', '$merge', '$changeStream', '$collStats', '$geoNear', '$indexStats'].includes(stage),
      );
    if (bad !== undefined) throw refuse(40_600, `${bad} is not allowed to be used within a $facet stage`);
    return [name, all];
  });
  return function* (input) {
    const documents = context.spill.spool(input);
    try {
      yield Object.fromEntries(
        facets.map(([name, stages]) => [name, [...context.run(stages, documents.read(), context.variables)]]),
      );
    } finally {
      documents.close();
    }
  };
};

/** `$documents`. */
export const documents: CompileStage = (operand, { variables }) => {
  const evaluate = compile(operand);
  return function* () {
    const list = evaluate(scopeOf({}, variables));
    if (!Array.isArray(list) || !list.every(isDoc))
      throw refuse(5_858_203, 'an array of documents is expected in $documents');
    yield* list;
  };
};
