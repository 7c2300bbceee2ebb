import { Context, OpType, evalExpr } from 'mingo/core';
import * as expressionOperators from 'mingo/operators/expression';
import { Double, Int32, Long } from 'bson';
import { workingDouble } from '../numbers.ts';
import { isDoc, toComparable } from '../values.ts';
import { compile, type Evaluate, type Operator, type Scope } from './compile.ts';

const LIBRARY = Context.init({ expression: { ...expressionOperators } });
const OPTIONS = {
  idKey: '_id',
  context: LIBRARY,
  scriptEnabled: false,
  useStrictMode: true,
  failOnError: true,
  processingMode: 0,
};
/** Operators that would run a client's program. */
const REFUSED = new Set(['$function', '$accumulator', '$sampleRate', '$toHashedIndexKey', '$sigmoid']);
/** Operators whose numbers are doubles whatever they are. */
const DOUBLES = /^\$(a?(sin|cos|tan)h?|atan2|degreesToRadians|radiansToDegrees|rand)$/;

/** An operator of the library, which is given values and no expressions; null where it has none of this name. */
export function libraryOperator(name: string): Operator | null {
  if (REFUSED.has(name) || LIBRARY.getOperator(OpType.EXPRESSION, name) === null) return null;
  return (operand) => {
    const values = valuesOf(operand);
    return (scope) => {
      const result: unknown = evalExpr({}, { [name]: values(scope) }, OPTIONS);
      return typeof result === 'number' && DOUBLES.test(name) ? workingDouble(result) : result;
    };
  };
}

/** Named operands and lists of operands one by one, each as a literal. */
function valuesOf(operand: unknown): (scope: Scope) => unknown {
  if (Array.isArray(operand)) {
    const all = (operand as unknown[]).map(literal);
    return (scope) => all.map((one) => one(scope));
  }
  const isNamed = isDoc(operand) && !(Object.keys(operand)[0] ?? '$').startsWith('$');
  if (!isNamed) return literal(operand);
  const entries = Object.entries(operand).map(([key, value]): readonly [string, Evaluate] => [key, literal(value)]);
  return (scope) => Object.fromEntries(entries.map(([key, value]) => [key, value(scope)]));
}

/** Numbers as JavaScript's, for the library knows no others. */
function literal(operand: unknown): Evaluate {
  const evaluate = compile(operand);
  return (scope) => {
    const value = evaluate(scope);
    const isNumber = value instanceof Double || value instanceof Long || value instanceof Int32;
    const plain = isNumber ? toComparable(value) : value;
    return typeof plain === 'string' || isDoc(plain) || Array.isArray(plain) ? { $literal: plain } : plain;
  };
}
