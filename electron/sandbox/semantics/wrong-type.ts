import { ServerError } from './server-error.ts';
import { typeNameOf } from './type-operator.ts';

/** MongoDB's refusal (`TypeMismatch`) of a field whose value is of another type than the one that is expected, named as `$type` names it. */
export function wrongType(place: string, value: unknown, expected: string): ServerError {
  return new ServerError(
    'TypeMismatch',
    `BSON field '${place}' is the wrong type '${typeNameOf(value)}', expected type '${expected}'`,
  );
}
