import { expect, it } from 'vitest';
import { z } from 'zod';
import { reasonOf } from '#domain/issue-words.ts';

it.each([
  { what: 'a field that is missing', schema: z.string(), value: undefined, says: 'is missing' },
  { what: 'a number for a text', schema: z.string(), value: 7, says: 'is a number where a text is expected' },
  { what: 'a fraction', schema: z.int(), value: 1.5, says: 'is a number where a whole number is expected' },
  { what: 'a text for a time', schema: z.date(), value: 'x', says: 'is a text where a time is expected' },
  { what: 'no time', schema: z.date(), value: new Date(NaN), says: 'is no time where a time is expected' },
  { what: 'nothing for a document', schema: z.object({}), value: null, says: 'is null where a document is expected' },
  { what: 'another word', schema: z.enum(['queued', 'running']), value: 'x', says: 'is none of queued, running' },
  {
    what: 'a state that there is not',
    schema: z.discriminatedUnion('state', [
      z.object({ state: z.literal('queued') }),
      z.object({ state: z.literal('failed') }),
    ]),
    value: { state: 'done' },
    says: 'is none of queued, failed',
  },
  { what: 'another value', schema: z.literal(1), value: 2, says: 'is not 1' },
  { what: 'too small a number', schema: z.int().min(0), value: -1, says: 'is less than 0' },
  { what: 'zero for what is above it', schema: z.int().positive(), value: 0, says: 'is not more than 0' },
  { what: 'too long a text', schema: z.string().max(2), value: 'abc', says: 'has more than 2 characters' },
  { what: 'too short a list', schema: z.array(z.int()).min(1), value: [], says: 'has fewer than 1 elements' },
  {
    what: 'none of two forms',
    schema: z.union([z.string(), z.number()]),
    value: null,
    says: 'has none of the forms that it may have',
  },
  {
    what: 'a field that nobody knows',
    schema: z.strictObject({}),
    value: { colour: 1 },
    says: 'has fields that nobody knows: colour',
  },
])('a reader is told in words of $what', ({ schema, value, says }) => {
  expect(schema.safeParse(value).error?.issues.map(reasonOf)).toEqual([says]);
});
