import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { safeParse } from '#domain/safe-parse.ts';

const schema = z.object({ name: z.string().min(1), tags: z.array(z.string().max(3)).min(1).optional() });

describe('parsing what anyone may have written', () => {
  it('takes what the schema takes', () => {
    expect(safeParse(schema, { name: 'a', tags: ['b'] })).toEqual({ success: true, data: { name: 'a', tags: ['b'] } });
  });

  it.each<{ case: string; value: unknown; path: string }>([
    { case: 'a text', value: { name: { length: { toString: 1, valueOf: 1 } } }, path: 'name.length' },
    { case: 'a list', value: { name: 'a', tags: { length: [Object.create(null)] } }, path: 'tags.length' },
    {
      case: 'an element',
      value: { name: 'a', tags: ['b', { length: { valueOf: null, toString: null } }] },
      path: 'tags.1.length',
    },
    { case: 'a text, as a symbol', value: { name: { length: Symbol('odd') } }, path: 'name.length' },
  ])('names the path where a length that is no number stands in place of $case', ({ value, path }) => {
    const parsed = safeParse(schema, value);
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('throws on what the schema itself throws', () => {
    const broken = z.string().refine(() => {
      throw new Error('a defect');
    });
    expect(() => safeParse(broken, 'a')).toThrow('a defect');
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, maxDepth: 3 }), (anything) => {
        expect(safeParse(schema, { name: anything })).toHaveProperty('success');
        expect(safeParse(schema, { name: { length: anything } }).success).toBe(false);
      }),
    );
  });
});
