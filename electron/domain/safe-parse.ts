import { z } from 'zod';
import { reasonOf } from './issue-words.ts';

/** A value as its schema has it, or what does not fit. */
export type SafeParsed<Value> =
  | { readonly success: true; readonly data: Value; readonly error?: undefined }
  | { readonly success: false; readonly data?: undefined; readonly error: z.ZodError };

/**
 * What a schema reads in a value of anyone's, told rather than thrown. The library's own `safeParse` asks a bound of a
 * length (`min`, `max`) of whatever has a field `length`, a document too where a text should be, and comparing one that
 * hides how it becomes a number throws: one document such as `{ length: { toString: 1 } }` would stop who reads it.
 * @returns the value as the schema has it, or its issues; where such a length is in the way, the one issue that names its path
 * @throws what the schema itself throws of a value without one, which is a defect of the schema
 */
export function safeParse<Schema extends z.ZodType>(schema: Schema, value: unknown): SafeParsed<z.output<Schema>> {
  try {
    return schema.safeParse(value);
  } catch (cause) {
    const path = pathOfOddLength(value, new Set());
    if (path === null) throw cause;
    return {
      success: false,
      error: new z.ZodError([
        { code: 'custom', path: [...path], message: 'Invalid input: length is no number', input: value },
      ]),
    };
  }
}

/** The first of what does not fit, for a reader: its place, and why. */
export function firstIssueOf({ issues: [issue] }: Pick<z.ZodError, 'issues'>): string {
  return issue === undefined ? '' : `${issue.path.map(String).join('.')} ${reasonOf(issue)}`.trimStart();
}

/** The same in the library's own words: messages of failures are grouped by theirs, and groups that were decided about would part. */
export function firstFailureOf({ issues: [issue] }: Pick<z.ZodError, 'issues'>): string {
  return `${issue?.path.map(String).join('.') ?? ''} ${issue?.message ?? ''}`;
}

/** Where the first length stands that compares with no number; null where none does. */
function pathOfOddLength(value: unknown, above: Set<object>): readonly PropertyKey[] | null {
  if (typeof value !== 'object' || value === null || above.has(value)) return null;
  if ('length' in value && !isComparable(value.length)) return ['length'];
  above.add(value);
  for (const [name, inside] of Object.entries(value)) {
    const path = pathOfOddLength(inside, above);
    if (path !== null) return [name, ...path];
  }
  above.delete(value);
  return null;
}

function isComparable(length: unknown): boolean {
  try {
    Number(length);
    return true;
  } catch {
    return false;
  }
}
