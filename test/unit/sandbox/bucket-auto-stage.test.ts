import { Double, Long, EJSON } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { CAKES, plain, refusalOf, runStage } from '../../support/one-stage.ts';

describe('$bucketAuto', () => {
  const numbers = (...all: readonly unknown[]): readonly Doc[] => all.map((n) => ({ n }));
  const buckets = (more: Doc, documents: readonly Doc[]): readonly unknown[] =>
    runStage({ $bucketAuto: { groupBy: '$n', ...more } }, documents).map(({ _id, ...fields }) => {
      const { min, max } = plain(_id) as { min: unknown; max: unknown };
      return [min, max, ...Object.values(fields)];
    });
  const hundred = numbers(...Array.from({ length: 100 }, (_none, at) => at));

  it.each<[name: string, more: Doc, documents: readonly Doc[], expected: readonly unknown[]]>([
    [
      'of one size',
      { buckets: 4 },
      numbers(1, 2, 3, 4, 5, 6, 7, 8),
      [
        [1, 3, 2],
        [3, 5, 2],
        [5, 7, 2],
        [7, 8, 2],
      ],
    ],
    [
      'that keep equal values together',
      { buckets: 3 },
      numbers(1, 1, 1, 1, 2, 3),
      [
        [1, 2, 4],
        [2, 3, 2],
      ],
    ],
    [
      'with what is missing first',
      { buckets: 2 },
      [{ n: 5 }, {}, { n: null }],
      [
        [null, 5, 2],
        [5, 5, 1],
      ],
    ],
    [
      'by 1-2-5, as in the manual',
      { buckets: 5, granularity: '1-2-5' },
      hundred,
      [
        [0, 20, 20],
        [20, 50, 30],
        [50, 100, 50],
      ],
    ],
    [
      'by R20, as in the manual',
      { buckets: 5, granularity: 'R20' },
      hundred,
      [
        [0, 20, 20],
        [20, 40, 20],
        [40, 63, 23],
        [63, 90, 27],
        [90, 100, 10],
      ],
    ],
    [
      'by E24, as in the manual',
      { buckets: 5, granularity: 'E24' },
      hundred,
      [
        [0, 20, 20],
        [20, 43, 23],
        [43, 68, 25],
        [68, 91, 23],
        [91, 100, 9],
      ],
    ],
    [
      'by powers of two, as in the manual',
      { buckets: 5, granularity: 'POWERSOF2' },
      hundred,
      [
        [0, 32, 32],
        [32, 64, 32],
        [64, 128, 36],
      ],
    ],
    [
      'that begin below the first value',
      { buckets: 1, granularity: 'E6' },
      numbers(5, 6),
      [[4.7, 6.800000000000001, 2]],
    ],
    ['with fields', { buckets: 1, output: { all: { $push: '$n' } } }, numbers(2, 1), [[1, 2, [1, 2]]]],
    ['of nothing', { buckets: 3 }, [], []],
  ])('makes buckets %s', (_name, more, documents, expected) => {
    expect(buckets(more, documents)).toEqual(expected);
  });

  it('keeps the types of numbers', () => {
    const [bucket] = runStage(
      { $bucketAuto: { groupBy: '$n', buckets: 1 } },
      numbers(Long.fromNumber(1), new Double(2)),
    );
    expect(EJSON.stringify(bucket, { relaxed: false })).toContain(
      '{"min":{"$numberLong":"1"},"max":{"$numberDouble":"2.0"}}',
    );
  });

  it.each<[name: string, given: unknown, code: number]>([
    ['what is no document', 1, 40_240],
    ['an option that nobody has', { groupBy: '$n', buckets: 1, other: 1 }, 40_245],
    ['no number of buckets', { groupBy: '$n' }, 40_246],
    ['a constant', { groupBy: 'n', buckets: 1 }, 40_239],
    ['no bucket', { groupBy: '$n', buckets: 0 }, 40_243],
    ['half a bucket', { groupBy: '$n', buckets: 1.5 }, 40_242],
    ['a word for a number', { groupBy: '$n', buckets: 'many' }, 40_241],
    ['an output of nothing', { groupBy: '$n', buckets: 1, output: 1 }, 40_244],
    ['a granularity that nobody has', { groupBy: '$n', buckets: 1, granularity: 'R7' }, 40_257],
    ['to round a text', { groupBy: '$type', buckets: 1, granularity: 'R5' }, 40_258],
    ['to round a negative number', { groupBy: { $subtract: [0, '$price'] }, buckets: 1, granularity: 'R5' }, 40_260],
  ])('refuses %s', (_name, given, code) => {
    expect(refusalOf({ $bucketAuto: given }, CAKES)).toBe(code);
  });
});
