import { compareValues } from '../compare.ts';
import { isTrue } from '../field-conditions.ts';
import { nameOf } from '../field-names.ts';
import { ServerError } from '../server-error.ts';
import { isDoc, typeRank } from '../values.ts';
import {
  compile,
  constant,
  constantOf,
  declaring,
  fixed,
  folded,
  isKnown,
  isNil,
  unfolded,
  type Evaluate,
  type Operator,
} from './compile.ts';
import { refuseVariableName } from './names.ts';
import { refuse } from './refusal.ts';

/** Expressions compare by the order of all types; what is missing is below everything but the least key. */
function compareInExpression(left: unknown, right: unknown): number {
  const [a, b] = [typeRank(left), typeRank(right)];
  return a === b ? compareValues(left, right) : a - b;
}

function relation(isMet: (order: number) => boolean): Operator {
  return fixed(2, (left, right) => isMet(compareInExpression(left, right)));
}

const cond: Operator = (operand) => {
  const parts = isDoc(operand) ? partsOf(operand) : operand;
  if (!Array.isArray(parts) || parts.length !== 3)
    throw refuse(
      16_020,
      `Expression $cond takes exactly 3 arguments. ${Array.isArray(parts) ? parts.length : 1} were passed in.`,
    );
  const [test, yes, no] = (parts as unknown[]).map(compile) as [Evaluate, Evaluate, Evaluate];
  return folded([test, yes, no], (scope) => (isTrue(test(scope)) ? yes(scope) : no(scope)));
};

function partsOf(operand: Readonly<Record<string, unknown>>): unknown[] {
  const unknown = Object.keys(operand).find((key) => !['if', 'then', 'else'].includes(key));
  if (unknown !== undefined) throw refuse(17_083, `Unrecognized parameter to $cond: ${unknown}`);
  const codes = { if: 17_080, then: 17_081, else: 17_082 };
  for (const [part, code] of Object.entries(codes))
    if (!Object.hasOwn(operand, part)) throw refuse(code, `Missing '${part}' parameter to $cond`);
  return [operand['if'], operand['then'], operand['else']];
}

/**
 * What is known to be false before a document comes is left out, and so is what stands behind what is known to be true: none of it is
 * evaluated beforehand, as in MongoDB's `ExpressionSwitch::optimize`. `$cond` has no such rule.
 */
const switchCases: Operator = (operand) => {
  if (!isDoc(operand)) throw refuse(40_060, '$switch requires an object as an argument, found: ' + typeof operand);
  const { branches, default: _otherwise, ...others } = operand;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(40_067, `$switch found an unknown argument: ${unknown}`);
  if (!Array.isArray(branches)) throw refuse(40_061, "$switch expected an array for 'branches'");
  if (branches.length === 0) throw refuse(40_068, '$switch requires at least one branch.');
  const otherwise = Object.hasOwn(operand, 'default') ? compile(operand['default']) : null;
  const cases: Case[] = [];
  let isDecided = false;
  for (const branch of (branches as unknown[]).map(branchOf)) {
    if (isDecided) {
      unfolded(() => [branch.case, branch.then].map(compile));
      continue;
    }
    const test = compile(branch.case);
    const decision = isKnown(test) ? isTrue(constantOf(test)) : null;
    isDecided = decision === true;
    const then = decision === false ? unfolded(() => compile(branch.then)) : compile(branch.then);
    if (decision !== false) cases.push({ test, then });
  }
  if (cases.length === 0 && otherwise === null)
    throw refuse(
      40_069,
      'One cannot execute a switch statement where all the cases evaluate to false without a default.',
    );
  return (scope) => {
    for (const { test, then } of cases) if (isTrue(test(scope))) return then(scope);
    if (otherwise === null)
      throw refuse(40_066, '$switch could not find a matching branch for an input, and no default was specified.');
    return otherwise(scope);
  };
};

interface Case {
  readonly test: Evaluate;
  readonly then: Evaluate;
}

function branchOf(branch: unknown): { readonly case: unknown; readonly then: unknown } {
  if (!isDoc(branch)) throw refuse(40_062, '$switch expected each branch to be an object');
  const unknownPart = Object.keys(branch).find((key) => key !== 'case' && key !== 'then');
  if (unknownPart !== undefined)
    throw refuse(40_063, `$switch found an unknown argument to a branch: '${unknownPart}'`);
  if (!Object.hasOwn(branch, 'case')) throw refuse(40_064, "$switch requires each branch have a 'case' expression");
  if (!Object.hasOwn(branch, 'then')) throw refuse(40_065, "$switch requires each branch have a 'then' expression.");
  return { case: branch['case'], then: branch['then'] };
}

const ifNull: Operator = (operand) => {
  if (!Array.isArray(operand) || operand.length < 2)
    throw new ServerError(
      'Location1257300',
      `$ifNull needs at least two arguments, had: ${Array.isArray(operand) ? operand.length : 1}`,
    );
  const operands = (operand as unknown[]).map(compile);
  return folded(operands, (scope) => {
    let value: unknown;
    for (const evaluate of operands) {
      value = evaluate(scope);
      if (!isNil(value)) return value;
    }
    return value;
  });
};

/** The document that paths begin with may be another one on MongoDB, but not here. */
function refuseOwnVariable(name: string): void {
  if (name === 'CURRENT') throw new ServerError('NotImplemented', 'The sandbox server has no $let of CURRENT');
  refuseVariableName(name);
}

const letIn: Operator = (operand) => {
  if (!isDoc(operand)) throw refuse(16_874, '$let only supports an object as its argument');
  const { vars, in: inner, ...others } = operand;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw refuse(16_875, `Unrecognized parameter to $let: ${unknown}`);
  if (!isDoc(vars)) throw refuse(16_876, "Missing 'vars' parameter to $let");
  if (!Object.hasOwn(operand, 'in')) throw refuse(16_877, "Missing 'in' parameter to $let");
  for (const name of Object.keys(vars)) refuseOwnVariable(nameOf(name));
  const variables = Object.entries(vars).map(([name, value]): readonly [string, Evaluate] => [name, compile(value)]);
  const evaluate = declaring(Object.keys(vars), () => compile(inner));
  return (scope) => {
    const values = Object.fromEntries(variables.map(([name, value]) => [name, value(scope)]));
    return evaluate({ ...scope, variables: { ...scope.variables, ...values } });
  };
};

/** Lazily, as MongoDB does: what stands behind a decided operand is not evaluated. */
function logical(isAll: boolean): Operator {
  return (operand) => {
    const operands = (Array.isArray(operand) ? (operand as unknown[]) : [operand]).map(compile);
    return folded(operands, (scope) =>
      isAll
        ? operands.every((evaluate) => isTrue(evaluate(scope)))
        : operands.some((evaluate) => isTrue(evaluate(scope))),
    );
  };
}

/** Comparing and choosing. */
export const CONDITIONS: Readonly<Record<string, Operator>> = {
  $eq: relation((order) => order === 0),
  $ne: relation((order) => order !== 0),
  $gt: relation((order) => order > 0),
  $gte: relation((order) => order >= 0),
  $lt: relation((order) => order < 0),
  $lte: relation((order) => order <= 0),
  $cmp: fixed(2, (left, right) => Math.sign(compareInExpression(left, right))),
  $and: logical(true),
  $or: logical(false),
  $not: fixed(1, (value) => !isTrue(value)),
  $cond: cond,
  $switch: switchCases,
  $ifNull: ifNull,
  $let: letIn,
  $literal: (operand) => constant(operand),
  $const: (operand) => constant(operand),
  $expr: (operand) => compile(operand),
  $allElementsTrue: setTruth(true),
  $anyElementTrue: setTruth(false),
};

function setTruth(isAll: boolean): Operator {
  return (operand, name) =>
    fixed(1, (list) => {
      if (!Array.isArray(list)) throw refuse(isAll ? 17_040 : 17_041, `${name}'s argument must be an array`);
      return isAll ? (list as unknown[]).every(isTrue) : (list as unknown[]).some(isTrue);
    })(operand, name);
}
