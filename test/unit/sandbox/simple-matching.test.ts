import { BSONRegExp, Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matcherOf } from '#sandbox/semantics/matching.ts';
import { simpleMatcher } from '#sandbox/semantics/simple-matching.ts';
import type { Doc } from '#sandbox/semantics/values.ts';

const id = fc.constantFrom('a'.repeat(24), 'b'.repeat(24)).map((hex) => new ObjectId(hex));
const plain = fc.oneof(
  fc.integer({ min: -2, max: 2 }).map((number) => new Int32(number)),
  fc.constantFrom(-1, 0, -0, 0.5, 1, 2, Number.POSITIVE_INFINITY).map((number) => new Double(number)),
  fc.integer({ min: -2, max: 2 }).map((number) => Long.fromNumber(number)),
  fc.constantFrom('', 'a', 'b', '1'),
  fc.boolean(),
  id,
  fc.integer({ min: 0, max: 2 }).map((ms) => new Date(ms)),
);
const odd = fc.constantFrom<unknown>(
  null,
  undefined,
  new Double(Number.NaN),
  Decimal128.fromString('1'),
  new MinKey(),
  new MaxKey(),
  new Timestamp({ t: 0, i: 1 }),
  new Binary(Buffer.from('a')),
  new BSONRegExp('a', ''),
  { a: new Int32(1) },
  {},
);
const scalar = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: odd });
const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(fc.array(scalar, { maxLength: 2 }), { maxLength: 2 }) },
);
const document = fc.record({ a: value, b: value }, { requiredKeys: [] });
const condition = fc.oneof(
  plain,
  fc.record({ $eq: plain }),
  fc.record({ $gt: plain, $lte: plain }, { requiredKeys: [] }),
  fc.record({ $gte: plain, $lt: plain }, { requiredKeys: ['$lt'] }),
);
const filter = fc.record({ a: condition, b: condition }, { requiredKeys: [] });

function decidedAlike(given: Doc, one: Doc): boolean {
  const decided = simpleMatcher(given)?.(one) ?? null;
  return decided === null || decided === matcherOf(given)(one);
}

describe('matching simple filters without the general matcher', () => {
  it('decides every document as the general matcher does, or leaves it to that one', () => {
    fc.assert(
      fc.property(filter, document, (given, one) => {
        expect(decidedAlike(given, one)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('decides the usual ones itself', () => {
    const usual = simpleMatcher({ a: 'x', n: { $gte: new Int32(1), $lt: new Double(2.5) } });
    expect(usual?.({ a: 'x', n: Long.fromNumber(2) })).toBe(true);
    expect(usual?.({ a: ['y', 'x'], n: [new Int32(9), new Int32(1)] })).toBe(true);
    expect(usual?.({ a: 'x', n: new Double(2.5) })).toBe(false);
    expect(usual?.({ a: 'x' })).toBe(false);
  });

  it('leaves what it does not know', () => {
    for (const given of [
      { $or: [] },
      { 'a.b': 1 },
      { a: null },
      { a: { b: 1 } },
      { a: [1] },
      { a: { $ne: 1 } },
      { a: {} },
    ])
      expect(simpleMatcher(given)).toBeNull();
  });
});
