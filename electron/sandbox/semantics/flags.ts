import { ServerError } from './server-error.ts';
import { typeNameOf } from './type-operator.ts';
import { numberOf, type Doc } from './values.ts';

/** A flag that may be told by a number too; false where it is not there. Error: `TypeMismatch`. */
export function flagField(body: Doc, field: string): boolean {
  const value = body[field];
  if (value === undefined || value === null || value === false) return false;
  if (value === true) return true;
  const number = numberOf(value);
  if (number === null)
    throw new ServerError(
      'TypeMismatch',
      `BSON field '${field}' is the wrong type '${typeNameOf(value)}', expected types '[bool, long, int, decimal, double]'`,
    );
  return number !== 0;
}
