import type { IndexField } from '../../storage/index-entries.ts';
import { accumulatorOf, isGrowing, type Accumulator } from '../expressions/accumulators.ts';
import { compile, isNil, scopeOf, type Evaluate } from '../expressions/compile.ts';
import { isWhole, numberKind, toDouble } from '../numbers.ts';
import { refuse } from '../expressions/refusal.ts';
import { ServerError } from '../server-error.ts';
import { sortKeyOf } from '../../storage/query.ts';
import { isDoc, type Doc } from '../values.ts';
import { linearFill } from './linear-fill.ts';
import type { Spooled } from './memory.ts';
import { covariance, derivative, integral, movingAverage, type Curve } from './window-curves.ts';
import { slide } from './window-slide.ts';
import { removableOf } from './window-removal.ts';
import { WHOLE, windowOf, type Window } from './window-bounds.ts';

/** What a window function makes of a partition: a value for each of its documents, in their order. */
export type WindowFunction = (partition: Spooled) => Iterable<unknown>;

/** What window functions may use besides their partition. */
export interface WindowContext {
  readonly sortBy: readonly IndexField[];
  readonly variables: Doc;
  /** What a window may hold at once. */
  readonly bytesMax: number;
}

/** A window function under its name, with what stands behind the name; `given` has the window too. */
type CompileFunction = (name: string, given: Doc, context: WindowContext) => WindowFunction;

/** Compiles what an output field of `$setWindowFields` is given. Errors: MongoDB's for what is no window function. */
export function compileWindowFunction(field: string, given: unknown, context: WindowContext): WindowFunction {
  if (!isDoc(given)) throw failedToParse(`The field '${field}' must be an object`);
  const name = Object.keys(given).find((key) => key.startsWith('$'));
  if (name === undefined) throw failedToParse(`Expected a $-prefixed window function, ${Object.keys(given)[0] ?? ''}`);
  const make = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (make === undefined) throw failedToParse(`Unrecognized window function, ${name}`);
  const unknown = Object.keys(given).find((key) => key !== name && key !== 'window');
  if (unknown !== undefined) throw failedToParse(`${name} got unexpected argument: ${unknown}`);
  return make(name, given, context);
}

function failedToParse(message: string): ServerError {
  return new ServerError('FailedToParse', message);
}

function windowIn({ window }: Doc, { sortBy, variables }: WindowContext): Window {
  return window === undefined ? WHOLE : windowOf(window, sortBy, variables);
}

function refuseWindow(name: string, { window }: Doc): void {
  if (window !== undefined) throw failedToParse(`${name} does not accept a 'window' field`);
}

/** Accumulators of one operand, of which a window holds the values and not the documents. */
const accumulated: CompileFunction = (name, given, context) => {
  const operand = given[name];
  const isUnary = !isDoc(operand) || !['n', 'input', 'output', 'p'].some((key) => Object.hasOwn(operand, key));
  // Compiled as it was given first, which refuses what the accumulator refuses.
  const whole = accumulatorOf(name, operand);
  const window = windowIn(given, context);
  if (name === '$count')
    return slide(window, { make: whole, held: () => ({}), isGrowing: false, removable: removableOf(name) }, context);
  if (!isUnary)
    return slide(
      window,
      { make: whole, held: (document) => document, isGrowing: isGrowing(name), removable: null },
      context,
    );
  const value = compile(Array.isArray(operand) ? (operand as unknown[])[0] : operand);
  const held = (document: Doc): Doc => ({ value: value(scopeOf(document, context.variables)) });
  const make = accumulatorOf(name, '$value');
  return slide(window, { make, held, isGrowing: isGrowing(name), removable: removableOf(name) }, context);
};

/** The only field that documents are sorted by. */
function onlyField(name: string, { sortBy }: WindowContext): IndexField {
  const [field, ...others] = sortBy;
  if (field === undefined) throw failedToParse(`${name} requires a sortBy`);
  if (others.length > 0) throw failedToParse(`${name} requires a non-compound sortBy`);
  return field;
}

/** Functions of a curve: of the place that a document is sorted by, and of a value of it. */
function ofCurve(make: (curve: Curve) => () => Accumulator, isWindowNeeded: boolean): CompileFunction {
  return (name, given, context) => {
    const operand = given[name];
    if (!isDoc(operand)) throw failedToParse(`${name} expects an object`);
    const unknown = Object.keys(operand).find((key) => key !== 'input' && key !== 'unit');
    if (unknown !== undefined) throw failedToParse(`${name} got unexpected argument: ${unknown}`);
    if (operand['input'] === undefined) throw failedToParse(`${name} requires an 'input' expression`);
    const field = onlyField(name, context);
    if (field.isDescending) throw failedToParse(`${name} requires an ascending sortBy`);
    if (isWindowNeeded && given['window'] === undefined) throw failedToParse(`${name} requires explicit window bounds`);
    const [x, y] = [compile(`$${field.path}`), compile(operand['input'])];
    const accumulator = make({ name, unit: operand['unit'] });
    const held = (document: Doc): Doc => {
      const scope = scopeOf(document, context.variables);
      return { x: x(scope), y: y(scope) };
    };
    return slide(windowIn(given, context), { make: accumulator, held, isGrowing: false, removable: null }, context);
  };
}

function ofPair(isSample: boolean): CompileFunction {
  return (name, given, context) => {
    const operand = given[name];
    if (!Array.isArray(operand) || operand.length !== 2) throw failedToParse(`${name} needs a list of two expressions`);
    const [x, y] = [compile(operand[0]), compile(operand[1])];
    const held = (document: Doc): Doc => {
      const scope = scopeOf(document, context.variables);
      return { x: x(scope), y: y(scope) };
    };
    return slide(
      windowIn(given, context),
      { make: covariance(isSample), held, isGrowing: false, removable: null },
      context,
    );
  };
}

/** `$rank`, `$denseRank` and `$documentNumber`. */
const ranked: CompileFunction = (name, given, { sortBy }) => {
  if (given['window'] !== undefined) throw refuse(5_371_601, 'Rank style window functions take no other arguments');
  if (sortBy.length !== 1)
    throw refuse(5_371_602, `${name} must be specified with a top level sortBy expression with exactly one element`);
  const operand = given[name];
  if (!isDoc(operand) || Object.keys(operand).length > 0)
    throw refuse(5_371_603, `${name} must be specified with '{}' as the value`);
  return function* (partition) {
    let before: Buffer | null = null as Buffer | null;
    let [number, rank] = [0, 0];
    for (const document of partition.read()) {
      number += 1;
      if (name === '$documentNumber') {
        yield number;
        continue;
      }
      const place = sortKeyOf(document, sortBy);
      if (before?.equals(place) !== true) rank = name === '$rank' ? number : rank + 1;
      before = place;
      yield rank;
    }
  };
};

/** False for an expression that reads a field. */
function isConstant(expression: unknown): boolean {
  if (typeof expression === 'string') return !expression.startsWith('$') || expression === '$$NOW';
  if (Array.isArray(expression)) return expression.every(isConstant);
  return !isDoc(expression) || '$literal' in expression || Object.values(expression).every(isConstant);
}

const shifted: CompileFunction = (name, given, { sortBy, variables }) => {
  const operand = given[name];
  if (!isDoc(operand)) throw failedToParse('$shift expects an object');
  refuseWindow(name, given);
  const unknown = Object.keys(operand).find((key) => !['output', 'by', 'default'].includes(key));
  if (unknown !== undefined) throw failedToParse(`Unknown argument in $shift: ${unknown}`);
  if (sortBy.length === 0) throw failedToParse('$shift requires a sortBy');
  const { output, by, default: otherwise } = operand;
  if (output === undefined) throw failedToParse("$shift requires an 'output' expression");
  if (numberKind(by) === null || !isWhole(by)) throw failedToParse("'$shift:by' field must be an integer");
  const distance = toDouble(by);
  if (!isConstant(otherwise)) throw failedToParse("'$shift:default' expression must yield a constant value.");
  const value = compile(output);
  const beyond: unknown = otherwise === undefined ? null : (compile(otherwise)(scopeOf({}, variables)) ?? null);
  return function* (partition) {
    const other = valuesOf(partition, value, variables)[Symbol.iterator]();
    for (let skipped = 0; skipped < distance; skipped += 1) other.next();
    let at = 0;
    for (const _document of partition.read()) {
      const next = at + distance < 0 ? null : other.next();
      yield next === null || next.done === true ? beyond : (next.value ?? null);
      at += 1;
    }
  };
};

function* valuesOf(partition: Spooled, value: Evaluate, variables: Doc): Generator<unknown> {
  for (const document of partition.read()) yield value(scopeOf(document, variables));
}

const carriedForward: CompileFunction = (name, given, { variables }) => {
  refuseWindow(name, given);
  const value = compile(given[name]);
  return function* (partition) {
    let last: unknown = null;
    for (const one of valuesOf(partition, value, variables)) {
      if (!isNil(one)) last = one;
      yield last;
    }
  };
};

const filled: CompileFunction = (name, given, context) => {
  refuseWindow(name, given);
  const [field, ...others] = context.sortBy;
  if (field === undefined || others.length > 0)
    throw refuse(605_001, '$linearFill must be specified with a top level sortBy expression with exactly one element');
  const [x, y] = [compile(`$${field.path}`), compile(given[name])];
  return (partition) => linearFill(partition, { x, y, variables: context.variables });
};

const averaged: CompileFunction = (name, given, { sortBy, variables }) => {
  refuseWindow(name, given);
  if (sortBy.length === 0) throw failedToParse("$expMovingAvg requires an explicit 'sortBy'");
  const { input, make } = movingAverage(given[name]);
  return function* (partition) {
    const next = make();
    for (const value of valuesOf(partition, input, variables)) yield next(value);
  };
};

/** Those of the accumulators that MongoDB 7 has for windows too. */
const ACCUMULATORS: readonly string[] = (
  '$sum $avg $min $max $first $last $push $addToSet $stdDevPop $stdDevSamp $count ' +
  '$firstN $lastN $minN $maxN $top $topN $bottom $bottomN $median $percentile'
).split(' ');

const FUNCTIONS: Readonly<Record<string, CompileFunction>> = {
  ...Object.fromEntries(ACCUMULATORS.map((name) => [name, accumulated])),
  $covariancePop: ofPair(false),
  $covarianceSamp: ofPair(true),
  $derivative: ofCurve(derivative, true),
  $integral: ofCurve(integral, false),
  $rank: ranked,
  $denseRank: ranked,
  $documentNumber: ranked,
  $shift: shifted,
  $locf: carriedForward,
  $linearFill: filled,
  $expMovingAvg: averaged,
};
