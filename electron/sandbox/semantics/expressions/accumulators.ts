import { compareValues, isEqual } from '../compare.ts';
import { documentOrderOf } from '../element-order.ts';
import { exponentOf, fromWide, isWhole, numberKind, toDouble, toWide, workingDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import { Sum } from './arithmetic.ts';
import { compile, constantOf, isNil, type Evaluate, type Operator, type Scope } from './compile.ts';
import { operandsOf, required } from './operands.ts';
import { refuse } from './refusal.ts';
import { wrongType } from '../wrong-type.ts';

/** Gathers the values of a group. */
export interface Accumulator {
  add(scope: Scope): void;
  readonly value: unknown;
}

interface Reducer {
  add(value: unknown): void;
  readonly value: unknown;
}

type Reduce = () => Reducer;

function sum(): Reducer {
  const total = new Sum();
  return {
    add: (value) => {
      if (numberKind(value) !== null) total.add(value);
    },
    get value() {
      return total.value;
    },
  };
}

function average(): Reducer {
  const total = new Sum();
  let count = 0;
  return {
    add: (value) => {
      if (numberKind(value) === null) return;
      total.add(value);
      count += 1;
    },
    get value() {
      if (count === 0) return null;
      if (total.isWide) return fromWide(toWide(total.value).dividedBy(count), exponentOf(total.value));
      return workingDouble(total.asDouble / count);
    },
  };
}

function extreme(sign: 1 | -1): Reduce {
  return () => {
    let best: unknown;
    return {
      add: (value) => {
        if (!isNil(value) && (best === undefined || sign * compareValues(value, best) < 0)) best = value;
      },
      get value() {
        return best ?? null;
      },
    };
  };
}

function first(): Reducer {
  let isSet = false;
  let kept: unknown;
  return {
    add: (value) => {
      if (!isSet) kept = value;
      isSet = true;
    },
    get value() {
      return kept ?? null;
    },
  };
}

function last(): Reducer {
  let kept: unknown;
  return {
    add: (value) => {
      kept = value;
    },
    get value() {
      return kept ?? null;
    },
  };
}

function push(): Reducer {
  const values: unknown[] = [];
  return {
    add: (value) => {
      if (value !== undefined) values.push(value);
    },
    value: values,
  };
}

function addToSet(): Reducer {
  const values: unknown[] = [];
  return {
    add: (value) => {
      if (value !== undefined && !values.some((one) => isEqual(one, value))) values.push(value);
    },
    value: values,
  };
}

function merge(): Reducer {
  const result: Doc = {};
  return {
    add: (value) => {
      if (isNil(value)) return;
      if (!isDoc(value))
        throw refuse(40_400, `$mergeObjects requires object inputs, but input is of type ${typeNameOf(value)}`);
      for (const [key, one] of Object.entries(value)) assign(result, key, one);
    },
    value: result,
  };
}

function deviation(isSample: boolean): Reduce {
  return () => {
    let [count, mean, squares] = [0, 0, 0];
    return {
      add: (value) => {
        if (numberKind(value) === null) return;
        count += 1;
        const delta = toDouble(value) - mean;
        mean += delta / count;
        squares += delta * (toDouble(value) - mean);
      },
      get value() {
        const divisor = isSample ? count - 1 : count;
        return divisor <= 0 ? null : workingDouble(Math.sqrt(squares / divisor));
      },
    };
  };
}

const REDUCERS: Readonly<Record<string, Reduce>> = {
  $sum: sum,
  $avg: average,
  $min: extreme(1),
  $max: extreme(-1),
  $first: first,
  $last: last,
  $push: push,
  $addToSet: addToSet,
  $mergeObjects: merge,
  $stdDevPop: deviation(false),
  $stdDevSamp: deviation(true),
};

/** Operators that reduce a list also outside of groups: of one operand that is a list its elements, else all operands. */
const IN_EXPRESSIONS: ReadonlySet<string> = new Set(['$sum', '$avg', '$min', '$max', '$stdDevPop', '$stdDevSamp']);

/** The expression of the name of an accumulator; null where there is none. */
export function reducingOperator(name: string): Operator | null {
  if (Object.hasOwn(COUNTED, name)) return (operand) => countedExpression(name, operand);
  if (name === '$median' || name === '$percentile') return (operand) => percentileExpression(name, operand);
  const reduce = IN_EXPRESSIONS.has(name) ? REDUCERS[name] : undefined;
  if (reduce === undefined) return null;
  return (operand) => {
    const operands = (Array.isArray(operand) ? (operand as unknown[]) : [operand]).map(compile);
    return (scope) => {
      const values = operands.map((evaluate) => evaluate(scope));
      const [only] = values;
      const reducer = reduce();
      for (const value of values.length === 1 && Array.isArray(only) ? (only as unknown[]) : values) reducer.add(value);
      return reducer.value;
    };
  };
}

/** Makes a new accumulator for a group. @param key of the group; nothing where there is none, as in a window */
export type MakeAccumulator = (key?: unknown) => Accumulator;

/** What makes a new accumulator for each group. Error: MongoDB's for one that it does not have. */
export function accumulatorOf(name: string, operand: unknown): MakeAccumulator {
  if (name === '$count') {
    if (!isDoc(operand) || Object.keys(operand).length > 0)
      throw new ServerError('TypeMismatch', '$count takes no arguments, i.e. $count:{}');
    return accumulator(sum, () => 1);
  }
  if (Object.hasOwn(COUNTED, name)) return counted(name, operand);
  if (Object.hasOwn(RANKED, name)) return ranked(name, operand);
  if (name === '$median' || name === '$percentile') return percentile(name, operand);
  const reduce = Object.hasOwn(REDUCERS, name) ? REDUCERS[name] : undefined;
  if (name === '$accumulator')
    throw new ServerError('NotImplemented', 'The sandbox server has no accumulator $accumulator');
  if (reduce === undefined) throw refuse(15_952, `unknown group operator '${name}'`);
  if (Array.isArray(operand) && operand.length !== 1)
    throw refuse(40_237, `The ${name} accumulator is a unary operator`);
  return accumulator(reduce, compile(Array.isArray(operand) ? operand[0] : operand));
}

function accumulator(reduce: Reduce, evaluate: Evaluate): () => Accumulator {
  return () => {
    const reducer = reduce();
    return {
      add: (scope) => reducer.add(evaluate(scope)),
      get value() {
        return reducer.value;
      },
    };
  };
}

function countOf(name: string, n: unknown): number {
  if (numberKind(n) === null || !isWhole(n))
    throw refuse(5_787_902, `Value for 'n' must be of integral type, but found ${typeNameOf(n)}`);
  if (toDouble(n) <= 0) throw refuse(5_787_908, `'n' must be greater than 0, found ${toDouble(n)} for ${name}`);
  return toDouble(n);
}

/** A number of values is reckoned once for a group, of the fields of its key and never of those of its documents. */
function countOfGroup(name: string, count: Evaluate, key: unknown): (scope: Scope) => number {
  let known: number | null = null;
  const document = isDoc(key) ? key : {};
  return ({ variables }) => (known ??= countOf(name, count({ root: document, current: document, variables })));
}

type Choose = (values: readonly unknown[], n: number) => readonly unknown[];

const present = (values: readonly unknown[]): unknown[] => values.filter((value) => !isNil(value));
const COUNTED: Readonly<Record<string, Choose>> = {
  $firstN: (values, n) => values.slice(0, n),
  $lastN: (values, n) => values.slice(-n),
  $minN: (values, n) =>
    present(values)
      .sort((left, right) => compareValues(left, right))
      .slice(0, n),
  $maxN: (values, n) =>
    present(values)
      .sort((left, right) => compareValues(right, left))
      .slice(0, n),
};

const COUNTED_CODES = { noDocument: 5_787_900, unknown: 5_787_901, missing: { n: 5_787_906, input: 5_787_907 } };

function counted(name: string, operand: unknown): MakeAccumulator {
  const { n: count, input: value } = required(operandsOf(operand, name, ['n', 'input'], COUNTED_CODES));
  return (key) => {
    const values: unknown[] = [];
    const maxIn = countOfGroup(name, count, key);
    let max = 1;
    return {
      add: (scope) => {
        max = maxIn(scope);
        values.push(value(scope) ?? null);
      },
      get value() {
        return COUNTED[name]?.(values, max);
      },
    };
  };
}

function countedExpression(name: string, operand: unknown): Evaluate {
  const { n: count, input: value } = required(operandsOf(operand, name, ['n', 'input'], COUNTED_CODES));
  return (scope) => {
    const list = value(scope);
    if (isNil(list)) return null;
    if (!Array.isArray(list)) throw refuse(5_788_200, `Input must be an array, but found ${typeNameOf(list)}`);
    return COUNTED[name]?.(list, countOf(name, count(scope)));
  };
}

const RANKED: Readonly<Record<string, { readonly isBottom: boolean; readonly isOne: boolean }>> = {
  $top: { isBottom: false, isOne: true },
  $topN: { isBottom: false, isOne: false },
  $bottom: { isBottom: true, isOne: true },
  $bottomN: { isBottom: true, isOne: false },
};

const RANKED_CODES = { n: 5_788_003, output: 5_788_004, sortBy: 5_788_005 } as const;

interface Ranked {
  readonly order: (left: unknown, right: unknown) => number;
  readonly count: Evaluate;
  readonly value: Evaluate;
}

/** Whoever asks for one of them names no number. Errors: 5788001 to 5788005, 5788604. */
function rankedParts(name: string, operand: unknown, isOne: boolean): Ranked {
  if (!isDoc(operand)) throw refuse(5_788_001, `specification must be an object; found ${name}: ${String(operand)}`);
  const names = isOne ? (['output', 'sortBy'] as const) : (['n', 'output', 'sortBy'] as const);
  const unknown = Object.keys(operand).find((key) => !names.some((one) => one === key));
  if (unknown !== undefined) throw refuse(5_788_002, `Unknown argument to ${name} '${unknown}'`);
  const missing = names.find((one) => !Object.hasOwn(operand, one));
  if (missing !== undefined) throw refuse(RANKED_CODES[missing], `Missing value for '${missing}'`);
  const { n, output, sortBy } = operand;
  if (!isDoc(sortBy)) throw refuse(5_788_604, `expected 'sortBy' to already be an object in the arguments to ${name}`);
  return { order: documentOrderOf(sortBy), count: compile(isOne ? 1 : n), value: compile(output) };
}

function ranked(name: string, operand: unknown): MakeAccumulator {
  const { isBottom = false, isOne = true } = RANKED[name] ?? {};
  const { order, count, value } = rankedParts(name, operand, isOne);
  return (key) => {
    const entries: { readonly document: unknown; readonly value: unknown }[] = [];
    const maxIn = countOfGroup(name, count, key);
    let max = 1;
    return {
      add: (scope) => {
        max = maxIn(scope);
        entries.push({ document: scope.current, value: value(scope) ?? null });
      },
      get value() {
        const sorted = [...entries]
          .sort((left, right) => order(left.document, right.document))
          .map((entry) => entry.value);
        const chosen = isBottom ? sorted.slice(-max) : sorted.slice(0, max);
        return isOne ? (chosen[0] ?? null) : chosen;
      },
    };
  };
}

interface Percentiles {
  readonly input: Evaluate;
  readonly shares: readonly number[];
}

/** Errors: `noDocument`, 40415, 40414, `TypeMismatch`, `BadValue` for a method that is none, 7750301 to 7750303 for shares that are none. */
function percentilesOf(name: string, operand: unknown, noDocument: number): Percentiles {
  const names = name === '$median' ? ['input', 'method'] : ['input', 'p', 'method'];
  if (!isDoc(operand)) throw refuse(noDocument, `specification must be an object; found ${name}: ${String(operand)}`);
  const unknown = Object.keys(operand).find((key) => !names.includes(key));
  if (unknown !== undefined) throw refuse(40_415, `BSON field '${name}.${unknown}' is an unknown field.`);
  const missing = names.find((key) => !Object.hasOwn(operand, key));
  if (missing !== undefined) throw refuse(40_414, `BSON field '${name}.${missing}' is missing but a required field`);
  const { input, p, method } = operand;
  if (typeof method !== 'string') throw wrongType(`${name}.method`, method, 'string');
  if (method !== 'approximate')
    throw new ServerError('BadValue', "Currently only 'approximate' can be used as percentile 'method'.");
  return { input: compile(input), shares: name === '$median' ? [0.5] : sharesOf(p) };
}

function sharesOf(p: unknown): readonly number[] {
  const shares = constantOf(compile(p));
  if (shares === undefined)
    throw new ServerError('NotImplemented', "The sandbox server has no 'p' of $percentile that is no constant");
  const refusal = "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]";
  if (!Array.isArray(shares) || shares.length === 0) throw refuse(7_750_301, refusal);
  return (shares as unknown[]).map((share) => {
    if (numberKind(share) === null) throw refuse(7_750_302, refusal);
    if (!(toDouble(share) >= 0 && toDouble(share) <= 1)) throw refuse(7_750_303, refusal);
    return toDouble(share);
  });
}

/** The numbers below which the shares lie; of no numbers nothing. What is no number does not count. */
function ranksOf(name: string, numbers: number[], shares: readonly number[]): unknown {
  numbers.sort((left, right) => left - right);
  const ranks = shares.map((share) =>
    numbers.length === 0 ? null : workingDouble(numbers[Math.max(0, Math.ceil(share * numbers.length) - 1)] ?? 0),
  );
  return name === '$median' ? ranks[0] : ranks;
}

function isCounted(value: unknown): boolean {
  return numberKind(value) !== null && !Number.isNaN(toDouble(value));
}

function percentile(name: string, operand: unknown): () => Accumulator {
  const { input, shares } = percentilesOf(name, operand, name === '$median' ? 7_436_100 : 7_429_703);
  return () => {
    const numbers: number[] = [];
    return {
      add: (scope) => {
        const one = input(scope);
        if (isCounted(one)) numbers.push(toDouble(one));
      },
      get value() {
        return ranksOf(name, numbers, shares);
      },
    };
  };
}

/** Of a list its numbers, of a number that one alone. */
function percentileExpression(name: string, operand: unknown): Evaluate {
  const { input, shares } = percentilesOf(name, operand, 7_436_200);
  return (scope) => {
    const given = input(scope);
    const values: readonly unknown[] = Array.isArray(given) ? (given as unknown[]) : [given];
    return ranksOf(name, values.filter(isCounted).map(toDouble), shares);
  };
}

const GROWING: ReadonlySet<string> = new Set([
  '$push',
  '$addToSet',
  '$median',
  '$percentile',
  ...Object.keys(COUNTED),
  ...Object.keys(RANKED),
]);

/** Whether what an accumulator holds grows with each value. */
export function isGrowing(name: string): boolean {
  return GROWING.has(name);
}
