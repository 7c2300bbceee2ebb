import { Int32 } from 'bson';
import { calculate } from './calculation.ts';
import { compareNumbers, numberKind, toBig, workingWhole } from './numbers.ts';
import { ServerError } from './server-error.ts';
import { typeNameOf } from './type-operator.ts';
import { shownValue } from './shown-value.ts';
import { isDoc } from './values.ts';

/** Where a value stands that an operator changes, as refusals name it. */
export interface Place {
  readonly id: unknown;
  readonly name: string;
}

/**
 * What `$inc` or `$mul` makes of a value with MongoDB's types: two ints give an int, or a long where it does not fit; a long a long;
 * a double a double; a decimal a decimal. An equal number of the same type stays as it was written (MongoDB's `SafeNum::isIdentical`):
 * 0 times -1 is no -0, and 1.0 and 0.00 are 1.0. Errors: `TypeMismatch`, `BadValue` where a long overflows.
 */
export function changedNumber(operator: '$inc' | '$mul', current: unknown, operand: unknown, place: Place): unknown {
  if (numberKind(operand) === null) {
    const verb = operator === '$inc' ? 'increment' : 'multiply';
    throw new ServerError(
      'TypeMismatch',
      `Cannot ${verb} with non-numeric argument: {${place.name}: ${shownValue(operand)}}`,
    );
  }
  // Nothing is multiplied as an int 0: times -1.5 it is -0, times 1.50 it is 0.00, and times what is infinite no number.
  if (current === undefined) return operator === '$inc' ? operand : calculate('times', operand, new Int32(0));
  const given = numberKind(current);
  if (given === null)
    throw new ServerError(
      'TypeMismatch',
      `Cannot apply ${operator} to a value of non-numeric type. {_id: ${shownValue(place.id)}} has the field '${place.name}' of non-numeric type ${typeNameOf(current)}`,
    );
  const changed = calculate(operator === '$inc' ? 'plus' : 'times', current, operand);
  if (changed !== null)
    return numberKind(changed) === given && compareNumbers(changed, current) === 0 ? current : changed;
  throw new ServerError(
    'BadValue',
    `Failed to apply ${operator} operations to current value ((${given === 'long' ? 'NumberLong' : 'NumberInt'})${String(toBig(current))}) for document {_id: ${shownValue(place.id)}}`,
  );
}

/** What `$bit` makes of a value. Errors: `BadValue`, for what is no int or long. */
export function changedBits(current: unknown, operand: unknown, place: Place): unknown {
  if (!isDoc(operand))
    throw new ServerError(
      'BadValue',
      `The $bit modifier is not compatible with a ${typeNameOf(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    );
  if (Object.keys(operand).length === 0)
    throw new ServerError(
      'BadValue',
      'You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}',
    );
  let value: unknown = current ?? new Int32(0);
  for (const [name, mask] of Object.entries(operand)) {
    if (name !== 'and' && name !== 'or' && name !== 'xor')
      throw new ServerError(
        'BadValue',
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: ${shownValue(mask)}}`,
      );
    const kinds = [numberKind(value), numberKind(mask)];
    if (kinds[1] !== 'int' && kinds[1] !== 'long')
      throw new ServerError(
        'BadValue',
        `The $bit modifier field must be an Integer(32/64 bit); a '${typeNameOf(mask)}' is not supported here: {${name}: ${shownValue(mask)}}`,
      );
    if (current === null || (kinds[0] !== 'int' && kinds[0] !== 'long'))
      throw new ServerError(
        'BadValue',
        `Cannot apply $bit to a value of non-integral type._id: ${shownValue(place.id)} has the field ${place.name} of non-integer type ${typeNameOf(current)}`,
      );
    const [a, b] = [toBig(value), toBig(mask)];
    value = workingWhole(name === 'and' ? a & b : name === 'or' ? a | b : a ^ b, kinds.includes('long'));
  }
  return value;
}
