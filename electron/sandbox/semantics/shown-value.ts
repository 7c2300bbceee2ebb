import { EJSON } from 'bson';

/** A value as refusals show it. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'missing';
  return EJSON.stringify(value);
}
