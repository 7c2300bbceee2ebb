import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalInput } from '#domain/canonical-input.ts';

const json = fc.jsonValue({ maxDepth: 4 });
const options = fc.dictionary(fc.string({ maxLength: 6 }), json, { maxKeys: 6 });

/** The same value with the keys of every object put in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, field]) => [key, reordered(field)]),
  );
}

function hash(prompt: string, given: unknown): string {
  return createHash('sha256')
    .update(canonicalInput({ prompt, options: given as Record<string, unknown> }))
    .digest('hex');
}

describe('the input hash', () => {
  it('does not change with the order of keys, at any depth', () => {
    fc.assert(
      fc.property(fc.string(), options, (prompt, given) => {
        expect(hash(prompt, reordered(given))).toBe(hash(prompt, given));
      }),
    );
  });

  it('is taken over JSON that says what the input says, so that two inputs with one text ask for the same', () => {
    fc.assert(
      fc.property(fc.string(), options, (prompt, given) => {
        const text = canonicalInput({ prompt, options: given });
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ options: given, prompt })));
      }),
    );
  });

  it('changes with the prompt and with every option', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), json, json, (one, other, left, right) => {
        const isSame = one === other && JSON.stringify(reordered(left)) === JSON.stringify(reordered(right));
        fc.pre(!isSame);
        const isEqual = canonicalInput({ prompt: one, options: { a: left } });
        const text = canonicalInput({ prompt: other, options: { a: right } });
        // Equal texts are allowed only where the parsed values are equal too, whatever order their keys had.
        expect(isEqual === text).toBe(
          one === other && JSON.stringify(JSON.parse(isEqual)) === JSON.stringify(JSON.parse(text)),
        );
      }),
    );
  });

  it.each<{ case: string; given: Record<string, unknown>; text: string }>([
    {
      case: 'keys by code unit, not by language',
      given: { ä: 1, b: 2, B: 3, a: 4 },
      text: '{"B":3,"a":4,"b":2,"ä":1}',
    },
    { case: 'an absent option as none', given: { a: undefined }, text: '{}' },
    { case: 'null as null', given: { a: null }, text: '{"a":null}' },
    {
      case: 'a list in its order, an absent element as null',
      given: { a: [2, undefined, 1] },
      text: '{"a":[2,null,1]}',
    },
    { case: 'a date as its text in UTC', given: { a: new Date(0) }, text: '{"a":"1970-01-01T00:00:00.000Z"}' },
    { case: 'minus zero as zero', given: { a: -0 }, text: '{"a":0}' },
    {
      case: 'a key that is __proto__ as a key',
      given: Object.defineProperty({}, '__proto__', { value: { x: 1 }, enumerable: true }),
      text: '{"__proto__":{"x":1}}',
    },
  ])('$case', ({ given, text }) => {
    expect(canonicalInput({ prompt: '', options: given })).toBe(`{"options":${text},"prompt":""}`);
  });
});
