import { z } from 'zod';

/** A JSON pointer (RFC 6901): empty for the whole, otherwise `/name/0/name` with `~1` for a slash and `~0` for a tilde. */
export const jsonPointerSchema = z.string().regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'not a JSON pointer, such as /output/0');

/** What a pointer names in a value; undefined where nothing stands there. Own fields only. */
export function valueAt(value: unknown, pointer: string): unknown {
  if (pointer === '') return value;
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((current, part) => {
      if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
      return (current as Readonly<Record<string, unknown>>)[part];
    }, value);
}

/** The text or number that a pointer names, as text, a number with every digit that it was written with; null where there is none. */
export function textAt(value: unknown, pointer: string): string | null {
  const found = valueAt(value, pointer);
  if (JSON.isRawJSON(found)) return found.rawJSON;
  return typeof found === 'string' || typeof found === 'number' ? String(found) : null;
}
