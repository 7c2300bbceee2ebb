import { Double, EJSON, Int32 } from 'bson';
import type { Document } from 'mongodb';
import type { EngineAgain } from './engine-again.ts';

/** A value, nothing, or the code of a refusal. */
export type Evaluated = { readonly value: unknown } | { readonly isMissing: true } | { readonly code: number };

/** Codes of all refusals that lie in an expression, whether it comes to evaluate them or not. */
export interface Refusals {
  readonly all: Set<number>;
  /** Those of expressions without a field in them. */
  readonly ofConstants: Set<number>;
}

/** No refusals yet. */
export function noRefusals(): Refusals {
  return { all: new Set(), ofConstants: new Set() };
}

const LAZY = new Set(['$cond', '$ifNull', '$and', '$or']);
/** Those that stop at the first operand that is null or missing. */
const STOPPING = new Set(['$add', '$multiply', '$concatArrays']);
/** Those that evaluate both operands, and are null where one is null or missing. */
const PAIRED = new Set(['$subtract', '$divide', '$mod']);

/**
 * Evaluates an expression as the manual tells it, one operator after the other: the engine is asked for each alone, over operands that
 * stand in a document. What is decided here is which operands are evaluated (`$cond`, `$ifNull`, `$and`, `$or` stop where they know),
 * that arithmetic with what is null or missing is null, that means are doubles, that a remainder with a double is one with a sign, that what is
 * missing is in no list and above MinKey, and how a double is written.
 */
export async function evaluate(
  again: EngineAgain,
  expression: unknown,
  document: Document,
  refusals: Refusals,
): Promise<Evaluated> {
  if (isPlain(expression) && callOf(expression) === null) return object(again, expression, document, refusals);
  const call = callOf(expression);
  if (call === null) return alone(again, expression, document, refusals);
  const [operator, operands] = call;
  const all: Evaluated[] = [];
  // All of them, also those that the operator does not come to: what they refuse may be told before.
  for (const operand of operands) all.push(await evaluate(again, operand, document, refusals));
  if (LAZY.has(operator)) return lazily(again, operator, all);
  const result = await eagerly(again, operator, all, refusals);
  if ('code' in result && isConstant(expression)) refusals.ofConstants.add(result.code);
  return result;
}

/** Whether it has no field in it: such an expression is evaluated when the pipeline is optimized. */
function isConstant(expression: unknown): boolean {
  return !/:"\$|[[,]"\$/.test(EJSON.stringify([expression]));
}

async function eagerly(
  again: EngineAgain,
  operator: string,
  all: readonly Evaluated[],
  refusals: Refusals,
): Promise<Evaluated> {
  if (STOPPING.has(operator)) return stopping(again, operator, all, refusals);
  const refused = all.find((one) => 'code' in one);
  if (refused !== undefined) return refused;
  if (PAIRED.has(operator) && all.some(isNothing)) return { value: null };
  const [one = NOTHING, list = NOTHING] = all;
  if (operator === '$in' && 'isMissing' in one && 'value' in list && Array.isArray(list.value)) return { value: false };
  const order = orderOfMinKey(one, list);
  const compared = Object.hasOwn(COMPARISONS, operator) ? COMPARISONS[operator] : undefined;
  if (order !== null && compared !== undefined) return { value: compared(order) };
  return applied(again, operator, all, refusals);
}

/** What comparisons say of the order of their operands. */
const COMPARISONS: Readonly<Record<string, (order: number) => unknown>> = {
  $eq: (order) => order === 0,
  $ne: (order) => order !== 0,
  $gt: (order) => order > 0,
  $gte: (order) => order >= 0,
  $lt: (order) => order < 0,
  $lte: (order) => order <= 0,
  $cmp: (order) => new Int32(order),
};

/** The order of MinKey and what is missing, which the engine takes for the same; null for other operands. */
function orderOfMinKey(left: Evaluated, right: Evaluated): number | null {
  if (isMinKey(left) && 'isMissing' in right) return -1;
  return isMinKey(right) && 'isMissing' in left ? 1 : null;
}

function isMinKey(one: Evaluated): boolean {
  return 'value' in one && (Object(one.value) as Document)['_bsontype'] === 'MinKey';
}

async function object(
  again: EngineAgain,
  fields: Document,
  document: Document,
  refusals: Refusals,
): Promise<Evaluated> {
  const value: Document = {};
  for (const [name, one] of Object.entries(fields)) {
    const result = await evaluate(again, one, document, refusals);
    if ('code' in result) return result;
    if ('value' in result) value[name] = result.value;
  }
  return { value };
}

async function stopping(
  again: EngineAgain,
  operator: string,
  all: readonly Evaluated[],
  refusals: Refusals,
): Promise<Evaluated> {
  const end = all.findIndex((one) => 'code' in one || isNothing(one));
  if (end === -1) return applied(again, operator, all, refusals);
  const before = end === 0 ? null : await applied(again, operator, all.slice(0, end), refusals);
  if (before !== null && 'code' in before) return before;
  const last = all[end] ?? NOTHING;
  return 'code' in last ? last : { value: null };
}

async function lazily(again: EngineAgain, operator: string, all: readonly Evaluated[]): Promise<Evaluated> {
  if (operator === '$ifNull') return all.slice(0, -1).find((one) => !isNothing(one)) ?? all.at(-1) ?? { value: null };
  if (operator === '$cond') {
    const [condition = NOTHING, yes = NOTHING, no = NOTHING] = all;
    if ('code' in condition) return condition;
    return (await isTrue(again, condition)) ? yes : no;
  }
  for (const one of all) {
    if ('code' in one) return one;
    if ((await isTrue(again, one)) === (operator === '$or')) return { value: operator === '$or' };
  }
  return { value: operator === '$and' };
}

const NOTHING: Evaluated = { isMissing: true };

function isNothing(one: Evaluated): boolean {
  return 'isMissing' in one || ('value' in one && one.value === null);
}

async function isTrue(again: EngineAgain, one: Evaluated): Promise<boolean> {
  const opposite = await alone(again, { $not: ['$v'] }, 'value' in one ? { v: one.value } : {}, noRefusals());
  return 'value' in opposite && opposite.value === false;
}

async function applied(
  again: EngineAgain,
  operator: string,
  operands: readonly Evaluated[],
  refusals: Refusals,
): Promise<Evaluated> {
  const values = operands.map((one, at) => ('value' in one ? [[`o${at}`, one.value]] : []));
  const names = operands.map((_one, at) => `$o${at}`);
  const result = await alone(again, { [operator]: names }, Object.fromEntries(values.flat()) as Document, refusals);
  if (!('value' in result)) return result;
  const [first] = operands;
  if (operator === '$toString' && first !== undefined && isDoubleNumber(first) && 'value' in first)
    return { value: asText(Number(first.value)) };
  if (operator === '$floor' || operator === '$ceil') return { value: withoutExponent(result.value) };
  if (operator === '$avg') return { value: asMean(result.value, hasDecimals(operands)) };
  return operator === '$mod' && operands.some(isDoubleNumber) ? { value: asRemainder(result.value, first) } : result;
}

/** Whether a decimal is among the numbers of a mean: of several operands lists are none, and of a single one their elements are. */
function hasDecimals(operands: readonly Evaluated[]): boolean {
  const isList = (one: Evaluated): boolean => 'value' in one && Array.isArray(one.value);
  const numbers = operands.length === 1 ? operands : operands.filter((one) => !isList(one));
  return EJSON.stringify(numbers).includes('$numberDecimal');
}

/** A remainder with a double: that of C's `fmod`, whose zero has the sign of what was divided. */
function asRemainder(value: unknown, dividend: Evaluated | undefined): unknown {
  const remainder = asDouble(value);
  const text = EJSON.stringify(dividend !== undefined && 'value' in dividend ? dividend.value : null, {
    relaxed: false,
  });
  const isZero = EJSON.stringify(remainder, { relaxed: false }) === '{"$numberDouble":"0.0"}';
  return isZero && /^\{"\$number(?:Int|Long|Double)":"-/.test(text) ? new Double(-0) : remainder;
}

function isDoubleNumber(one: Evaluated): boolean {
  return 'value' in one && EJSON.stringify(one.value, { relaxed: false }).startsWith('{"$numberDouble"');
}

/** A double as text: as `%.16g` of C writes it, by which the server does. */
function asText(double: number): string {
  if (!Number.isFinite(double)) return String(double);
  const [digits = '', exponent = '0'] = double.toExponential(15).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 16) return withoutZeros(double.toPrecision(16));
  const size = String(Math.abs(power)).padStart(2, '0');
  return `${withoutZeros(digits)}e${power < 0 ? '-' : '+'}${size}`;
}

function withoutZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}

/** A mean is a decimal where one is among the numbers, and a double where none is. */
export function asMean(value: unknown, hasDecimal: boolean): unknown {
  if (!hasDecimal) return asDouble(value);
  const text = EJSON.stringify(value, { relaxed: false });
  const digits = /^\{"\$number(?:Int|Long|Double)":"(-?[\d.]+?)(?:\.0)?"\}$/.exec(text)?.[1];
  return digits === undefined ? value : EJSON.parse(`{"$numberDecimal":"${digits}"}`, { relaxed: false });
}

/** A whole decimal with all its digits, as far as a decimal has so many. */
function withoutExponent(value: unknown): unknown {
  const text = EJSON.stringify(value, { relaxed: false });
  const [, whole = '', fraction = '', power = ''] =
    /^\{"\$numberDecimal":"(-?\d)(?:\.(\d+))?E\+(\d+)"\}$/.exec(text) ?? [];
  const zeros = Number(power) - fraction.length;
  if (power === '' || zeros < 0 || Number(power) >= DECIMAL_DIGITS_MAX) return value;
  return EJSON.parse(`{"$numberDecimal":"${whole}${fraction}${'0'.repeat(zeros)}"}`, { relaxed: false });
}

const DECIMAL_DIGITS_MAX = 34;

/** A whole number as the double that it is; anything else as it is. */
function asDouble(value: unknown): unknown {
  const text = EJSON.stringify(value, { relaxed: false });
  const whole = /^\{"\$number(?:Int|Long)":"(-?\d+)"\}$/.exec(text)?.[1];
  return whole === undefined ? value : EJSON.parse(`{"$numberDouble":"${whole}.0"}`, { relaxed: false });
}

async function alone(
  again: EngineAgain,
  expression: unknown,
  document: Document,
  refusals: Refusals,
): Promise<Evaluated> {
  const result = await again.over([document], [{ $project: { _id: 0, v: expressionOf(expression) } }]);
  if (result.documents === null) {
    refusals.all.add(result.code);
    return { code: result.code };
  }
  const [first = {}] = result.documents;
  return 'v' in first ? { value: first['v'] as unknown } : { isMissing: true };
}

/** Numbers and truths would mean inclusion. */
function expressionOf(expression: unknown): unknown {
  return typeof expression === 'string' && expression.startsWith('$')
    ? expression
    : callOf(expression) === null
      ? { $literal: expression }
      : expression;
}

function isPlain(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function callOf(expression: unknown): readonly [string, readonly unknown[]] | null {
  if (!isPlain(expression)) return null;
  const [first] = Object.entries(expression);
  if (first === undefined || !first[0].startsWith('$')) return null;
  const [operator, given] = first as [string, unknown];
  return [operator, Array.isArray(given) ? given : [given]];
}
