import { sortFieldsOf, sortKeyOf } from '../../storage/query.ts';
import { encodeKey } from '../../storage/key-encoding.ts';
import { accumulatorOf, type Accumulator } from '../expressions/accumulators.ts';
import { compile, scopeOf } from '../expressions/compile.ts';
import { refuse } from '../expressions/refusal.ts';
import { isWhole, numberKind, toDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import { Memory } from './memory.ts';
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

/** `$sort`. */
export const sort: CompileStage = (operand, { allowDiskUse }) => {
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

/** `$group`. */
export const group: CompileStage = (operand, { variables, allowDiskUse }) => {
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

/** `$count`. */
export const count: CompileStage = (operand) => {
  if (typeof operand !== 'string' || operand === '') throw refuse(40_156, 'the count field must be a non-empty string');
  if (operand.startsWith('$')) throw refuse(40_158, 'the count field cannot be a $-prefixed path');
  if (operand.includes('.')) throw refuse(40_160, "the count field cannot contain '.'");
  return function* (input) {
    let n = 0;
    for (const _document of input) n += 1;
    if (n > 0) yield { [operand]: n };
  };
};

/** `$sortByCount`. */
export const sortByCount: CompileStage = (operand, context) => {
  if (typeof operand === 'string' ? !operand.startsWith('$') : !isDoc(operand))
    throw refuse(
      40_148,
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    );
  const [grouped, sorted] = [group({ _id: operand, count: { $sum: 1 } }, context), sort({ count: -1 }, context)];
  return (input) => sorted(grouped(input));
};

/** `$bucket`. */
export const bucket: CompileStage = (operand, context) => {
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
