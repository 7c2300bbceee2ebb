import { sampleOf } from '../../storage/sample.ts';
import { sortPatternOf, sortKeyOf } from '../../storage/query.ts';
import { encodeKey } from '../../storage/key-encoding.ts';
import { accumulatorOf, isGrowing, type Accumulator, type MakeAccumulator } from '../expressions/accumulators.ts';
import { compareValues } from '../compare.ts';
import { compile, constantOf, scopeOf, type Scope } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { keyOf } from '../field-names.ts';
import { isWhole, numberKind, toDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { assign, isDoc, typeRank, type Doc } from '../values.ts';
import { Memory, type KeyedDoc } from './memory.ts';
import { withinLimit } from './partitions.ts';
import type { CompileStage } from './stage.ts';

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

/** `$limit`. */
export const limit: CompileStage = (operand) => {
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

/** `$skip`. */
export const skip: CompileStage = (operand) => {
  const count = countOperand('$skip', operand, 0);
  return function* (input) {
    let seen = 0;
    for (const document of input) {
      if (seen >= count) yield document;
      seen += 1;
    }
  };
};

/** `$sample`. */
export const sample: CompileStage = (operand) => {
  if (!isDoc(operand)) throw refuse(28_745, 'the $sample stage specification must be an object');
  const { size, ...others } = operand;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(28_748, `unrecognized option to $sample: ${unknown}`);
  if (size === undefined) throw refuse(28_749, '$sample stage must specify a size');
  if (numberKind(size) === null) throw refuse(28_746, 'size argument to $sample must be a number');
  if (toDouble(size) <= 0) throw refuse(28_747, 'size argument to $sample must be a positive integer');
  return (input) => sampleOf(input, toDouble(size));
};

/** `$sort`. */
export const sort: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw refuse(15_973, 'the $sort key specification must be an object');
  if (Object.keys(operand).length === 0) throw refuse(15_976, '$sort stage must have at least one sort key');
  const fields = sortPatternOf(operand);
  const keyed = function* (input: Iterable<Doc>): Generator<KeyedDoc> {
    for (const document of withinLimit('$sort', input, context)) yield { key: sortKeyOf(document, fields), document };
  };
  return function* (input) {
    for (const { document } of context.spill.sorted(keyed(input))) yield document;
  };
};

/** The group whose documents are coming. */
interface Unfinished {
  readonly text: string;
  readonly group: Group;
  readonly memory: Memory;
}

interface Group {
  readonly id: unknown;
  readonly accumulators: readonly Accumulator[];
}

/** `$group`. */
export const group: CompileStage = (operand, { variables, allowDiskUse, spill }) => {
  if (!isDoc(operand)) throw refuse(15_947, "a group's fields must be specified in an object");
  if (!Object.hasOwn(operand, '_id')) throw refuse(15_955, 'a group specification must include an _id');
  const id = compile(operand['_id']);
  const fields = Object.entries(operand)
    .filter(([name]) => name !== '_id')
    .map(([name, value]) => fieldOf(name, value));
  const grows = fields.some((field) => field.isGrowing);
  const make = (key: unknown): Group => ({ id: key, accumulators: fields.map((field) => field.make(key)) });
  const add = ({ accumulators }: Group, scope: Scope): void => {
    for (const accumulator of accumulators) accumulator.add(scope);
  };
  const result = ({ id: key, accumulators }: Group): Doc => {
    const document: Doc = { _id: key };
    for (const [at, { name }] of fields.entries()) assign(document, name, accumulators[at]?.value);
    return document;
  };
  return function* (input) {
    const memory = new Memory('$group', spill.bytesMax);
    const groups = new Map<string, Group>();
    const documents = input[Symbol.iterator]();
    let isFull = false;
    for (let next = documents.next(); next.done !== true; next = documents.next()) {
      const scope = scopeOf(next.value, variables);
      const key = id(scope) ?? null;
      const text = encodeKey(key).toString('latin1');
      let one = groups.get(text);
      if (one === undefined) {
        isFull = !memory.hold(key) || !memory.hold(operand);
        one = make(key);
        groups.set(text, one);
      }
      add(one, scope);
      if (grows && !memory.hold(next.value)) isFull = true;
      if (isFull) break;
    }
    if (isFull && !allowDiskUse) memory.refuse();
    // What comes now is put in the order of its groups first, so that each is finished before the next one begins.
    const rest = function* (): Generator<KeyedDoc> {
      for (let next = documents.next(); next.done !== true; next = documents.next())
        yield { key: encodeKey(id(scopeOf(next.value, variables)) ?? null), document: next.value };
    };
    let current: Unfinished | null = null as Unfinished | null;
    for (const { key, document } of isFull ? spill.sorted(rest()) : []) {
      const text = key.toString('latin1');
      if (current?.text !== text) {
        if (current !== null) yield result(current.group);
        const known = groups.get(text);
        groups.delete(text);
        const group = known ?? make(id(scopeOf(document, variables)) ?? null);
        current = { text, group, memory: new Memory('$group', spill.bytesMax) };
      }
      add(current.group, scopeOf(document, variables));
      if (grows && !current.memory.hold(document)) throw accumulatorTooLarge();
    }
    if (current !== null) yield result(current.group);
    for (const one of groups.values()) yield result(one);
  };
};

/** MongoDB's refusal of one group whose values fit no memory. */
export function accumulatorTooLarge(): ServerError {
  return new ServerError('ExceededMemoryLimit', 'An accumulator used too much memory and cannot spill to disk.');
}

/** A field of a group. */
export interface GroupField {
  readonly name: string;
  readonly make: MakeAccumulator;
  /** True where what it holds grows with each document. */
  readonly isGrowing: boolean;
}

/** Compiles a field of a group. Errors: MongoDB's for what is no accumulator. */
export function fieldOf(name: string, value: unknown): GroupField {
  if (name.includes('.')) throw refuse(40_235, `The field name '${name}' cannot contain '.'`);
  if (name.startsWith('$')) throw refuse(40_236, `The field name '${name}' cannot be an operator name`);
  if (!isDoc(value)) throw refuse(40_234, `The field '${name}' must be an accumulator object`);
  const operators = Object.keys(value);
  const [operator = ''] = operators;
  if (operators.length !== 1) throw refuse(40_238, `The field '${name}' must specify one accumulator`);
  return {
    name,
    make: accumulatorOf(operator, value[operator]),
    isGrowing: isGrowing(operator),
  };
}

/** `$count`. */
export const count: CompileStage = (operand) => {
  if (typeof operand !== 'string' || operand === '')
    throw refuse(operand === '' ? 40_157 : 40_156, 'the count field must be a non-empty string');
  if (operand.startsWith('$')) throw refuse(40_158, 'the count field cannot be a $-prefixed path');
  if (operand.includes('.')) throw refuse(40_160, "the count field cannot contain '.'");
  return function* (input) {
    let n = 0;
    for (const _document of input) n += 1;
    if (n > 0) yield { [keyOf(operand)]: n };
  };
};

/** `$sortByCount`. */
export const sortByCount: CompileStage = (operand, context) => {
  if (typeof operand !== 'string' && !isDoc(operand))
    throw refuse(40_149, 'the sortByCount field must be specified as a string or as an object');
  const isText = typeof operand === 'string';
  const start = isText ? operand : (Object.keys(operand)[0] ?? '');
  if (!start.startsWith('$') || operand === '$')
    throw refuse(
      isText ? 40_148 : 40_147,
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    );
  const [grouped, sorted] = [group({ _id: operand, count: { $sum: 1 } }, context), sort({ count: -1 }, context)];
  return (input) => sorted(grouped(input));
};

/** The boundaries of buckets. Errors: 40191 to 40194, 40200. */
function limitsOf(boundaries: unknown): readonly unknown[] {
  if (!Array.isArray(boundaries)) throw refuse(40_200, "The $bucket 'boundaries' field must be an array");
  const limits = (boundaries as unknown[]).map((limit) => {
    const value = constantOf(compile(limit));
    if (value === undefined) throw refuse(40_191, "The $bucket 'boundaries' field must be an array of constant values");
    return value;
  });
  if (limits.length < 2) throw refuse(40_192, "The $bucket 'boundaries' field must have at least 2 values");
  for (const [at, limit] of limits.slice(1).entries()) {
    if (typeRank(limit) !== typeRank(limits[at]))
      throw refuse(40_193, "All values in the the 'boundaries' option to $bucket must have the same type");
    if (compareValues(limits[at], limit) >= 0)
      throw refuse(40_194, "The 'boundaries' option to $bucket must be sorted in ascending order");
  }
  return limits;
}

/** The bucket of what lies outside of all others. Errors: 40195, 40199. */
function restOf(otherwise: unknown, limits: readonly unknown[]): unknown {
  const value = constantOf(compile(otherwise));
  if (value === undefined) throw refuse(40_195, "The $bucket 'default' field must be a constant expression");
  const isWithin = compareValues(value, limits[0]) >= 0 && compareValues(value, limits.at(-1)) < 0;
  if (isWithin)
    throw refuse(
      40_199,
      "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.",
    );
  return value;
}

/** `$bucket`. */
export const bucket: CompileStage = (operand, context) => {
  if (!isDoc(operand)) throw refuse(40_201, 'Argument to $bucket stage must be an object');
  const { groupBy, boundaries, default: otherwise, output, ...others } = operand;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(40_197, `Unrecognized option to $bucket: ${unknown}.`);
  if (groupBy === undefined || boundaries === undefined)
    throw refuse(40_198, "$bucket requires 'groupBy' and 'boundaries' to be specified.");
  if (typeof groupBy === 'string' ? !groupBy.startsWith('$') : !isDoc(groupBy))
    throw refuse(40_202, "The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression");
  if (output !== undefined && !isDoc(output)) throw refuse(40_196, "The $bucket 'output' field must be an object");
  const limits = limitsOf(boundaries);
  const rest = Object.hasOwn(operand, 'default') ? { default: { $literal: restOf(otherwise, limits) } } : {};
  const branches = limits.slice(0, -1).map((from, at) => ({
    case: { $and: [{ $gte: [groupBy, { $literal: from }] }, { $lt: [groupBy, { $literal: limits[at + 1] }] }] },
    then: { $literal: from },
  }));
  const id = {
    $switch: { branches, ...rest },
  };
  const [grouped, sorted] = [
    group({ _id: id, ...(isDoc(output) ? output : { count: { $sum: 1 } }) }, context),
    sort({ _id: 1 }, context),
  ];
  return (input) => sorted(grouped(input));
};
