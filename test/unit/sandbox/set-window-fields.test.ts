import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { CAKES, date, plain, refusalOf, runStage } from '../../support/one-stage.ts';

function windows(stage: Doc, documents: readonly Doc[] = CAKES): readonly (readonly [unknown, unknown])[] {
  return runStage({ $setWindowFields: stage }, documents).map(({ _id, value }) => [_id, plain(value)]);
}

const byState = { partitionBy: '$state', sortBy: { orderDate: 1 } };
const year = { $year: '$orderDate' };
const dates = (from: unknown, to: unknown, unit: string): Doc => ({
  ...byState,
  output: { value: { $push: '$orderDate', window: { range: [from, to], unit } } },
});
const ranks = [3, 5, 5, 9].map((score, _id) => ({ _id, score }));

describe('$setWindowFields', () => {
  it.each<[name: string, stage: Doc, documents: readonly Doc[], values: readonly (readonly [unknown, unknown])[]]>([
    [
      'adds up from the beginning of each partition',
      { ...byState, output: { value: { $sum: '$quantity', window: { documents: ['unbounded', 'current'] } } } },
      CAKES,
      [
        [4, 162],
        [0, 282],
        [2, 427],
        [5, 134],
        [3, 238],
        [1, 378],
      ],
    ],
    [
      'takes the mean of a document and the one before',
      {
        partitionBy: year,
        sortBy: { orderDate: 1 },
        output: { value: { $avg: '$quantity', window: { documents: [-1, 0] } } },
      },
      CAKES,
      [
        [5, 134],
        [4, 148],
        [3, 104],
        [0, 112],
        [2, 145],
        [1, 142.5],
      ],
    ],
    [
      'takes the greatest of the whole partition',
      {
        partitionBy: year,
        output: { value: { $max: '$quantity', window: { documents: ['unbounded', 'unbounded'] } } },
      },
      CAKES,
      [
        [4, 162],
        [5, 162],
        [0, 120],
        [3, 120],
        [1, 145],
        [2, 145],
      ],
    ],
    [
      'adds up what lies within a range of its place',
      {
        partitionBy: '$state',
        sortBy: { price: 1 },
        output: { value: { $sum: '$quantity', window: { range: [-10, 10] } } },
      },
      CAKES,
      [
        [2, 265],
        [0, 265],
        [4, 162],
        [3, 244],
        [1, 244],
        [5, 134],
      ],
    ],
    [
      'lists what lies up to ten months ahead',
      dates('unbounded', 10, 'month'),
      CAKES,
      [
        [4, [date('2019-05-18T16:09:01Z')]],
        [0, [date('2019-05-18T16:09:01Z'), date('2020-05-18T14:10:30Z'), date('2021-01-11T06:31:15Z')]],
        [2, [date('2019-05-18T16:09:01Z'), date('2020-05-18T14:10:30Z'), date('2021-01-11T06:31:15Z')]],
        [5, [date('2019-01-08T06:12:03Z')]],
        [3, [date('2019-01-08T06:12:03Z'), date('2020-02-08T13:13:23Z')]],
        [1, [date('2019-01-08T06:12:03Z'), date('2020-02-08T13:13:23Z'), date('2021-03-20T11:30:05Z')]],
      ],
    ],
    [
      'lists what lies up to ten months back, without its own time',
      dates('unbounded', -10, 'month'),
      CAKES,
      [
        [4, []],
        [0, [date('2019-05-18T16:09:01Z')]],
        [2, [date('2019-05-18T16:09:01Z')]],
        [5, []],
        [3, [date('2019-01-08T06:12:03Z')]],
        [1, [date('2019-01-08T06:12:03Z'), date('2020-02-08T13:13:23Z')]],
      ],
    ],
    [
      'looks ahead beyond its own place',
      { sortBy: { _id: 1 }, output: { value: { $push: '$_id', window: { documents: [1, 2] } } } },
      CAKES,
      [
        [0, [1, 2]],
        [1, [2, 3]],
        [2, [3, 4]],
        [3, [4, 5]],
        [4, [5]],
        [5, []],
      ],
    ],
    [
      'counts from its own place to the end',
      { sortBy: { _id: 1 }, output: { value: { $count: {}, window: { documents: ['current', 'unbounded'] } } } },
      CAKES,
      [
        [0, 6],
        [1, 5],
        [2, 4],
        [3, 3],
        [4, 2],
        [5, 1],
      ],
    ],
    [
      'ranks with gaps',
      { sortBy: { score: 1 }, output: { value: { $rank: {} } } },
      ranks,
      [
        [0, 1],
        [1, 2],
        [2, 2],
        [3, 4],
      ],
    ],
    [
      'ranks without gaps',
      { sortBy: { score: 1 }, output: { value: { $denseRank: {} } } },
      ranks,
      [
        [0, 1],
        [1, 2],
        [2, 2],
        [3, 3],
      ],
    ],
    [
      'numbers documents',
      { sortBy: { score: 1 }, output: { value: { $documentNumber: {} } } },
      ranks,
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
      ],
    ],
    [
      'takes the next value, and what stands for none',
      {
        partitionBy: '$state',
        sortBy: { quantity: -1 },
        output: { value: { $shift: { output: '$quantity', by: 1, default: 'Not available' } } },
      },
      CAKES,
      [
        [4, 145],
        [2, 120],
        [0, 'Not available'],
        [1, 134],
        [5, 104],
        [3, 'Not available'],
      ],
    ],
    [
      'takes the value of two before',
      { sortBy: { _id: 1 }, output: { value: { $shift: { output: '$_id', by: -2 } } } },
      CAKES,
      [
        [0, null],
        [1, null],
        [2, 0],
        [3, 1],
        [4, 2],
        [5, 3],
      ],
    ],
    [
      'carries the last value forward',
      { sortBy: { _id: 1 }, output: { value: { $locf: '$price' } } },
      [{ _id: 0 }, { _id: 1, price: 3 }, { _id: 2, price: null }, { _id: 3 }, { _id: 4, price: 7 }],
      [
        [0, null],
        [1, 3],
        [2, 3],
        [3, 3],
        [4, 7],
      ],
    ],
    [
      'draws lines between values',
      { sortBy: { _id: 1 }, output: { value: { $linearFill: '$price' } } },
      [{ _id: 0 }, { _id: 1, price: 1 }, { _id: 2 }, { _id: 5, price: 9 }, { _id: 6 }],
      [
        [0, null],
        [1, 1],
        [2, 3],
        [5, 9],
        [6, null],
      ],
    ],
    [
      'weighs what is older less and less',
      { sortBy: { _id: 1 }, output: { value: { $expMovingAvg: { input: '$price', N: 3 } } } },
      [{ _id: 0 }, { _id: 1, price: 10 }, { _id: 2, price: 20 }, { _id: 3, price: 'none' }, { _id: 4, price: 0 }],
      [
        [0, null],
        [1, 10],
        [2, 15],
        [3, 15],
        [4, 7.5],
      ],
    ],
    [
      'weighs what is older as the manual does',
      { sortBy: { _id: 1 }, output: { value: { $expMovingAvg: { input: '$price', N: 2 } } } },
      [82, 94, 112, 97.3].map((price, _id) => ({ _id, price })),
      [
        [0, 82],
        [1, 90],
        [2, 104.66666666666667],
        [3, 99.75555555555556],
      ],
    ],
    [
      'tells the slope of a window in a unit',
      {
        sortBy: { at: 1 },
        output: {
          value: { $derivative: { input: '$miles', unit: 'hour' }, window: { range: [-30, 0], unit: 'second' } },
        },
      },
      [0, 30, 60].map((second, _id) => ({
        _id,
        at: new Date(Date.UTC(2020, 4, 18, 14, 10, second)),
        miles: [1295.1, 1295.63, 1296.25][_id],
      })),
      [
        [0, null],
        [1, 63.60000000002401],
        [2, 74.3999999999869],
      ],
    ],
    [
      'tells the area below a curve in a unit',
      {
        sortBy: { at: 1 },
        output: {
          value: {
            $integral: { input: '$kilowatts', unit: 'hour' },
            window: { range: ['unbounded', 'current'], unit: 'hour' },
          },
        },
      },
      [0, 30, 60].map((second, _id) => ({
        _id,
        at: new Date(Date.UTC(2020, 4, 18, 14, 10, second)),
        kilowatts: [2.95, 2.7, 2.6][_id],
      })),
      [
        [0, 0],
        [1, 0.023541666666666666],
        [2, 0.045625],
      ],
    ],
    [
      'tells how two values vary together',
      {
        sortBy: { _id: 1 },
        output: { value: { $covarianceSamp: ['$x', '$y'], window: { documents: ['unbounded', 'current'] } } },
      },
      [
        { _id: 0, x: 1, y: 2 },
        { _id: 1, x: 3, y: 6 },
        { _id: 2, x: 'none', y: 6 },
      ],
      [
        [0, null],
        [1, 4],
        [2, 4],
      ],
    ],
  ])('%s', (_name, stage, documents, values) => {
    expect(windows(stage, documents)).toEqual(values);
  });

  it('sets a field inside a document and leaves all others as they were', () => {
    const stage = { $setWindowFields: { output: { 'a.n': { $sum: '$x' } } } };
    expect(
      runStage(stage, [
        { _id: 1, a: { b: 1 }, x: 2 },
        { _id: 2, x: 3 },
      ]),
    ).toEqual([
      { _id: 1, a: { b: 1, n: 5 }, x: 2 },
      { _id: 2, x: 3, a: { n: 5 } },
    ]);
  });

  it('takes what is missing and null for one partition', () => {
    const stage = { partitionBy: '$k', output: { value: { $sum: 1 } } };
    expect(windows(stage, [{ _id: 1 }, { _id: 2, k: null }, { _id: 3, k: 1 }])).toEqual([
      [1, 2],
      [2, 2],
      [3, 1],
    ]);
  });

  const output = (value: unknown, more: Doc = {}): Doc => ({ $setWindowFields: { ...more, output: { value } } });
  const sum = (window: unknown, sortBy: Doc | null = { price: 1 }): Doc =>
    output({ $sum: '$quantity', window }, sortBy === null ? {} : { sortBy });
  it.each<[name: string, stage: Doc, code: number]>([
    ['an option that nobody has', { $setWindowFields: { output: {}, other: 1 } }, 40_415],
    ['no output', { $setWindowFields: {} }, 40_414],
    ['what is no document', { $setWindowFields: 1 }, 9],
    ['a field without a function', output({ window: {} }), 9],
    ['a function that nobody has', output({ $summ: 1 }), 9],
    ['an accumulator that has no windows', output({ $mergeObjects: '$a' }), 9],
    ['two functions', output({ $sum: 1, $avg: 1 }), 9],
    ['documents without an order', sum({ documents: [-1, 0] }, null), 5_339_901],
    ['a range without an order', sum({ range: [-1, 0] }, null), 5_339_902],
    ['a range over two fields', sum({ range: [-1, 0] }, { price: 1, quantity: 1 }), 5_339_902],
    ['bounds the wrong way round', sum({ documents: [1, -1] }), 5_339_900],
    ['a bound between documents', sum({ documents: [0, 1.5] }), 9],
    ['one bound', sum({ documents: [1] }), 9],
    ['a unit of documents', sum({ documents: [0, 1], unit: 'day' }), 9],
    ['documents and a range', sum({ documents: [0, 1], range: [0, 1] }), 9],
    ['a range over dates without a unit', sum({ range: [-1, 0] }, { orderDate: 1 }), 5_429_413],
    ['a range over texts', sum({ range: [-1, 0] }, { type: 1 }), 5_429_414],
    ['a range of days over numbers', sum({ range: [-1, 0], unit: 'day' }), 5_429_513],
    ['a rank without an order', output({ $rank: {} }), 5_371_602],
    ['a rank with a window', output({ $rank: {}, window: {} }, { sortBy: { price: 1 } }), 5_371_601],
    ['a rank of something', output({ $rank: 1 }, { sortBy: { price: 1 } }), 5_371_603],
    ['a shift without an order', output({ $shift: { output: 1, by: 1 } }), 9],
    ['a slope without a window', output({ $derivative: { input: '$price' } }, { sortBy: { quantity: 1 } }), 9],
    [
      'a field and a field within it',
      { $setWindowFields: { output: { a: { $sum: 1 }, 'a.b': { $sum: 1 } } } },
      6_307_900,
    ],
    ['a partition of lists', output({ $sum: 1 }, { partitionBy: [1] }), 14],
    [
      'a line through two values at one place',
      output({ $linearFill: '$quantity' }, { sortBy: { price: 1 } }),
      6_050_106,
    ],
  ])('refuses %s', (_name, stage, code) => {
    expect(refusalOf(stage, CAKES)).toBe(code);
  });
});
