import { Decimal128, Double, EJSON, Int32, Long } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import type { Doc } from '#sandbox/semantics/values.ts';

const run = (stages: readonly Doc[], documents: readonly Doc[]): readonly Doc[] =>
  runPipeline(stages, documents, { variables: {}, collection: () => [] });

const whole = fc.oneof(
  fc.integer({ min: -5, max: 5 }).map((value) => new Int32(value)),
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }).map((value) => Long.fromBigInt(value)),
);
const double = fc.oneof(
  fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }).map((value) => new Double(value / 1000)),
  fc.constantFrom(0.1, 0.2, -0.3, 1e16, -1e16, -0, 3).map((value) => new Double(value)),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY).map((value) => new Double(value)),
);
const other = fc.constantFrom<unknown>(null, 'x', true, Decimal128.fromString('0.10'), Decimal128.fromString('7'));
const value = fc.oneof(
  { weight: 4, arbitrary: whole },
  { weight: 6, arbitrary: double },
  { weight: 1, arbitrary: other },
);
const bounds = fc.tuple(fc.integer({ min: -4, max: 2 }), fc.nat(4)).map(([from, length]) => [from, from + length]);

/** What the operator makes of all values of the window, listed anew for each document. */
const ANEW: Readonly<Record<string, unknown>> = {
  $sum: { $sum: '$all' },
  $avg: { $avg: '$all' },
  $min: { $min: '$all' },
  $max: { $max: '$all' },
  $count: { $size: '$all' },
  $first: { $ifNull: [{ $first: '$all' }, null] },
  $last: { $ifNull: [{ $last: '$all' }, null] },
};

describe('a window that slides', () => {
  it.each(Object.entries(ANEW))('gives for %s what is reckoned anew from all that is in it', (name, anew) => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 12 }), bounds, (values, documents) => {
        const given = values.map((v, at): Doc => ({ _id: new Int32(at), v }));
        const window = { documents };
        const output = {
          value: { [name]: name === '$count' ? {} : '$v', window },
          all: { $push: '$v', window },
        };
        const stages = [{ $setWindowFields: { sortBy: { _id: 1 }, output } }, { $set: { anew } }];
        for (const result of run(stages, given))
          expect(EJSON.stringify(result['value'], { relaxed: false })).toBe(
            EJSON.stringify(result['anew'], { relaxed: false }),
          );
      }),
      { numRuns: 300 },
    );
  });

  it('costs the same for each document, however much is in it', () => {
    const given = Array.from({ length: 10_000 }, (_none, at): Doc => ({ _id: at, v: (at * 7919) % 1000 }));
    const window = { documents: [-5000, 0] };
    const output = Object.fromEntries(
      Object.keys(ANEW).map((name) => [name.slice(1), { [name]: name === '$count' ? {} : '$v', window }]),
    );
    // Reckoned anew this would be hundreds of millions of additions, and the test would run out of its time.
    const last = run([{ $setWindowFields: { sortBy: { _id: 1 }, output } }], given).at(-1);
    expect(last).toMatchObject({
      count: 5001,
      first: (4999 * 7919) % 1000,
      min: 0,
      max: 999,
      last: (9999 * 7919) % 1000,
    });
  });
});
