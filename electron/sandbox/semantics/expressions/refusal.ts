import { ServerError } from '../server-error.ts';

/** A refusal that MongoDB gives a number only. */
export function refuse(code: number, message: string): ServerError {
  return new ServerError(`Location${code}`, message);
}
