import { Double, EJSON, Long } from 'bson';
import { describe, expect, it } from 'vitest';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import { ServerError } from '#sandbox/semantics/server-error.ts';
import type { Doc } from '#sandbox/semantics/values.ts';

/** The cakes of MongoDB's manual, page `$setWindowFields`. */
const CAKES: readonly Doc[] = [
  { _id: 0, type: 'chocolate', orderDate: new Date('2020-05-18T14:10:30Z'), state: 'CA', price: 13, quantity: 120 },
  { _id: 1, type: 'chocolate', orderDate: new Date('2021-03-20T11:30:05Z'), state: 'WA', price: 14, quantity: 140 },
  { _id: 2, type: 'vanilla', orderDate: new Date('2021-01-11T06:31:15Z'), state: 'CA', price: 12, quantity: 145 },
  { _id: 3, type: 'vanilla', orderDate: new Date('2020-02-08T13:13:23Z'), state: 'WA', price: 13, quantity: 104 },
  { _id: 4, type: 'strawberry', orderDate: new Date('2019-05-18T16:09:01Z'), state: 'CA', price: 41, quantity: 162 },
  { _id: 5, type: 'strawberry', orderDate: new Date('2019-01-08T06:12:03Z'), state: 'WA', price: 43, quantity: 134 },
];

function pipeline(stage: Doc, documents: readonly Doc[]): readonly Doc[] {
  return runPipeline([stage], documents, { variables: {}, collection: () => [] });
}

function windows(stage: Doc, documents: readonly Doc[] = CAKES): readonly (readonly [unknown, unknown])[] {
  return pipeline({ $setWindowFields: stage }, documents).map(({ _id, value }) => [_id, plain(value)]);
}

/** A value as it is shown, without the types of its numbers. */
function plain(value: unknown): unknown {
  const { value: shown } = JSON.parse(EJSON.stringify({ value }, { relaxed: true })) as { readonly value: unknown };
  return shown;
}

function codeOf(stage: Doc, documents: readonly Doc[] = CAKES): number | null {
  try {
    pipeline(stage, documents);
    return null;
  } catch (cause) {
    if (cause instanceof ServerError) return cause.code;
    throw cause;
  }
}

const date = (text: string): unknown => ({ $date: text });
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
      pipeline(stage, [
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
    ['a partition of lists', output({ $sum: 1 }, { partitionBy: [1] }), 14],
    [
      'a line through two values at one place',
      output({ $linearFill: '$quantity' }, { sortBy: { price: 1 } }),
      6_050_106,
    ],
  ])('refuses %s', (_name, stage, code) => {
    expect(codeOf(stage)).toBe(code);
  });
});

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
    expect(plain(pipeline(stage, sales))).toEqual([
      { _id: 1, day: 1, bootsSold: 10, score: 4, sandals: 2 },
      { _id: 2, day: 2, score: 4, bootsSold: 17.5, sandals: 3 },
      { _id: 3, day: 5, bootsSold: 40, score: 4, sandals: 6 },
    ]);
  });

  it('fills each partition from itself', () => {
    const stage = { $fill: { partitionByFields: ['k'], sortBy: { day: 1 }, output: { v: { method: 'locf' } } } };
    const documents = [
      { k: 'a', day: 1, v: 1 },
      { k: 'b', day: 2 },
      { k: 'a', day: 3 },
    ];
    expect(pipeline(stage, documents)).toEqual([
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
    expect(codeOf({ $fill: given })).toBe(code);
  });
});

describe('$densify', () => {
  const places = (range: Doc, documents: readonly Doc[], more: Doc = {}): readonly unknown[] =>
    pipeline({ $densify: { field: 'x', range, ...more } }, documents).map(({ k, x }) =>
      typeof k === 'string' ? `${k}${String(plain(x))}` : plain(x),
    );
  const of = (k: string, ...xs: readonly number[]): readonly Doc[] => xs.map((x) => ({ k, x, own: true }));
  const parted = { partitionByFields: ['k'] };

  it('makes each hour between two', () => {
    const documents = [{ x: new Date('2021-05-18T00:00:00Z') }, { x: new Date('2021-05-18T03:00:00Z') }];
    const bounds = [new Date('2021-05-18T00:00:00Z'), new Date('2021-05-18T05:00:00Z')];
    expect(places({ step: 1, unit: 'hour', bounds }, documents)).toEqual(
      [0, 1, 2, 3, 4].map((hour) => date(`2021-05-18T0${hour}:00:00Z`)),
    );
  });

  it.each<[name: string, range: Doc, documents: readonly Doc[], more: Doc, made: readonly unknown[]]>([
    [
      'lets what lies between steps stand',
      { step: 2, bounds: 'full' },
      of('a', 0, 3, 4, 9),
      {},
      ['a0', 2, 'a3', 'a4', 6, 8, 'a9'],
    ],
    [
      'goes from the first place of each partition to its last',
      { step: 1, bounds: 'partition' },
      [...of('b', 5, 7), ...of('a', 1, 3)],
      parted,
      ['a1', 'a2', 'a3', 'b5', 'b6', 'b7'],
    ],
    [
      'goes from the first place of all to the last one in each partition',
      { step: 1, bounds: 'full' },
      [...of('b', 2, 4), ...of('a', 1, 2)],
      parted,
      ['a1', 'b1', 'b2', 'a2', 'b3', 'b4', 'a3', 'a4'],
    ],
    [
      'stays within its bounds, and lets stand what lies outside',
      { step: 2, bounds: [10, 16] },
      [...of('a', 3, 12, 20), { k: 'a', x: null }],
      {},
      ['anull', 'a3', 10, 'a12', 14, 'a20'],
    ],
    ['makes all that the bounds hold of nothing', { step: 2, bounds: [0, 5] }, [], {}, [0, 2, 4]],
  ])('%s', (_name, range, documents, more, made) => {
    const shown = places(range, documents, more);
    expect(shown).toEqual(made);
  });

  it('gives what it makes the fields of the partition and the place', () => {
    const stage = { $densify: { field: 'x', partitionByFields: ['k'], range: { step: 1, bounds: 'partition' } } };
    expect(pipeline(stage, of('a', 1, 3))[1]).toEqual({ k: 'a', x: 2 });
  });

  it.each<[name: string, given: Doc, documents: readonly Doc[], code: number]>([
    ['a step of nothing', { field: 'x', range: { step: 0, bounds: 'full' } }, [], 5_733_401],
    ['half a day', { field: 'x', range: { step: 0.5, unit: 'day', bounds: 'full' } }, [], 6_586_400],
    ['partitions without fields', { field: 'x', range: { step: 1, bounds: 'partition' } }, [], 5_733_408],
    ['bounds of another kind', { field: 'x', range: { step: 1, bounds: 1 } }, [], 5_733_404],
    ['a word for bounds', { field: 'x', range: { step: 1, bounds: 'all' } }, [], 5_946_802],
    ['one bound', { field: 'x', range: { step: 1, bounds: [1] } }, [], 5_733_403],
    ['bounds the wrong way round', { field: 'x', range: { step: 1, bounds: [2, 1] } }, [], 5_733_402],
    ['bounds of another type', { field: 'x', range: { step: 1, bounds: [1, new Double(2)] } }, [], 5_876_900],
    ['a text', { field: 'x', range: { step: 1, bounds: 'full' } }, [{ x: 'a' }], 5_733_201],
    [
      'more than half a million documents',
      { field: 'x', range: { step: 1, bounds: 'full' } },
      of('a', 0, 600_000),
      5_897_900,
    ],
  ])('refuses %s', (_name, given, documents, code) => {
    expect(codeOf({ $densify: given }, documents)).toBe(code);
  });
});

describe('$bucketAuto', () => {
  const numbers = (...all: readonly unknown[]): readonly Doc[] => all.map((n) => ({ n }));
  const buckets = (more: Doc, documents: readonly Doc[]): readonly unknown[] =>
    pipeline({ $bucketAuto: { groupBy: '$n', ...more } }, documents).map(({ _id, ...fields }) => {
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
    const [bucket] = pipeline(
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
    expect(codeOf({ $bucketAuto: given })).toBe(code);
  });
});
