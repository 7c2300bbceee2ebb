import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bsonLength } from '#sandbox/semantics/bson-length.ts';
import { decodeExact, encode } from '#sandbox/semantics/values.ts';
import { bsonValue } from '../../support/bson-values.ts';

describe('the length of a value in BSON', () => {
  it('is what writing it comes to, under the keys of numbers too', () => {
    fc.assert(
      fc.property(bsonValue, (one) => {
        const bytes = encode({ '': one, 7: one });
        const exact = decodeExact(bytes);
        expect(bsonLength(exact)).toBe(bytes.length);
        expect(bsonLength({ one })).toBe(encode({ one }).length);
      }),
      { numRuns: 2000 },
    );
  });

  it('counts the places of a long list', () => {
    const list = Array.from({ length: 1234 }, (_, at) => (at % 3 === 0 ? 'ä' : at));
    expect(bsonLength({ list })).toBe(encode({ list }).length);
  });
});
