import { Long } from 'bson';
import { accumulatorOf, type Accumulator } from './expressions/accumulators.ts';
import { compile, isNil, scopeOf, type Evaluate } from './expressions/compile.ts';
import { refuse } from './expressions/refusal.ts';
import { matcherOf } from './matching.ts';
import { isWhole, numberKind, toDouble } from './numbers.ts';
import { projectionOf, setAt, unsetAt } from './projection-stages.ts';
import { ServerError } from './server-error.ts';
import { typeNameOf } from './type-operator.ts';
import { assign, encode, isDoc, type Doc } from './values.ts';
import { encodeKey } from '../storage/key-encoding.ts';
import { sortKeyOf, sortFieldsOf } from '../storage/query.ts';
import { valuesAt } from './paths.ts';

/** What stages may use besides their input. */
export interface StageContext {
  readonly variables: Doc;
  /** The documents of another collection, in working form. */
  readonly collection: (name: string) => Iterable<Doc>;
  /** Runs stages over documents. */
  readonly run: (stages: readonly Doc[], input: Iterable<Doc>, variables: Doc) => Iterable<Doc>;
  /** False where stages may not use more memory than MongoDB allows without the disk. */
  readonly allowDiskUse: boolean;
}

/** A stage: documents in working form in, documents out, as they are taken. */
export type Stage = (input: Iterable<Doc>) => Iterable<Doc>;
type CompileStage = (operand: unknown, context: StageContext) => Stage;

/** What a stage may hold at once without the disk, in bytes: MongoDB's own limit. */
const MEMORY_MAX = 100 * 1024 * 1024;

class Memory {
  readonly #stage: string;
  readonly #isLimited: boolean;
  #bytes = 0;

  constructor(stage: string, isLimited: boolean) {
    this.#stage = stage;
    this.#isLimited = isLimited;
  }

  hold(value: unknown): void {
    if (!this.#isLimited) return;
    this.#bytes += encode({ value }).length;
    if (this.#bytes > MEMORY_MAX)
      throw new ServerError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Exceeded memory limit for ${this.#stage}, but didn't allow external sort. Pass allowDiskUse:true to opt in.`,
      );
  }
}

function* mapped(input: Iterable<Doc>, change: (document: Doc) => Doc): Generator<Doc> {
  for (const document of input) yield change(document);
}

const match: CompileStage = (operand, { variables }) => {
  if (!isDoc(operand)) throw refuse(15_959, 'the match filter must be an expression in an object');
  const matches = matcherOf(operand, variables);
  return function* (input) {
    for (const document of input) if (matches(document)) yield document;
  };
};

const addFields: CompileStage = (operand, { variables }) => {
  if (!isDoc(operand))
    throw refuse(40_272, `$addFields specification stage must be an object, got ${typeNameOf(operand)}`);
  const fields = flattened(operand, '').map(([path, value]): readonly [readonly string[], Evaluate] => [
    path.split('.'),
    compile(value),
  ]);
  if (fields.length === 0)
    throw refuse(40_177, 'Invalid $addFields :: caused by :: specification must have at least one field');
  return (input) =>
    mapped(input, (document) => {
      const scope = scopeOf(document, variables);
      let result = document;
      for (const [path, evaluate] of fields) result = setAt(result, path, evaluate(scope));
      return result;
    });
};

/** Documents of fields in a specification are paths, as far as they hold no operator. */
function flattened(specification: Doc, prefix: string): [string, unknown][] {
  return Object.entries(specification).flatMap(([name, value]): [string, unknown][] => {
    if (name.startsWith('$'))
      throw refuse(
        16_410,
        `Invalid $addFields :: caused by :: FieldPath field names may not start with '$'. Consider using $getField or $setField.`,
      );
    const isPlain = isDoc(value) && Object.keys(value).length > 0 && !(Object.keys(value)[0] ?? '').startsWith('$');
    return isPlain ? flattened(value, `${prefix}${name}.`) : [[prefix + name, value]];
  });
}

const unset: CompileStage = (operand) => {
  const paths: unknown = Array.isArray(operand) ? operand : [operand];
  if (!Array.isArray(paths) || paths.length === 0 || !paths.every((path) => typeof path === 'string' && path !== ''))
    throw refuse(31_002, '$unset specification must be a string or an array');
  const parts = (paths as string[]).map((path) => path.split('.'));
  return (input) => mapped(input, (document) => parts.reduce<Doc>((result, path) => unsetAt(result, path), document));
};

const replaceRoot: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw refuse(40_229, 'expected an object as specification for $replaceRoot stage');
  if (!Object.hasOwn(operand, 'newRoot')) throw refuse(40_231, 'no newRoot specified for the $replaceRoot stage');
  return replaceWith(operand['newRoot'], context);
};

const replaceWith: CompileStage = (operand, { variables }) => {
  const evaluate = compile(operand);
  return (input) =>
    mapped(input, (document) => {
      const root = evaluate(scopeOf(document, variables));
      if (isDoc(root)) return root;
      throw refuse(
        40_228,
        `'newRoot' expression  must evaluate to an object, but resulting value was: ${root === undefined ? 'MISSING' : JSON.stringify(root)}. Type of resulting value: '${typeNameOf(root)}'.`,
      );
    });
};

function countOperand(stage: string, operand: unknown, least: number): number {
  if (numberKind(operand) === null || !isWhole(operand) || toDouble(operand) < least)
    throw new ServerError(
      stage === '$limit' && numberKind(operand) !== null && toDouble(operand) === 0
        ? 'Location15958'
        : 'Location5107201',
      `invalid argument to ${stage} stage: Expected a ${least === 0 ? 'non-negative' : 'positive'} number in: ${stage}: ${String(operand)}`,
    );
  return toDouble(operand);
}

const limit: CompileStage = (operand) => {
  const max = countOperand('$limit', operand, 1);
  return function* (input) {
    let taken = 0;
    for (const document of input) {
      yield document;
      taken += 1;
      if (taken >= max) return;
    }
  };
};

const skip: CompileStage = (operand) => {
  const count = countOperand('$skip', operand, 0);
  return function* (input) {
    let seen = 0;
    for (const document of input) {
      if (seen >= count) yield document;
      seen += 1;
    }
  };
};

const sort: CompileStage = (operand, { allowDiskUse }) => {
  if (!isDoc(operand)) throw refuse(15_973, 'the $sort key specification must be an object');
  if (Object.keys(operand).length === 0) throw refuse(15_976, '$sort stage must have at least one sort key');
  const fields = sortFieldsOf(operand);
  return function* (input) {
    const memory = new Memory('$sort', !allowDiskUse);
    const entries: { readonly key: Buffer; readonly document: Doc }[] = [];
    for (const document of input) {
      memory.hold(document);
      entries.push({ key: sortKeyOf(document, fields), document });
    }
    entries.sort((left, right) => Buffer.compare(left.key, right.key));
    for (const { document } of entries) yield document;
  };
};

const group: CompileStage = (operand, { variables, allowDiskUse }) => {
  if (!isDoc(operand)) throw refuse(15_947, "a group's fields must be specified in an object");
  if (!Object.hasOwn(operand, '_id')) throw refuse(15_955, 'a group specification must include an _id');
  const id = compile(operand['_id']);
  const fields = Object.entries(operand)
    .filter(([name]) => name !== '_id')
    .map(([name, value]) => fieldOf(name, value));
  return function* (input) {
    const memory = new Memory('$group', !allowDiskUse);
    const groups = new Map<string, { readonly id: unknown; readonly accumulators: readonly Accumulator[] }>();
    for (const document of input) {
      const scope = scopeOf(document, variables);
      const key = id(scope) ?? null;
      const text = encodeKey(key).toString('latin1');
      let one = groups.get(text);
      if (one === undefined) {
        memory.hold(key);
        one = { id: key, accumulators: fields.map((field) => field.make()) };
        groups.set(text, one);
      }
      for (const [at, accumulator] of one.accumulators.entries()) {
        accumulator.add(scope);
        if (fields[at]?.isGrowing === true) memory.hold(document);
      }
    }
    for (const { id: key, accumulators } of groups.values()) {
      const result: Doc = { _id: key };
      for (const [at, { name }] of fields.entries()) assign(result, name, accumulators[at]?.value);
      yield result;
    }
  };
};

function fieldOf(
  name: string,
  value: unknown,
): { readonly name: string; readonly make: () => Accumulator; readonly isGrowing: boolean } {
  if (name.includes('.')) throw refuse(40_235, `The field name '${name}' cannot contain '.'`);
  if (name.startsWith('$')) throw refuse(40_236, `The field name '${name}' cannot be an operator name`);
  if (!isDoc(value)) throw refuse(40_234, `The field '${name}' must be an accumulator object`);
  const operators = Object.keys(value);
  const [operator = ''] = operators;
  if (operators.length !== 1) throw refuse(40_238, `The field '${name}' must specify one accumulator`);
  return {
    name,
    make: accumulatorOf(operator, value[operator]),
    isGrowing: ['$push', '$addToSet', '$topN', '$bottomN', '$firstN', '$lastN'].includes(operator),
  };
}

const count: CompileStage = (operand) => {
  if (typeof operand !== 'string' || operand === '') throw refuse(40_156, 'the count field must be a non-empty string');
  if (operand.startsWith('$')) throw refuse(40_158, 'the count field cannot be a $-prefixed path');
  if (operand.includes('.')) throw refuse(40_160, "the count field cannot contain '.'");
  return function* (input) {
    let n = 0;
    for (const _document of input) n += 1;
    if (n > 0) yield { [operand]: n };
  };
};

const sortByCount: CompileStage = (operand, context) => {
  if (typeof operand === 'string' ? !operand.startsWith('$') : !isDoc(operand))
    throw refuse(
      40_148,
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    );
  const [grouped, sorted] = [group({ _id: operand, count: { $sum: 1 } }, context), sort({ count: -1 }, context)];
  return (input) => sorted(grouped(input));
};

const unwind: CompileStage = (operand) => {
  const options: Doc = isDoc(operand) ? operand : { path: operand };
  const unknown = Object.keys(options).find(
    (name) => !['path', 'includeArrayIndex', 'preserveNullAndEmptyArrays'].includes(name),
  );
  if (unknown !== undefined) throw refuse(28_811, `unrecognized option to $unwind stage: ${unknown}`);
  const { path, includeArrayIndex: indexField, preserveNullAndEmptyArrays: isKept } = options;
  if (typeof path !== 'string')
    throw refuse(
      path === undefined ? 28_812 : 28_808,
      `expected a string as the path for $unwind stage, got ${typeNameOf(path)}`,
    );
  if (!path.startsWith('$'))
    throw refuse(28_818, `path option to $unwind stage should be prefixed with a '$': ${path}`);
  if (indexField !== undefined && (typeof indexField !== 'string' || indexField === ''))
    throw refuse(28_810, 'expected a non-empty string for the includeArrayIndex option to $unwind stage');
  const parts = path.slice(1).split('.');
  const withIndex = (document: Doc, index: unknown): Doc =>
    typeof indexField === 'string' ? setAt(document, indexField.split('.'), index) : document;
  return function* (input) {
    for (const document of input) {
      const value = valueAt(document, parts);
      if (!Array.isArray(value)) {
        if (!isNil(value) || isKept === true) yield withIndex(document, null);
        continue;
      }
      if (value.length === 0 && isKept === true) yield withIndex(unsetAt(document, parts), null);
      for (const [index, element] of (value as unknown[]).entries())
        yield withIndex(setAt(document, parts, element), longOf(index));
    }
  };
};

function longOf(index: number): unknown {
  return Long.fromNumber(index);
}

/** Through documents only: a list on the way is no way. */
function valueAt(document: Doc, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const name of path) value = isDoc(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

const lookup: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw new ServerError('FailedToParse', 'the $lookup stage specification must be an object');
  const { from, localField, foreignField, as, let: given, pipeline } = operand;
  if (typeof as !== 'string') throw new ServerError('FailedToParse', "must specify 'as' field for a $lookup");
  if (typeof from !== 'string' && pipeline === undefined)
    throw new ServerError('FailedToParse', "must specify 'pipeline' when 'from' is empty");
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
  const stages = Array.isArray(pipeline) ? (pipeline as unknown[]).filter(isDoc) : [];
  const variables = Object.entries(isDoc(given) ? given : {}).map(([name, value]): readonly [string, Evaluate] => [
    name,
    compile(value),
  ]);
  const path = as.split('.');
  return function* (input) {
    const foreign = typeof from === 'string' ? [...context.collection(from)] : null;
    const index = foreign === null || typeof foreignField !== 'string' ? null : indexBy(foreign, foreignField);
    for (const document of input) {
      const scope = scopeOf(document, context.variables);
      const values = Object.fromEntries(variables.map(([name, evaluate]) => [name, evaluate(scope)]));
      const joined = index === null || typeof localField !== 'string' ? (foreign ?? []) : index(document, localField);
      const found =
        stages.length === 0 ? joined : [...context.run(stages, joined, { ...context.variables, ...values })];
      yield setAt(document, path, found);
    }
  };
};

/** Finds documents by what their field has in common with a field of another document: elements of lists count, and null finds what is missing. */
function indexBy(documents: readonly Doc[], field: string): (document: Doc, local: string) => readonly Doc[] {
  const byKey = new Map<string, number[]>();
  for (const [at, document] of documents.entries())
    for (const key of keysOf(document, field)) byKey.set(key, [...(byKey.get(key) ?? []), at]);
  return (document, local) => {
    const found = new Set(keysOf(document, local).flatMap((key) => byKey.get(key) ?? []));
    return [...found]
      .sort((left, right) => left - right)
      .map((at) => documents[at])
      .filter(isDoc);
  };
}

function keysOf(document: Doc, field: string): string[] {
  const whole = valueAt(document, field.split('.'));
  const values = valuesAt(document, field).values.filter((value) => typeof value !== 'symbol');
  const keys = (Array.isArray(whole) ? [...values, whole] : values).map((value) =>
    encodeKey(value ?? null).toString('latin1'),
  );
  return [...new Set(keys)];
}

const unionWith: CompileStage = (operand, context) => {
  const options: Doc = isDoc(operand) ? operand : { coll: operand };
  const { coll, pipeline } = options;
  const stages = Array.isArray(pipeline) ? (pipeline as unknown[]).filter(isDoc) : [];
  if (typeof coll !== 'string' && stages.length === 0)
    throw new ServerError('FailedToParse', '$unionWith needs a coll or a pipeline');
  return function* (input) {
    yield* input;
    yield* context.run(stages, typeof coll === 'string' ? context.collection(coll) : [], context.variables);
  };
};

const facet: CompileStage = (operand, context) => {
  if (!isDoc(operand) || Object.keys(operand).length === 0)
    throw refuse(40_169, 'the $facet specification must be a non-empty object');
  const facets = Object.entries(operand).map(([name, stages]): readonly [string, readonly Doc[]] => {
    if (!Array.isArray(stages))
      throw refuse(40_170, `arguments to $facet must be arrays, ${name} is type ${typeNameOf(stages)}`);
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
    const documents = [...input];
    yield Object.fromEntries(
      facets.map(([name, stages]) => [name, [...context.run(stages, documents, context.variables)]]),
    );
  };
};

const bucket: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw refuse(40_201, 'Argument to $bucket stage must be an object');
  const { groupBy, boundaries, default: otherwise, output } = operand;
  if (!Array.isArray(boundaries) || boundaries.length < 2)
    throw refuse(40_192, "The $bucket 'boundaries' field must have at least 2 values");
  const limits = boundaries as unknown[];
  const branches = limits.slice(0, -1).map((from, at) => ({
    case: { $and: [{ $gte: [groupBy, { $literal: from }] }, { $lt: [groupBy, { $literal: limits[at + 1] }] }] },
    then: { $literal: from },
  }));
  const id = {
    $switch: { branches, ...(Object.hasOwn(operand, 'default') ? { default: { $literal: otherwise } } : {}) },
  };
  const [grouped, sorted] = [
    group({ _id: id, ...(isDoc(output) ? output : { count: { $sum: 1 } }) }, context),
    sort({ _id: 1 }, context),
  ];
  return (input) => sorted(grouped(input));
};

const sample: CompileStage = (operand) => {
  const size = isDoc(operand) ? operand['size'] : undefined;
  if (numberKind(size) === null || toDouble(size) <= 0)
    throw refuse(28_747, 'size argument to $sample must be a positive integer');
  return function* (input) {
    const all = [...input];
    for (let left = Math.min(toDouble(size), all.length); left > 0; left -= 1) {
      const [one] = all.splice(Math.floor(Math.random() * all.length), 1);
      if (one !== undefined) yield one;
    }
  };
};

const documents: CompileStage = (operand, { variables }) => {
  const evaluate = compile(operand);
  return function* () {
    const list = evaluate(scopeOf({}, variables));
    if (!Array.isArray(list) || !list.every(isDoc))
      throw refuse(5_858_203, 'an array of documents is expected in $documents');
    yield* list;
  };
};

const project: CompileStage = (operand, { variables }) => {
  const change = projectionOf(operand, variables);
  return (input) => mapped(input, change);
};

/** The stages that are our own. */
export const STAGES: Readonly<Record<string, CompileStage>> = {
  $match: match,
  $addFields: addFields,
  $set: addFields,
  $unset: unset,
  $project: project,
  $replaceRoot: replaceRoot,
  $replaceWith: replaceWith,
  $limit: limit,
  $skip: skip,
  $sort: sort,
  $group: group,
  $count: count,
  $sortByCount: sortByCount,
  $unwind: unwind,
  $lookup: lookup,
  $unionWith: unionWith,
  $facet: facet,
  $bucket: bucket,
  $sample: sample,
  $documents: documents,
};
