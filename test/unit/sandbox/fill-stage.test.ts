import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { CAKES, plain, refusalOf, runStage } from '../../support/one-stage.ts';

describe('$fill', () => {
  const sales = [
    { _id: 1, day: 1, bootsSold: 10, score: 4 },
    { _id: 2, day: 2, score: null },
    { _id: 3, day: 5, bootsSold: 40 },
  ];

  it('fills with a value, with the last one and with a line', () => {
    const stage = {
      $fill: {
        sortBy: { day: 1 },
        output: {
          bootsSold: { method: 'linear' },
          score: { method: 'locf' },
          sandals: { value: { $add: ['$day', 1] } },
        },
      },
    };
    expect(plain(runStage(stage, sales))).toEqual([
      { _id: 1, day: 1, bootsSold: 10, score: 4, sandals: 2 },
      { _id: 2, day: 2, score: 4, bootsSold: 17.5, sandals: 3 },
      { _id: 3, day: 5, bootsSold: 40, score: 4, sandals: 6 },
    ]);
  });

  it('fills a field called __proto__ as any other', () => {
    const output = Object.fromEntries([['__proto__', { value: 7 }]]);
    const [filled = {}] = runStage({ $fill: { output } }, [{ _id: 1 }]);
    expect(Object.entries(filled)).toEqual([
      ['_id', 1],
      ['__proto__', 7],
    ]);
  });

  it('leaves a field for which nothing is said as it is', () => {
    expect(runStage({ $fill: { output: { score: {} } } }, sales)).toEqual(sales);
  });

  it('fills each partition from itself', () => {
    const stage = { $fill: { partitionByFields: ['k'], sortBy: { day: 1 }, output: { v: { method: 'locf' } } } };
    const documents = [
      { k: 'a', day: 1, v: 1 },
      { k: 'b', day: 2 },
      { k: 'a', day: 3 },
    ];
    expect(runStage(stage, documents)).toEqual([
      { k: 'a', day: 1, v: 1 },
      { k: 'a', day: 3, v: 1 },
      { k: 'b', day: 2, v: null },
    ]);
  });

  it.each<[name: string, given: Doc, code: number]>([
    ['no output', { sortBy: { day: 1 } }, 40_414],
    ['nothing in the output', { output: {} }, 6_050_203],
    ['a way that is no document', { output: { v: 1 } }, 6_050_200],
    ['a method and a value', { output: { v: { method: 'locf', value: 1 } } }, 6_050_201],
    ['a method that nobody has', { output: { v: { method: 'spline' } } }, 6_050_202],
    ['two ways to part', { partitionBy: '$k', partitionByFields: ['k'], output: { v: { value: 1 } } }, 6_050_204],
    ['a line without an order', { output: { v: { method: 'linear' } } }, 605_001],
  ])('refuses %s', (_name, given, code) => {
    expect(refusalOf({ $fill: given }, CAKES)).toBe(code);
  });
});
