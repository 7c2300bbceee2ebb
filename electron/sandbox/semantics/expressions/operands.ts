import { ServerError } from '../server-error.ts';
import { isDoc } from '../values.ts';
import { compile, folded, type Evaluate } from './compile.ts';
import { refuse } from './refusal.ts';

/** The numbers of MongoDB's refusals of an operator's named operands. */
export interface OperandCodes<Name extends string> {
  readonly noDocument: number;
  readonly unknown: number;
  /** Of those that must be there. */
  readonly missing: Readonly<Partial<Record<Name, number>>>;
}

/** The named operands of an operator; those that are not there are `undefined`. */
export type Operands<Name extends string> = Readonly<Record<Name, Evaluate | undefined>>;

/** An operator of named operands whose refusals have numbers of their own. */
export function operandsOf<Name extends string>(
  operand: unknown,
  operator: string,
  names: readonly Name[],
  codes: OperandCodes<Name>,
): Operands<Name> {
  if (!isDoc(operand)) throw refuse(codes.noDocument, `${operator} only supports an object as its argument`);
  const unknown = Object.keys(operand).find((key) => !names.some((name) => name === key));
  if (unknown !== undefined) throw refuse(codes.unknown, `Unrecognized argument to ${operator}: ${unknown}`);
  const missing = names.find((name) => codes.missing[name] !== undefined && !Object.hasOwn(operand, name));
  if (missing !== undefined) throw refuse(codes.missing[missing] ?? 0, `Missing '${missing}' parameter to ${operator}`);
  const operands: Partial<Record<Name, Evaluate | undefined>> = {};
  for (const name of names) operands[name] = Object.hasOwn(operand, name) ? compile(operand[name]) : undefined;
  return operands as Operands<Name>;
}

/** What an operator makes of named operands, at once where none of them depends on a document. */
export function evaluated<Name extends string>(operands: Operands<Name>, evaluate: Evaluate): Evaluate {
  const all = Object.values<Evaluate | undefined>(operands).filter((one) => one !== undefined);
  return folded(all, evaluate);
}

/** Operands all of which must be there. */
export function required<Name extends string>(operands: Operands<Name>): Readonly<Record<Name, Evaluate>> {
  for (const [name, operand] of Object.entries(operands))
    if (operand === undefined) throw new ServerError('FailedToParse', `Missing '${name}'`);
  return operands as Readonly<Record<Name, Evaluate>>;
}
