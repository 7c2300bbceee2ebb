import { refuse } from './expressions/refusal.ts';
import { keysOf } from './field-names.ts';

/**
 * The keys of a path that a stage was given for a field of its own. Errors: 15998 for an empty name on the way, 16410 for one that
 * begins with a dollar sign.
 */
export function fieldPathOf(field: string): readonly string[] {
  const names = keysOf(field);
  if (names.includes('')) throw refuse(15_998, 'FieldPath field names may not be empty strings.');
  if (names.some((name) => name.startsWith('$')))
    throw refuse(16_410, "FieldPath field names may not start with '$'. Consider using $getField or $setField.");
  return names;
}
