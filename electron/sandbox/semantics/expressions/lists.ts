import { compareValues, isEqual } from '../compare.ts';
import { keyOf, nameOf } from '../field-names.ts';
import { isTrue } from '../field-conditions.ts';
import { sortOf } from '../element-order.ts';
import { isWholeInt, numberKind, toDouble } from '../numbers.ts';
import { ServerError } from '../server-error.ts';
import { typeNameOf } from '../type-operator.ts';
import { assign, isDoc, type Doc } from '../values.ts';
import {
  compile,
  constantOf,
  declaring,
  fixed,
  isKnown,
  isNil,
  ranged,
  variadic,
  type Evaluate,
  type Operator,
  type Scope,
} from './compile.ts';
import { refuseVariableName } from './names.ts';
import { operandsOf, required } from './operands.ts';
import { refuse } from './refusal.ts';

function indexed(value: unknown, index: unknown, name: string): unknown {
  if (isNil(value) || isNil(index)) return null;
  if (!Array.isArray(value))
    throw refuse(28_689, `${name}'s first argument must be an array, but is ${typeNameOf(value)}`);
  if (numberKind(index) === null)
    throw refuse(28_690, `${name}'s second argument must be a numeric value, but is ${typeNameOf(index)}`);
  if (!isWholeInt(index))
    throw refuse(28_691, `${name}'s second argument must be representable as a 32-bit integer: ${toDouble(index)}`);
  return (value as unknown[]).at(toDouble(index));
}

function listOperand(value: unknown, code: number, message: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refuse(code, `${message}, but is ${typeNameOf(value)}`);
  return value as unknown[];
}

/** A whole number of 32 bits. @param code of the refusal of another number @param noNumber of anything else, where that has its own */
function wholeOperand(value: unknown, code: number, message: string, noNumber = code): number {
  if (numberKind(value) === null) throw refuse(noNumber, message);
  if (!isWholeInt(value)) throw refuse(code, message);
  return toDouble(value);
}

const slice = ranged(2, 3, (list, first, ...counts) => {
  const [count] = counts;
  if (isNil(list) || isNil(first) || (counts.length > 0 && isNil(count))) return null;
  const values = listOperand(list, 28_724, 'First argument to $slice must be an array');
  const at = wholeOperand(
    first,
    28_726,
    `Second argument to $slice must be a whole number of 32 bits, but is of type: ${typeNameOf(first)}`,
    28_725,
  );
  if (counts.length === 0) return at >= 0 ? values.slice(0, at) : values.slice(at);
  const size = wholeOperand(
    count,
    28_728,
    `Third argument to $slice must be a whole number of 32 bits, but is of type: ${typeNameOf(count)}`,
    28_727,
  );
  if (size <= 0) throw refuse(28_729, `Third argument to $slice must be positive: ${size}`);
  const from = at >= 0 ? at : Math.max(0, values.length + at);
  return values.slice(from, from + size);
});

const concatLists = variadic((values) => {
  const result: unknown[] = [];
  for (const value of values) {
    if (isNil(value)) return null;
    result.push(...listOperand(value, 28_664, '$concatArrays only supports arrays'));
  }
  return result;
});

const isIn = fixed(2, (value, list) => {
  if (!Array.isArray(list))
    throw refuse(40_081, `$in requires an array as a second argument, found: ${typeNameOf(list)}`);
  return (list as unknown[]).some((one) => isEqual(one, value));
});

const indexOf = ranged(2, 4, (list, wanted, ...bounds) => {
  const [start, end] = bounds;
  if (isNil(list)) return null;
  const values = listOperand(list, 40_090, '$indexOfArray requires an array as a first argument');
  const from =
    bounds.length === 0 ? 0 : wholeOperand(start, 40_096, '$indexOfArray requires an integral starting index');
  const to =
    bounds.length < 2 ? values.length : wholeOperand(end, 40_096, '$indexOfArray requires an integral ending index');
  if (from < 0 || to < 0) throw refuse(40_097, '$indexOfArray requires a nonnegative index');
  const found = values.slice(0, to).findIndex((value, at) => at >= from && isEqual(value, wanted));
  return found;
});

const range = ranged(2, 3, (start, end, ...steps) => {
  const [step] = steps.length === 0 ? [1] : steps;
  const [from, to] = [
    wholeOperand(start, 34_444, '$range requires a starting value that is a whole number of 32 bits', 34_443),
    wholeOperand(end, 34_446, '$range requires an ending value that is a whole number of 32 bits', 34_445),
  ];
  const by = wholeOperand(step, 34_448, '$range requires a step value that is a whole number of 32 bits', 34_447);
  if (by === 0) throw refuse(34_449, '$range requires a non-zero step value');
  refuseLongRange(Math.trunc((to - from) / by));
  const result: number[] = [];
  for (let at = from; by > 0 ? at < to : at > to; at += by) result.push(at);
  return result;
});

/** As MongoDB counts the bytes that a list of numbers takes, and those that it may take. */
const RANGE_BYTES = { list: 24, number: 16, max: 100 * 1024 * 1024 } as const;

function refuseLongRange(steps: number): void {
  const bytes = RANGE_BYTES.list + Math.max(0, steps + 1) * RANGE_BYTES.number;
  if (bytes >= RANGE_BYTES.max)
    throw new ServerError(
      'ExceededMemoryLimit',
      `$range would use too much memory (${bytes} bytes) and cannot spill to disk. Memory limit: ${RANGE_BYTES.max} bytes`,
    );
}

/** The parts of `$map`, `$filter` and `$reduce`: what is gone through, and what is evaluated for each element. */
function each(
  operand: unknown,
  name: string,
  inner: 'in' | 'cond',
): { readonly input: Evaluate; readonly variable: string; readonly body: Evaluate } {
  const isMap = inner === 'in';
  if (!isDoc(operand)) throw refuse(isMap ? 16_878 : 28_646, `${name} only supports an object as its argument`);
  const known = isMap ? ['input', 'as', 'in'] : ['input', 'as', 'cond', 'limit'];
  const unknown = Object.keys(operand).find((key) => !known.includes(key));
  if (unknown !== undefined) throw refuse(isMap ? 16_879 : 28_647, `Unrecognized parameter to ${name}: ${unknown}`);
  if (!Object.hasOwn(operand, 'input')) throw refuse(isMap ? 16_880 : 28_648, `Missing 'input' parameter to ${name}`);
  if (!Object.hasOwn(operand, inner)) throw refuse(isMap ? 16_882 : 28_650, `Missing '${inner}' parameter to ${name}`);
  const { as = 'this' } = operand;
  if (typeof as !== 'string') throw new ServerError('TypeMismatch', `${name}'s 'as' must be a string`);
  refuseVariableName(as);
  const body = declaring([as], () => compile(operand[inner]));
  return { input: compile(operand['input']), variable: as, body };
}

function withVariable(scope: Scope, name: string, value: unknown): Scope {
  return { ...scope, variables: { ...scope.variables, [name]: value } };
}

const map: Operator = (operand, name) => {
  const { input, variable, body } = each(operand, name, 'in');
  return (scope) => {
    const list = input(scope);
    if (isNil(list)) return null;
    return listOperand(list, 16_883, 'input to $map must be an array').map(
      (value) => body(withVariable(scope, variable, value)) ?? null,
    );
  };
};

const filter: Operator = (operand, name) => {
  const { input, variable, body } = each(operand, name, 'cond');
  const limit = isDoc(operand) && operand['limit'] !== undefined ? compile(operand['limit']) : null;
  return (scope) => {
    const list = input(scope);
    if (isNil(list)) return null;
    const kept = listOperand(list, 28_651, 'input to $filter must be an array').filter((value) =>
      isTrue(body(withVariable(scope, variable, value))),
    );
    const max = limit?.(scope);
    if (isNil(max)) return kept;
    const count = wholeOperand(max, 327_391, '$filter: limit must be represented as a 32-bit integral value');
    if (count < 1) throw refuse(327_392, '$filter: limit must be greater than 0');
    return kept.slice(0, count);
  };
};

const REDUCE_CODES = {
  noDocument: 40_075,
  unknown: 40_076,
  missing: { input: 40_077, initialValue: 40_078, in: 40_079 },
};

const reduce: Operator = (operand, name) => {
  const parts = declaring(['this', 'value'], () =>
    required<'input' | 'initialValue' | 'in'>(operandsOf(operand, name, ['input', 'initialValue', 'in'], REDUCE_CODES)),
  );
  return (scope) => {
    const list = parts.input(scope);
    if (isNil(list)) return null;
    let value = parts.initialValue(scope);
    for (const one of listOperand(list, 40_080, "$reduce requires that 'input' be an array"))
      value = parts.in({ ...scope, variables: { ...scope.variables, this: one, value } });
    return value;
  };
};

/** The first element says of what form all are. */
const arrayToObject = fixed(1, (list) => {
  if (isNil(list)) return null;
  const entries = listOperand(list, 40_386, '$arrayToObject requires an array input');
  const [first] = entries;
  if (entries.length > 0 && !Array.isArray(first) && !isDoc(first))
    throw refuse(40_398, `Unrecognised input type format for $arrayToObject: ${typeNameOf(first)}`);
  const result: Doc = {};
  for (const entry of entries) {
    const [key, value] = Array.isArray(first) ? pairOfList(entry) : pairOfDoc(entry);
    assign(result, keyOf(key), value ?? null);
  }
  return result;
});

function pairOfList(entry: unknown): readonly [string, unknown] {
  if (!Array.isArray(entry))
    throw refuse(40_396, `$arrayToObject requires all elements to be arrays, but found: ${typeNameOf(entry)}`);
  if (entry.length !== 2) throw refuse(40_397, '$arrayToObject requires an array of size 2 arrays');
  const [key, value] = entry as readonly unknown[];
  return [nameForField(key, 40_395, 4_940_400), value];
}

function pairOfDoc(entry: unknown): readonly [string, unknown] {
  if (!isDoc(entry))
    throw refuse(40_391, `$arrayToObject requires all elements to be objects, but found: ${typeNameOf(entry)}`);
  if (Object.keys(entry).length !== 2)
    throw refuse(40_392, "$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys");
  if (!Object.hasOwn(entry, 'k') || !Object.hasOwn(entry, 'v'))
    throw refuse(40_393, "$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both keys");
  return [nameForField(entry['k'], 40_394, 4_940_401), entry['v']];
}

function nameForField(key: unknown, code: number, nullCode: number): string {
  if (typeof key !== 'string')
    throw refuse(code, '$arrayToObject requires an array of key-value pairs, where the key must be of type string');
  if (key.includes('\0')) throw refuse(nullCode, 'Key field cannot contain an embedded null byte');
  return key;
}

const objectToArray = fixed(1, (value) => {
  if (isNil(value)) return null;
  if (!isDoc(value)) throw refuse(40_390, `$objectToArray requires a document input, found: ${typeNameOf(value)}`);
  return Object.entries(value).map(([key, v]) => ({ k: nameOf(key), v }));
});

const mergeObjects = variadic((values) => {
  const result: Doc = {};
  const given = [...values];
  const all = given.length === 1 && Array.isArray(given[0]) ? (given[0] as unknown[]) : given;
  for (const value of all) {
    if (isNil(value)) continue;
    if (!isDoc(value))
      throw refuse(
        40_400,
        `$mergeObjects requires object inputs, but input ${JSON.stringify(value)} is of type ${typeNameOf(value)}`,
      );
    for (const [key, one] of Object.entries(value)) assign(result, key, one);
  }
  return result;
});

const sortArray: Operator = (operand) => {
  if (!isDoc(operand)) throw refuse(2_942_500, '$sortArray requires an object as an argument');
  const unknown = Object.keys(operand).find((key) => key !== 'input' && key !== 'sortBy');
  if (unknown !== undefined) throw refuse(2_942_501, `$sortArray found an unknown argument: ${unknown}`);
  if (!Object.hasOwn(operand, 'input')) throw refuse(2_942_502, "$sortArray requires 'input' to be specified");
  if (!Object.hasOwn(operand, 'sortBy')) throw refuse(2_942_503, "$sortArray requires 'sortBy' to be specified");
  const input = compile(operand['input']);
  const order = orderOf(operand['sortBy']);
  return (scope) => {
    const list = input(scope);
    return isNil(list)
      ? null
      : [...listOperand(list, 2_942_504, 'The input argument to $sortArray must be an array')].sort(order);
  };
};

function orderOf(sortBy: unknown): (left: unknown, right: unknown) => number {
  try {
    return sortOf(sortBy, null);
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    throw refuse(isDoc(sortBy) ? 2_942_505 : numberKind(sortBy) === null ? 2_942_507 : 2_942_506, cause.message);
  }
}

const zip: Operator = (operand) => {
  if (!isDoc(operand)) throw refuse(34_460, '$zip only supports an object as an argument');
  const unknown = Object.keys(operand).find((key) => !['inputs', 'defaults', 'useLongestLength'].includes(key));
  if (unknown !== undefined) throw refuse(34_464, `$zip found an unknown argument: ${unknown}`);
  const { inputs = [], defaults = [], useLongestLength: isLongest = false } = operand;
  if (!Array.isArray(inputs)) throw refuse(34_461, 'inputs must be an array of expressions');
  if (!Array.isArray(defaults)) throw refuse(34_462, 'defaults must be an array of expressions');
  if (typeof isLongest !== 'boolean') throw refuse(34_463, 'useLongestLength must be a bool');
  if (inputs.length === 0) throw refuse(34_465, '$zip requires at least one input array');
  if (!isLongest && defaults.length > 0)
    throw refuse(34_466, "cannot specify defaults unless 'useLongestLength' is true.");
  if (defaults.length > 0 && defaults.length !== inputs.length)
    throw refuse(34_467, 'defaults and inputs must have the same length');
  const [lists, others] = [(inputs as unknown[]).map(compile), (defaults as unknown[]).map(compile)];
  return (scope) => {
    const values = lists.map((list) => list(scope));
    if (values.some(isNil)) return null;
    const all = values.map((value) => listOperand(value, 34_468, '$zip found a non-array expression in input'));
    const lengths = all.map((one) => one.length);
    const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
    const fill = shortest === longest ? [] : others.map((other) => other(scope));
    return Array.from({ length: isLongest ? longest : shortest }, (_none, at) =>
      all.map((list, which) => (at < list.length ? list[at] : (fill[which] ?? null))),
    );
  };
};

/** A set's elements, each once, in MongoDB's order. */
function setOf(values: readonly unknown[]): unknown[] {
  const sorted = [...values].sort((left, right) => compareValues(left, right));
  return sorted.filter((value, at) => at === 0 || !isEqual(value, sorted[at - 1]));
}

/** An operator of any number of sets, null where one of them is. */
function sets(code: number, combine: (lists: readonly (readonly unknown[])[]) => unknown): Operator {
  return variadic((values, name) => {
    const lists: (readonly unknown[])[] = [];
    for (const value of values) {
      if (isNil(value)) return null;
      lists.push(listOperand(value, code, `All operands of ${name} must be arrays. One argument`));
    }
    return combine(lists);
  });
}

/** Of equal values of several types those of the smaller set stay, and of sets of one size those of the one in front. */
function intersection(lists: readonly (readonly unknown[])[]): readonly unknown[] {
  const [first = [], ...others] = lists.map(setOf);
  return others.reduce<readonly unknown[]>((kept, next) => {
    const [small, large] = kept.length > next.length ? [next, kept] : [kept, next];
    return small.filter((value) => has(large, value));
  }, first);
}

const setDifference = fixed(2, (left, right) => {
  if (isNil(left) || isNil(right)) return null;
  const one = listOperand(left, 17_048, 'both operands of $setDifference must be arrays. First argument');
  const two = listOperand(right, 17_049, 'both operands of $setDifference must be arrays. Second argument');
  return one.filter((value, at) => !has(two, value) && !has(one.slice(0, at), value));
});

/** What is known beforehand is checked beforehand, with other numbers (`ExpressionSetIsSubset::optimize`). */
const isSubset: Operator = (operand, name) => {
  const [first, second] = (Array.isArray(operand) ? (operand as unknown[]) : [operand]).map(compile);
  const isHeld = first !== undefined && second !== undefined && !isKnown(first) && isKnown(second);
  const whole = 'both operands of $setIsSubset must be arrays. Second argument';
  if (isHeld) listOperand(constantOf(second), 17_311, whole);
  return fixed(2, (left, right) => {
    const part = listOperand(
      left,
      isHeld ? 17_310 : 17_046,
      'both operands of $setIsSubset must be arrays. First argument',
    );
    const set = listOperand(right, 17_042, whole);
    return part.every((value) => has(set, value));
  })(operand, name);
};

/** Compared with the first that is known beforehand, one after the other until one differs. */
const setEquals: Operator = (operand) => {
  const operands = (Array.isArray(operand) ? (operand as unknown[]) : [operand]).map(compile);
  if (operands.length < 2) throw refuse(17_045, `$setEquals needs at least two arguments had: ${operands.length}`);
  const refusal = 'All operands of $setEquals must be arrays. One argument';
  for (const one of operands) if (isKnown(one)) listOperand(constantOf(one), 5_887_502, refusal);
  const against = operands.find(isKnown) ?? operands[0];
  return (scope) => {
    const set = listOperand(against?.(scope), 17_044, refusal);
    return operands.every((one) => one === against || isSameSet(set, listOperand(one(scope), 17_044, refusal)));
  };
};

function isSameSet(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.every((value) => has(right, value)) && right.every((value) => has(left, value));
}

const has = (list: readonly unknown[], value: unknown): boolean => list.some((one) => isEqual(one, value));

/** What looks at lists, documents and sets. */
export const LISTS: Readonly<Record<string, Operator>> = {
  $arrayElemAt: fixed(2, (list, index) => indexed(list, index, '$arrayElemAt')),
  $first: fixed(1, (list) => indexed(list, 0, '$first')),
  $last: fixed(1, (list) => indexed(list, -1, '$last')),
  $slice: slice,
  $concatArrays: concatLists,
  $in: isIn,
  $indexOfArray: indexOf,
  $isArray: fixed(1, (value) => Array.isArray(value)),
  $size: fixed(1, (list) => {
    if (!Array.isArray(list))
      throw refuse(17_124, `The argument to $size must be an array, but was of type: ${typeNameOf(list)}`);
    return list.length;
  }),
  $reverseArray: fixed(1, (list) =>
    isNil(list) ? null : [...listOperand(list, 34_435, 'The argument to $reverseArray must be an array')].reverse(),
  ),
  $range: range,
  $map: map,
  $filter: filter,
  $reduce: reduce,
  $arrayToObject: arrayToObject,
  $objectToArray: objectToArray,
  $mergeObjects: mergeObjects,
  $sortArray: sortArray,
  $zip: zip,
  $setUnion: sets(17_043, (lists) => setOf(lists.flat())),
  $setIntersection: sets(17_047, intersection),
  $setDifference: setDifference,
  $setEquals: setEquals,
  $setIsSubset: isSubset,
};
