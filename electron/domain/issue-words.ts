import type { z } from 'zod';

/** What a value is called in a sentence, by the name that its schema has for its type. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  bigint: 'a whole number',
  boolean: 'true or false',
  date: 'a time',
  Date: 'no time',
  object: 'a document',
  record: 'a document',
  array: 'a list',
  NaN: 'not a number',
};

/** The most values that are told where one of them is expected. */
const VALUES_MAX = 12;

/**
 * Why a value is not as its schema has it, as what a sentence says of the value: `is missing`, `is a number where a text is expected`,
 * `is none of queued, running`. What the schema says in words of its own stays.
 */
export function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const received = / received (.+)$/.exec(issue.message)?.[1];
      if (received === undefined) return issue.message;
      if (received === 'undefined') return 'is missing';
      return `is ${wordOf(received)} where ${wordOf(issue.expected)} is expected`;
    }
    case 'invalid_value':
      return noneOf(issue.values);
    case 'invalid_union':
      // Where one field tells the forms apart, the library names them in its sentence only.
      return issue.errors.length === 0
        ? noneOf([...issue.message.matchAll(/'([^']*)'/g)].map(([, form]) => form))
        : 'has none of the forms that it may have';
    case 'unrecognized_keys':
      return `has fields that nobody knows: ${issue.keys.slice(0, VALUES_MAX).join(', ')}`;
    case 'too_small':
      if (isNumber(issue.origin)) return `is ${issue.inclusive === false ? 'not more' : 'less'} than ${issue.minimum}`;
      return lengthWords(issue.origin, 'fewer', issue.minimum) ?? issue.message;
    case 'too_big':
      if (isNumber(issue.origin)) return `is ${issue.inclusive === false ? 'not less' : 'more'} than ${issue.maximum}`;
      return lengthWords(issue.origin, 'more', issue.maximum) ?? issue.message;
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
      return issue.message;
  }
}

function noneOf(values: readonly unknown[]): string {
  const [first = '', ...others] = values.map(String);
  if (others.length === 0) return `is not ${first}`;
  const more = others.length < VALUES_MAX ? '' : ' and others';
  return `is none of ${[first, ...others].slice(0, VALUES_MAX).join(', ')}${more}`;
}

function isNumber(origin: string): boolean {
  return origin === 'number' || origin === 'int' || origin === 'bigint';
}

/** How a length is overstepped; null of what has none. */
function lengthWords(origin: string, than: 'fewer' | 'more', bound: number | bigint): string | null {
  if (origin === 'string') return `has ${than} than ${bound} characters`;
  if (origin === 'array') return `has ${than} than ${bound} elements`;
  return null;
}

function wordOf(type: string): string {
  return TYPE_WORDS[type] ?? type;
}
