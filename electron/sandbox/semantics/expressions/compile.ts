import { refuse } from './refusal.ts';
import { keysOf } from '../field-names.ts';
import { ServerError } from '../server-error.ts';
import { assign, isDoc, type Doc } from '../values.ts';

/** What an expression is evaluated in. All values are in working form, `undefined` is what is missing. */
export interface Scope {
  readonly root: unknown;
  readonly current: unknown;
  readonly variables: Doc;
}

/** A compiled expression. */
export type Evaluate = (scope: Scope) => unknown;

/** How an operator is compiled from its operand, which stands as it was written. */
export type Operator = (operand: unknown, name: string) => Evaluate;

let source: (name: string) => Operator = (name) => {
  throw new ServerError('InternalError', `no operators yet, not even ${name}`);
};

/** Says where operators are found by their names; operators are compiled by this file, so it cannot know them itself. */
export function findOperatorsIn(lookUpOperator: (name: string) => Operator): void {
  source = lookUpOperator;
}

/** Compiles an expression (working form). Errors: MongoDB's for expressions that are none. */
export function compile(expression: unknown): Evaluate {
  if (typeof expression === 'string')
    return expression.startsWith('$') ? compilePath(expression) : constant(expression);
  if (Array.isArray(expression)) {
    const elements = (expression as unknown[]).map(compile);
    return folded(elements, (scope) => elements.map((element) => element(scope) ?? null));
  }
  return isDoc(expression) ? compileDoc(expression) : constant(expression);
}

/** Expressions whose value is known without a document: an operator of nothing else is evaluated at once, and refused at once. */
const CONSTANTS = new WeakSet<Evaluate>();

/** An expression that is always the same value. */
export function constant(value: unknown): Evaluate {
  const evaluate: Evaluate = () => value;
  CONSTANTS.add(evaluate);
  return evaluate;
}

/** The value of an expression that is always the same; `undefined` for any other. */
export function constantOf(evaluate: Evaluate): unknown {
  return CONSTANTS.has(evaluate) ? evaluate({ root: undefined, current: undefined, variables: {} }) : undefined;
}

let isFolding = true;

/** True for an expression whose value is known before a document comes, where such are evaluated at once. */
export function isKnown(evaluate: Evaluate): boolean {
  return isFolding && CONSTANTS.has(evaluate);
}

/** Compiles expressions of which none is evaluated before a document comes: MongoDB optimizes no update's pipeline. */
export function unfolded<Compiled>(work: () => Compiled): Compiled {
  return folding(false, work);
}

/** The value of an expression that must be known before a document comes, also where none is evaluated; `undefined` for one that is not. */
export function valueInAdvance(expression: unknown): unknown {
  return constantOf(folding(true, () => compile(expression)));
}

function folding<Compiled>(isOn: boolean, work: () => Compiled): Compiled {
  const before = isFolding;
  isFolding = isOn;
  try {
    return work();
  } finally {
    isFolding = before;
  }
}

/** The variables that may be named where an expression is compiled; null where that is seen only when it is evaluated. */
let declared: ReadonlySet<string> | null = null;

function within<Compiled>(names: ReadonlySet<string> | null, work: () => Compiled): Compiled {
  const before = declared;
  declared = names;
  try {
    return work();
  } finally {
    declared = before;
  }
}

/** Compiles expressions that may name these variables and no others, whether a document comes or not. Error: 17276. */
export function knowing<Compiled>(variables: Doc, work: () => Compiled): Compiled {
  return within(new Set(Object.keys(variables)), work);
}

/** Compiles expressions that may name variables of an operator besides those around it. */
export function declaring<Compiled>(names: readonly string[], work: () => Compiled): Compiled {
  return within(declared === null ? null : new Set([...declared, ...names]), work);
}

/** An operator of these operands: of nothing but constants it is evaluated at once, and refused at once, but {@link unfolded}. */
export function folded(operands: readonly Evaluate[], evaluate: Evaluate): Evaluate {
  if (operands.length === 0 || !operands.every(isKnown)) return evaluate;
  return constant(evaluate({ root: undefined, current: undefined, variables: {} }));
}

function compileDoc(expression: Doc): Evaluate {
  const entries = Object.entries(expression);
  const [name = ''] = Object.keys(expression);
  if (name.startsWith('$')) {
    if (entries.length > 1)
      throw refuse(
        15_983,
        `an object representing an expression must have exactly one field: ${JSON.stringify(expression)}`,
      );
    return source(name)(expression[name], name);
  }
  const fields = entries.map(([field, value]): readonly [string, Evaluate] => {
    if (field.startsWith('$')) throw refuse(15_983, `Unrecognized expression '${field}'`);
    if (field.includes('.'))
      throw refuse(16_412, `FieldPath field names may not contain '.'. Consider using $getField or $setField.`);
    return [field, compile(value)];
  });
  const values = fields.map(([, evaluate]) => evaluate);
  return folded(values, (scope) => {
    const result: Doc = {};
    for (const [field, evaluate] of fields) {
      const value = evaluate(scope);
      if (value !== undefined) assign(result, field, value);
    }
    return result;
  });
}

function compilePath(text: string): Evaluate {
  if (!text.startsWith('$$')) {
    const path = partsOf(text.slice(1));
    return (scope) => lookUp(scope.current, path, 0);
  }
  const [name = '', ...path] = partsOf(text.slice(2));
  switch (name) {
    case 'ROOT':
      return (scope) => lookUp(scope.root, path, 0);
    case 'CURRENT':
      return (scope) => lookUp(scope.current, path, 0);
    case 'REMOVE':
      return () => undefined;
    default:
      if (declared?.has(name) === false) throw undefinedVariable(name);
      return (scope) => {
        if (!Object.hasOwn(scope.variables, name)) throw undefinedVariable(name);
        return lookUp(scope.variables[name], path, 0);
      };
  }
}

/** Variables that MongoDB has, and this server does not everywhere. */
const SERVER_VARIABLES: ReadonlySet<string> = new Set(['NOW', 'CLUSTER_TIME', 'USER_ROLES', 'SEARCH_META', 'JS_SCOPE']);

function undefinedVariable(name: string): ServerError {
  if (SERVER_VARIABLES.has(name))
    return new ServerError('NotImplemented', `The sandbox server has no variable ${name} here`);
  return refuse(17_276, `Use of undefined variable: ${name}`);
}

function partsOf(path: string): readonly string[] {
  if (path === '') throw refuse(16_872, "'$' by itself is not a valid FieldPath");
  const parts = keysOf(path);
  if (parts.includes('')) throw refuse(15_998, 'FieldPath field names may not be empty strings.');
  return parts;
}

/** What a path leads to: of a list on the way, what it leads to in each of its documents. */
function lookUp(value: unknown, path: readonly string[], depth: number): unknown {
  const name = path[depth];
  if (name === undefined) return value;
  if (isDoc(value)) return lookUp(Object.hasOwn(value, name) ? value[name] : undefined, path, depth + 1);
  if (!Array.isArray(value)) return undefined;
  const found: unknown[] = [];
  for (const element of value as unknown[]) {
    const one = isDoc(element) ? lookUp(element, path, depth) : undefined;
    if (one !== undefined) found.push(one);
  }
  return found;
}

/** The scope of a document. */
export function scopeOf(document: unknown, variables: Doc): Scope {
  return { root: document, current: document, variables };
}

/** An operator of a fixed number of operands, which are given as a list, or alone where there is one. */
export function fixed(count: number, apply: (...values: readonly unknown[]) => unknown): Operator {
  return ranged(count, count, apply);
}

/** An operator of `min` to `max` operands. */
export function ranged(min: number, max: number, apply: (...values: readonly unknown[]) => unknown): Operator {
  return (operand, name) => {
    const operands = Array.isArray(operand) ? (operand as unknown[]) : [operand];
    if (operands.length < min || operands.length > max)
      throw refuse(
        min === max ? 16_020 : 28_667,
        min === max
          ? `Expression ${name} takes exactly ${min} arguments. ${operands.length} were passed in.`
          : `Expression ${name} takes at least ${min} arguments, and at most ${max}, but ${operands.length} were passed in.`,
      );
    const compiled = operands.map(compile);
    return folded(compiled, (scope) => apply(...compiled.map((evaluate) => evaluate(scope))));
  };
}

/** An operator of any number of operands, each evaluated when it is asked for: what stands behind one that decides is not evaluated. */
export function variadic(apply: (values: Iterable<unknown>, name: string) => unknown): Operator {
  return (operand, name) => {
    const operands = (Array.isArray(operand) ? (operand as unknown[]) : [operand]).map(compile);
    return folded(operands, (scope) => apply(oneByOne(operands, scope), name));
  };
}

function* oneByOne(operands: readonly Evaluate[], scope: Scope): Generator<unknown> {
  for (const evaluate of operands) yield evaluate(scope);
}

/** The named operands of an operator; those that are not there are `undefined`. Error: `FailedToParse` for one that it does not have. */
export function named<Name extends string>(
  operand: unknown,
  operator: string,
  names: readonly Name[],
  required: readonly Name[],
): Record<Name, Evaluate | undefined> {
  if (!isDoc(operand)) throw new ServerError('FailedToParse', `${operator} only supports an object as its argument`);
  const unknown = Object.keys(operand).find((key) => !names.some((name) => name === key));
  if (unknown !== undefined) throw new ServerError('FailedToParse', `Unrecognized argument to ${operator}: ${unknown}`);
  const missing = required.find((name) => operand[name] === undefined);
  if (missing !== undefined) throw new ServerError('FailedToParse', `Missing '${missing}' parameter to ${operator}`);
  return Object.fromEntries(
    names.map((name) => [name, operand[name] === undefined ? undefined : compile(operand[name])]),
  ) as Record<Name, Evaluate | undefined>;
}

/** True for null and what is missing. */
export function isNil(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
