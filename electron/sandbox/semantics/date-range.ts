import { ServerError } from './server-error.ts';

/** How far JavaScript's dates reach from 1970 on either side, in milliseconds; MongoDB's go on to the ends of a long. */
export const DATE_MS_MAX = 8.64e15;

/** A time of 64 bits as a date. Error: `NotImplemented` for one that MongoDB has and JavaScript has not. */
export function dateOf(ms: number): Date {
  if (Math.abs(ms) > DATE_MS_MAX) throw refuseFarDate();
  return new Date(ms);
}

/** The refusal of a date that would be read as another one. */
export function refuseFarDate(): ServerError {
  return new ServerError('NotImplemented', 'The sandbox server has no dates more than 8.64e15 milliseconds from 1970');
}
