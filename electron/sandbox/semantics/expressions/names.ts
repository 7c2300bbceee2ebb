import { ServerError } from '../server-error.ts';
import { refuse } from './refusal.ts';

/** Refuses what is no name of a variable that a client may give. @param context what comes in front of the message. Error: `FailedToParse`. */
export function refuseVariableName(name: unknown, context = ''): void {
  const fail = (message: string): never => {
    throw new ServerError('FailedToParse', `${context}${message}`);
  };
  if (typeof name !== 'string' || name === '') return fail('empty variable names are not allowed');
  if (!/^[a-z\u0080-\u{10ffff}]/u.test(name))
    fail(`'${name}' starts with an invalid character for a user variable name`);
  if (!/^[A-Za-z0-9_\u0080-\u{10ffff}]*$/u.test(name))
    fail(`'${name}' contains an invalid character for a variable name`);
}

/** Refuses what is no path of fields. Errors: 40352, 40353, 15998, 16410. */
export function refuseFieldPath(path: string): void {
  if (path === '') throw refuse(40_352, 'FieldPath cannot be constructed with empty string');
  if (path.endsWith('.')) throw refuse(40_353, "FieldPath must not end with a '.'.");
  const names = path.split('.');
  if (names.includes('')) throw refuse(15_998, 'FieldPath field names may not be empty strings.');
  if (names.some((name) => name.startsWith('$')))
    throw refuse(16_410, "FieldPath field names may not start with '$'. Consider using $getField or $setField.");
}
