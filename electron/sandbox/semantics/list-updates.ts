import type { Collation } from './collation.ts';
import { isEqual } from './compare.ts';
import { sortOf } from './element-order.ts';
import { isOperators, valueConditions, type MatchContext } from './field-conditions.ts';
import { matcherOf } from './matching.ts';
import { isWhole, numberKind, toDouble } from './numbers.ts';
import { patternOf } from './regular-expressions.ts';
import { ServerError } from './server-error.ts';
import { shownValue } from './shown-value.ts';
import { typeNameOf } from './type-operator.ts';
import { isDoc } from './values.ts';
import type { Place } from './arithmetic-updates.ts';

/** The list that stands at a place, a new one where nothing does. Error: `BadValue`. */
function listAt(current: unknown, { id, name }: Place): readonly unknown[] {
  if (current === undefined) return [];
  if (Array.isArray(current)) return current as unknown[];
  throw new ServerError(
    'BadValue',
    `The field '${name}' must be an array but is of type ${typeNameOf(current)} in document {_id: ${shownValue(id)}}`,
  );
}

const MODIFIERS = new Set(['$each', '$slice', '$sort', '$position']);

/** What `$push` makes of a value. Errors: `BadValue`. */
export function pushed(current: unknown, operand: unknown, place: Place, collation: Collation | null): unknown {
  if (!isDoc(operand) || !Object.hasOwn(operand, '$each')) return [...listAt(current, place), operand];
  const unknown = Object.keys(operand).find((name) => !MODIFIERS.has(name));
  if (unknown !== undefined) throw new ServerError('BadValue', `Unrecognized clause in $push: ${unknown}`);
  const { $each, $slice, $sort, $position } = operand;
  if (!Array.isArray($each))
    throw new ServerError(
      'BadValue',
      `The argument to $each in $push must be an array but it was of type: ${typeNameOf($each)}`,
    );
  const before = listAt(current, place);
  const at = $position === undefined ? before.length : positionOf($position, before.length);
  let list = [...before.slice(0, at), ...($each as unknown[]), ...before.slice(at)];
  if ($sort !== undefined) list = list.sort(sortOf($sort, collation));
  if ($slice === undefined) return list;
  const count = wholeOf('$slice', $slice);
  return count >= 0 ? list.slice(0, count) : list.slice(count);
}

function positionOf(given: unknown, length: number): number {
  const at = wholeOf('$position', given);
  return at < 0 ? Math.max(0, length + at) : Math.min(at, length);
}

function wholeOf(name: string, value: unknown): number {
  if (numberKind(value) === null || !isWhole(value))
    throw new ServerError(
      'BadValue',
      `The value for ${name} must be an integer value but was given type: ${typeNameOf(value)}`,
    );
  return toDouble(value);
}

/** What `$addToSet` makes of a value. */
export function addedToSet(current: unknown, operand: unknown, place: Place, collation: Collation | null): unknown {
  const isEach = isDoc(operand) && Object.keys(operand)[0] === '$each';
  const given = isEach ? operand['$each'] : [operand];
  if (!Array.isArray(given))
    throw new ServerError(
      'TypeMismatch',
      `The argument to $each in $addToSet must be an array but it was of type ${typeNameOf(given)}`,
    );
  if (isEach && Object.keys(operand).length > 1)
    throw new ServerError('BadValue', `Found unexpected fields after $each in $addToSet: ${shownValue(operand)}`);
  if (current !== undefined && !Array.isArray(current))
    throw new ServerError(
      'BadValue',
      `Cannot apply $addToSet to non-array field. Field named '${place.name}' has non-array type ${typeNameOf(current)}`,
    );
  const list: unknown[] = [...((current as readonly unknown[] | undefined) ?? [])];
  for (const one of given as unknown[]) if (!list.some((other) => isEqual(other, one, collation))) list.push(one);
  return list;
}

/** What `$pop` makes of a value that is there. */
export function popped(current: unknown, operand: unknown, place: Place): unknown {
  if (!Array.isArray(current))
    throw new ServerError(
      'TypeMismatch',
      `Path '${place.name}' contains an element of non-array type '${typeNameOf(current)}'`,
    );
  return numberKind(operand) !== null && toDouble(operand) === -1 ? current.slice(1) : current.slice(0, -1);
}

/** Which elements `$pull` takes. */
export function pullTest(operand: unknown, collation: Collation | null): (value: unknown) => boolean {
  const context: MatchContext = { collation, filter: (filter) => matcherOf(filter, {}, collation) };
  if (isOperators(operand) && !LOGICAL.has(Object.keys(operand)[0] ?? '')) return valueConditions(operand, context);
  if (isDoc(operand)) {
    const matches = matcherOf(operand, {}, collation);
    return (value) => isDoc(value) && matches(value);
  }
  if (patternOf(operand) !== null) return valueConditions({ $in: [operand] }, context);
  // A value is an element itself: lists among the elements that hold it stay.
  return (value) => isEqual(value, operand, collation);
}

/** Operators that stand beside the fields of elements. */
const LOGICAL: ReadonlySet<string> = new Set(['$and', '$or', '$nor', '$expr']);

/** What `$pull` or `$pullAll` makes of a value that is there. Error: `BadValue`. */
export function pulled(current: unknown, isTaken: (value: unknown) => boolean): unknown {
  if (!Array.isArray(current)) throw new ServerError('BadValue', 'Cannot apply $pull to a non-array value');
  return (current as unknown[]).filter((value) => !isTaken(value));
}
