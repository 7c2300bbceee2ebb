import { Binary, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'bson';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareValues } from '#sandbox/semantics/compare.ts';
import { keyOf } from '#sandbox/semantics/field-names.ts';
import { matcherOf } from '#sandbox/semantics/matching.ts';
import { runPipeline } from '#sandbox/semantics/pipelines.ts';
import { applyUpdate, kindOfUpdate, upsertedDocument } from '#sandbox/semantics/updates.ts';
import { decodeExact, type Doc } from '#sandbox/semantics/values.ts';
import { encodeKey } from '#sandbox/storage/key-encoding.ts';
import { codeOf, evaluated, exact, piped } from '../../support/evaluated.ts';

const int = (value: number): Int32 => new Int32(value);
const long = (text: string): Long => Long.fromString(text);
const double = (value: number): Double => new Double(value);
const decimal = (text: string): Decimal128 => Decimal128.fromString(text);
const at = (ms: number): Date => new Date(ms);

function updated(before: Doc, update: Doc, filter: Doc = {}, arrayFilters: readonly Doc[] = []): string {
  return exact(applyUpdate(before, { update, filter, arrayFilters, variables: {} })?.document ?? before);
}

const number = fc.oneof(
  fc.integer().map(int),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
  fc.double().map(double),
  fc
    .constantFrom('0.1', '1', '-1.50', '9007199254740993', '1E400', '-1E400', '1E-400', 'NaN', 'Infinity', '2.5')
    .map(decimal),
  fc.constantFrom(
    double(0.1),
    double(1),
    long('9007199254740993'),
    double(9_007_199_254_740_992),
    int(1),
    long('1'),
    double(2.5),
  ),
);
const scalar = fc.oneof(
  number,
  fc.string(),
  fc.constantFrom<unknown>(null, true, false, new MinKey(), new MaxKey(), new Date(5), new Timestamp({ t: 1, i: 2 })),
  fc.constantFrom<unknown>(
    new ObjectId('a'.repeat(24)),
    new Binary(Buffer.from('ab')),
    new Binary(Buffer.from('b'), 3),
  ),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('a', 'b', 'c'), scalar, { maxKeys: 3, noNullPrototype: true }),
);

describe('the order of values', () => {
  it('is the same for keys of indexes as for comparisons', () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        expect(Math.sign(Buffer.compare(encodeKey(left), encodeKey(right)))).toBe(
          Math.sign(compareValues(left, right)),
        );
      }),
      { numRuns: 5000 },
    );
  });

  it.each<[string, unknown, unknown]>([
    ['zero', double(-0), int(0)],
    ['zero in a list', [double(-0)], [int(0)]],
    ['zero in a document', { a: double(-0) }, { a: double(0) }],
  ])('and the key of %s do not know its sign', (_name, left, right) => {
    expect(encodeKey(left).equals(encodeKey(right))).toBe(true);
    expect(compareValues(left, right)).toBe(0);
  });

  it('is that of keys for decimals between zero and every double, on both sides', () => {
    const ordered = [double(-5e-324), decimal('-1E-400'), double(-0), decimal('1E-400'), double(5e-324)];
    const keys = ordered.map((each) => encodeKey([each]));
    expect(keys.toSorted((left, right) => Buffer.compare(left, right))).toEqual(keys);
  });

  it.each<[string, unknown, unknown]>([
    ['a long beyond 2^53 and its neighbour', double(9_007_199_254_740_992), long('9007199254740993')],
    ['a decimal and the double nearest to it', decimal('0.1'), double(0.1)],
    ['documents with the same fields in another order', { a: int(1), b: int(1) }, { b: int(1), a: int(1) }],
    ['documents by the types of their fields before the names', { b: int(1) }, { a: 'x' }],
    ['texts beyond the first plane of Unicode', '\uffee', '\u{1f600}'],
    ['NaN and every number', double(Number.NaN), double(Number.NEGATIVE_INFINITY)],
  ])('tells apart %s', (_name, less, more) => {
    expect(compareValues(less, more)).toBeLessThan(0);
    expect(compareValues(more, less)).toBeGreaterThan(0);
  });
});

describe('a filter', () => {
  it.each<[string, Doc, Doc, boolean]>([
    ['$type tells a whole double from an int', { a: { $type: 'int' } }, { a: double(1) }, false],
    ['$type tells a long from an int', { a: { $type: 'long' } }, { a: long('1') }, true],
    ['numbers of all types equal each other by value', { a: int(1) }, { a: decimal('1.0') }, true],
    ['a decimal does not equal a double that is only near', { a: decimal('0.1') }, { a: double(0.1) }, false],
    ['neighbours beyond 2^53 differ', { a: long('9007199254740993') }, { a: double(9_007_199_254_740_992) }, false],
    ['a list at a place of a list is no element of it', { 'a.0': 'x' }, { a: [['x']] }, false],
    ['a list at a place of a list is found as a whole', { 'a.0': ['x'] }, { a: [['x']] }, true],
    ['a list in a field whose name is a number is searched', { 'a.0': 'x' }, { a: { [keyOf('0')]: ['x'] } }, true],
    ['the elements of a list below a place of a list are searched', { 'a.0.b': 'x' }, { a: [{ b: ['x'] }] }, true],
    ['null finds no list without documents', { 'a.b': null }, { a: [int(1)] }, false],
    ['null finds a document in a list without the field', { 'a.b': null }, { a: [{}] }, true],
    [
      'a field of the name constructor is one like any other',
      { 'a.constructor': int(1) },
      { a: { constructor: int(1) } },
      true,
    ],
    [
      '$elemMatch on values looks at one element at a time',
      { a: { $elemMatch: { $gt: int(1), $lt: int(3) } } },
      { a: [int(0), int(4)] },
      false,
    ],
    ['$all of two values needs both', { a: { $all: [int(1), int(2)] } }, { a: [int(1)] }, false],
    ['$not of a comparison holds for what is missing', { a: { $not: { $gt: int(1) } } }, {}, true],
    ['a regular expression ends before a last line break', { a: { $regex: 'b$' } }, { a: 'ab\n' }, true],
    [
      'documents match with their fields in the same order only',
      { a: { x: int(1), y: int(2) } },
      { a: { y: int(2), x: int(1) } },
      false,
    ],
    ['a schema is held to types', { $jsonSchema: { properties: { a: { bsonType: 'int' } } } }, { a: double(1) }, false],
  ])('%s', (_name, filter, document, isMatch) => {
    expect(matcherOf(filter)(document)).toBe(isMatch);
  });
});

describe('arithmetic', () => {
  it.each<[string, unknown, unknown]>([
    // A double beside a decimal counts with fifteen digits, and the result keeps them ($toDecimal of 2.5 is 2.50000000000000).
    ['$subtract of a decimal from a double', { $subtract: [double(1.5), decimal('1')] }, decimal('0.50000000000000')],
    ['$multiply of a double by a decimal', { $multiply: [double(3), decimal('2.50')] }, decimal('7.5000000000000000')],
    ['$add of a double and a decimal', { $add: [double(0.1), decimal('1')] }, decimal('1.100000000000000')],
    ['$divide of decimals that comes out even', { $divide: [decimal('3.0'), decimal('2.50')] }, decimal('1.2')],
    ['$mod of decimals', { $mod: [decimal('3.00'), decimal('2.5')] }, decimal('0.50')],
    ['$mod of what comes out even has the sign of what was divided', { $mod: [int(-3), double(-1.5)] }, double(-0)],
    ['$abs, which keeps the zeros at the end', { $abs: decimal('-2.50') }, decimal('2.50')],
    // An accumulator adds up doubles with all their digits.
    [
      '$sum of a double and a decimal',
      { $sum: [double(0.1), decimal('1')] },
      decimal('1.100000000000000005551115123125783'),
    ],
    ['an int that overflows becomes a long', { $add: [int(2_147_483_647), int(1)] }, long('2147483648')],
    ['a long that overflows becomes a double', { $add: [long('9223372036854775807'), long('1')] }, double(2 ** 63)],
    // The doubles of the two, and not the double of their exact result.
    [
      'a product that overflows a long',
      { $multiply: [long('9007199254740993'), int(2_147_483_647)] },
      double(9007199254740992 * 2147483647),
    ],
    [
      'a product goes on in doubles from its first factor',
      { $multiply: [long('9007199254740993'), int(3), long('9007199254740993')] },
      double(9007199254740992 * 3 * 9007199254740992),
    ],
    [
      'a sum that overflows a long',
      { $add: [long('9223372036854775807'), long('1025'), long('1025')] },
      double(2 ** 63 + 1025 + 1025),
    ],
    [
      'a difference that overflows a long',
      { $subtract: [long('-9223372036854775807'), long('1025')] },
      double(-(2 ** 63) - 1025),
    ],
    ['numbers before a date are added up and rounded', { $add: [double(0.5), double(0.5), at(0)] }, at(1)],
    ['numbers behind a date are rounded by themselves', { $add: [at(0), double(0.5), double(0.5)] }, at(2)],
    ['halves of doubles beside a date go away from zero', { $add: [at(0), double(-0.5)] }, at(-1)],
    ['halves of decimals beside a date go to the even', { $add: [at(0), decimal('2.5')] }, at(2)],
    ['a number is taken from a date as it is added', { $subtract: [at(0), double(0.5)] }, at(-1)],
    ['a quotient is a double', { $divide: [int(6), int(3)] }, double(2)],
    ['a double stays one', { $add: [double(1), int(1)] }, double(2)],
    ['long times int is a long', { $multiply: [long('3'), int(2)] }, long('6')],
    ['decimals are added in decimal', { $add: [decimal('0.1'), decimal('0.2')] }, decimal('0.3')],
    ['decimals keep the zeros at their end', { $sum: [[decimal('2.50')]] }, decimal('2.50')],
    ['a product of decimals has the places of both', { $multiply: [decimal('1.0'), decimal('2.5')] }, decimal('2.50')],
    ['an average of ints is a double', { $avg: [[int(1), int(3)]] }, double(2)],
    ['an average of decimals keeps the zeros at their end', { $avg: [[decimal('2.50')]] }, decimal('2.50')],
    ['an average that has more digits has as many as it needs', { $avg: [[decimal('1'), int(2)]] }, decimal('1.5')],
    ['a root keeps half of the zeros at the end', { $sqrt: decimal('4.0000') }, decimal('2.00')],
    ['rounding goes to even', { $round: [double(2.5)] }, double(2)],
    // 2.675 is 2.67499999999999982236431605997495353221893310546875.
    ['a double is rounded by all its digits', { $round: [double(2.675), int(2)] }, double(2.67)],
    ['a double is cut off by all its digits', { $trunc: [double(-2.675), int(2)] }, double(-2.67)],
    ['a decimal is rounded to just as many places', { $round: [decimal('2'), int(2)] }, decimal('2.00')],
    ['a decimal is rounded to tens', { $round: [decimal('1250'), int(-2)] }, decimal('12E2')],
    ['a decimal with too many places is no number', { $round: [decimal('1234567890'), int(30)] }, decimal('NaN')],
    ['a double with too many places is no number', { $trunc: [double(1.5e20), int(20)] }, double(Number.NaN)],
    ['an int has no places to round', { $round: [int(25), int(3)] }, int(25)],
    ['a long is rounded to tens', { $round: [long('25'), int(-1)] }, long('20')],
    ['floor keeps the type', { $floor: double(1.5) }, double(1)],
    ['$type of a long', { $type: long('1') }, 'long'],
    ['$toString of a whole double', { $toString: double(2) }, '2'],
    ['$toString of a double with a sum’s error', { $toString: double(0.1 + 0.2) }, '0.3'],
    ['$toString of the last double without an exponent', { $toString: double(9007199254740992) }, '9007199254740992'],
    ['$toString of a great double', { $toString: double(-1e20) }, '-1e+20'],
    [
      '$toString of a great double with many digits',
      { $toString: double(123456789012345680) },
      '1.234567890123457e+17',
    ],
    ['$toString of a small double', { $toString: double(-0.00012) }, '-0.00012'],
    ['$toString of a smaller double', { $toString: double(0.000012) }, '1.2e-05'],
    ['$cmp is an int', { $cmp: [int(1), double(1)] }, int(0)],
    ['a place in a path is no index', '$a.0', []],
  ])('%s', (_name, expression, result) => {
    expect(evaluated(expression, { a: [int(1)] })).toBe(exact(result));
  });

  it.each<[string, unknown, number]>([
    ['adding a text', { $add: [int(1), 'a'] }, 14],
    ['dividing by zero', { $divide: [int(1), int(0)] }, 2],
    ['the size of what is no list', { $size: int(1) }, 17_124],
    ['an operator that is none', { $foo: int(1) }, 168],
    ['an int out of a large number', { $toInt: double(1e20) }, 241],
  ])('%s is refused also where no document is looked at', (_name, expression, code) => {
    expect(codeOf(() => piped([{ $addFields: { value: expression } }], []))).toBe(code);
  });

  it('evaluates no operand behind one that is null', () => {
    expect(evaluated({ $concatArrays: ['$missing', { $toDecimal: '$a' }] }, { a: [] })).toBe(exact(null));
  });
});

describe('stages', () => {
  it.each<[string, readonly Doc[], readonly Doc[], readonly Doc[]]>([
    [
      'a group takes numbers of all types for one key',
      [{ $group: { _id: '$a', n: { $count: {} } } }],
      [{ a: int(1) }, { a: double(1) }],
      [{ _id: int(1), n: int(2) }],
    ],
    ['a missing part of a group key is left out', [{ $group: { _id: { one: '$a' } } }], [{}], [{ _id: {} }]],
    ['a missing group key is null', [{ $group: { _id: '$a' } }], [{}], [{ _id: null }]],
    ['nothing is counted as no document', [{ $count: 'n' }], [], []],
    [
      'a sum of constants keeps their type',
      [{ $group: { _id: null, n: { $sum: double(3) } } }],
      [{}],
      [{ _id: null, n: double(3) }],
    ],
    [
      'what is missing is not pushed',
      [{ $group: { _id: null, all: { $push: '$a' } } }],
      [{}],
      [{ _id: null, all: [] }],
    ],
    [
      'fields that are shown keep their order',
      [{ $project: { b: int(1) } }],
      [{ _id: int(1), b: int(2), c: int(3) }],
      [{ _id: int(1), b: int(2) }],
    ],
    [
      'the index of an unwound element is a long',
      [{ $unwind: { path: '$a', includeArrayIndex: 'at' } }],
      [{ a: ['x'] }],
      [{ a: 'x', at: long('0') }],
    ],
  ])('%s', (_name, stages, documents, results) => {
    expect(exact(piped(stages, documents))).toBe(exact(results));
  });

  it('evaluate nothing for a field of an empty list', () => {
    const stages = [{ $addFields: { 'b.x': { $subtract: ['$b', int(1)] } } }];
    expect(exact(piped(stages, [{ b: [] }]))).toBe(exact([{ b: [] }]));
    expect(codeOf(() => piped(stages, [{ b: [{}] }]))).toBe(14);
  });

  it('sort by a place of a list by what stands there alone', () => {
    const documents = [{ _id: 0, b: [{}] }, { _id: 1 }, { _id: 2, b: [int(5), {}] }];
    const stages = [{ $sort: { 'b.0': 1, _id: 1 } }, { $project: { _id: 1 } }];
    expect(exact(piped(stages, documents))).toBe(exact([{ _id: 1 }, { _id: 2 }, { _id: 0 }]));
  });

  it('sort a list that stands at a place of a list as a list, behind all texts', () => {
    const documents = [{ _id: 0, b: [[int(5)]] }, { _id: 1, b: ['x'] }, { _id: 2, b: [[]] }, { _id: 3 }];
    const stages = [{ $sort: { 'b.0': 1, _id: 1 } }, { $project: { _id: 1 } }];
    expect(exact(piped(stages, documents))).toBe(exact([{ _id: 2 }, { _id: 3 }, { _id: 1 }, { _id: 0 }]));
  });

  it('give everything in a pipeline the same $$NOW', () => {
    const [first, second] = runPipeline([{ $addFields: { at: '$$NOW' } }], [{}, {}], {
      variables: {},
      collection: () => [],
    });
    expect(first).toEqual(second);
  });
});

describe('an update', () => {
  it.each<[string, Doc, Doc, Doc]>([
    [
      '$inc of a double by a decimal',
      { a: double(-1.5) },
      { $inc: { a: decimal('1') } },
      { a: decimal('-0.50000000000000') },
    ],
    [
      '$mul of a great double',
      { a: double(1e20) },
      { $mul: { a: decimal('1') } },
      { a: decimal('1.00000000000000E+20') },
    ],
    ['$inc that leaves nothing', { a: double(2.5) }, { $inc: { a: decimal('-2.50') } }, { a: decimal('0E-14') }],
    ['$inc of an int to a long', { a: int(2_147_483_647) }, { $inc: { a: int(1) } }, { a: long('2147483648') }],
    ['$mul of nothing is a zero of the operand', {}, { $mul: { a: long('5') } }, { a: long('0') }],
    ['$mul of nothing by a double below zero', {}, { $mul: { a: double(-1.5) } }, { a: double(-0) }],
    ['$mul of nothing without end', {}, { $mul: { a: double(Infinity) } }, { a: double(Number.NaN) }],
    ['$mul of nothing keeps the places of a decimal', {}, { $mul: { a: decimal('1.50') } }, { a: decimal('0.00') }],
    ['$mul that makes -0 of 0', { a: double(0) }, { $mul: { a: double(-1.5) } }, { a: double(0) }],
    ['$mul of an int 0 to -0', { a: int(0) }, { $mul: { a: double(-1.5) } }, { a: double(-0) }],
    ['$inc by a decimal nothing', { a: decimal('1.0') }, { $inc: { a: decimal('0.00') } }, { a: decimal('1.0') }],
    ['$inc in decimal', { a: decimal('0.1') }, { $inc: { a: decimal('0.2') } }, { a: decimal('0.3') }],
    ['new fields come in the order of their names', {}, { $set: { b: int(1), a: int(2) } }, { a: int(2), b: int(1) }],
    [
      'a renamed field comes in the order of its new name',
      { b: int(1) },
      { $set: { c: int(2) }, $rename: { b: 'd' } },
      { c: int(2), d: int(1) },
    ],
    ['$unset in a list leaves null', { a: [int(1), int(2)] }, { $unset: { 'a.0': '' } }, { a: [null, int(2)] }],
    ['a place behind the end is filled up', { a: [] }, { $set: { 'a.2': int(1) } }, { a: [null, null, int(1)] }],
    ['$min compares across types', { a: 'x' }, { $min: { a: int(5) } }, { a: int(5) }],
    ['$addToSet takes equal numbers for one', { a: [int(1)] }, { $addToSet: { a: double(1) } }, { a: [int(1)] }],
    [
      '$push orders by lists as whole values',
      { a: [{ x: [int(5), int(1)] }] },
      { $push: { a: { $each: [{ x: [int(2), int(9)] }, { x: int(7) }], $sort: { x: int(1) } } } },
      { a: [{ x: int(7) }, { x: [int(2), int(9)] }, { x: [int(5), int(1)] }] },
    ],
    ['$push of nothing makes a list', {}, { $push: { a: { $each: [] } } }, { a: [] }],
  ])('%s', (_name, before, update, after) => {
    expect(updated(before, update)).toBe(exact(after));
  });

  it.each<[string, Doc | readonly Doc[]]>([
    ['a document', { a: int(2), _id: int(1) }],
    ['a pipeline', [{ $replaceWith: { a: int(2), _id: '$_id' } }]],
  ])('by %s leaves the id in front', (_name, update) => {
    const request = { update, filter: {}, arrayFilters: [], variables: {} };
    const after = applyUpdate({ _id: int(1), a: int(1) }, request);
    expect(exact(after?.document)).toBe(exact({ _id: int(1), a: int(2) }));
    expect(exact(decodeExact(after?.bytes ?? Buffer.of()))).toBe(exact({ _id: int(1), a: int(2) }));
  });

  it('reaches elements that the filter and array filters choose', () => {
    expect(updated({ a: [int(1), int(5)] }, { $set: { 'a.$': int(0) } }, { a: int(5) })).toBe(
      exact({ a: [int(1), int(0)] }),
    );
    const filters = [{ one: { $gt: int(1) } }];
    expect(updated({ a: [int(1), int(5)] }, { $inc: { 'a.$[one]': int(1) } }, {}, filters)).toBe(
      exact({ a: [int(1), int(6)] }),
    );
  });

  const items = [
    { sku: 'a', n: int(0) },
    { sku: 'b', n: int(5) },
    { sku: 'c', n: int(9) },
  ];
  it.each<[string, Doc, Doc, string, number]>([
    ['the one condition', { items }, { 'items.sku': 'b' }, 'items.$.z', 1],
    ['both conditions on one element', { items }, { items: { $elemMatch: { sku: 'c', n: 9 } } }, 'items.$.z', 2],
    ['the bound behind the value', { items }, { 'items.sku': 'b', 'items.n': { $gte: 0 } }, 'items.$.z', 0],
    [
      'the bound behind the value, whatever comes first',
      { items },
      { 'items.n': { $gte: 0 }, 'items.sku': 'b' },
      'items.$.z',
      0,
    ],
    ['the later name of two values', { items }, { $and: [{ 'items.sku': 'a' }, { 'items.n': 9 }] }, 'items.$.z', 0],
    ['the lower of two bounds', { a: [int(1), int(12)] }, { a: { $gte: 2, $lt: 10 } }, 'a.$', 1],
    ['the first element that is there', { items }, { items: { $exists: true }, 'items.sku': 'c' }, 'items.$.z', 0],
    ['one value in a list of one', { items }, { 'items.sku': { $in: ['b'] }, 'items.n': { $gte: 9 } }, 'items.$.z', 2],
    [
      'one of several values behind all others',
      { items },
      { 'items.sku': { $in: ['b', 'x'] }, 'items.n': { $gte: 9 } },
      'items.$.z',
      1,
    ],
    ['an element of another list', { items, a: [int(1), int(2)] }, { a: 2 }, 'items.$.z', 1],
    ['the element of the outer list', { items: [{}, { l: [int(1), int(2)] }] }, { 'items.l': 2 }, 'items.$.z', 1],
    ['what a place was named for', { items, a: [int(7)] }, { 'items.n': 5, 'a.0': 7 }, 'items.$.z', 1],
    ['a branch that is alone', { items }, { $or: [{ 'items.sku': 'b' }] }, 'items.$.z', 1],
  ])('changes the element that MongoDB remembers last: %s', (_name, before, filter, path, place) => {
    const after = updated(before, { $set: { [path]: int(0) } }, filter);
    expect(after).toBe(updated(before, { $set: { [path.replace('$', String(place))]: int(0) } }));
  });

  it.each<[string, Doc, Doc, string]>([
    ['one of several branches', { items }, { $or: [{ 'items.sku': 'b' }, { q: 1 }] }, 'items.$.z'],
    ['what does not hold', { items }, { 'items.sku': { $ne: 'x' } }, 'items.$.z'],
    ['the list as a whole', { a: [int(1)] }, { a: [1] }, 'a.$'],
  ])('is refused where MongoDB remembers no element: %s', (_name, before, filter, path) => {
    expect(codeOf(() => updated(before, { $set: { [path]: int(0) } }, filter))).toBe(2);
  });

  it('does not guess the element where an $or asks for several values of one field', () => {
    const filter = { $or: [{ 'items.sku': 'b' }, { 'items.sku': 'c' }] };
    expect(codeOf(() => updated({ items }, { $set: { 'items.$.z': int(0) } }, filter))).toBe(238);
  });

  it.each<[string, () => unknown, number]>([
    ['a long that overflows', () => updated({ a: long('9223372036854775807') }, { $inc: { a: int(1) } }), 2],
    ['a field of a number', () => updated({ a: int(1) }, { $set: { 'a.b': int(1) } }), 28],
    ['$pull on a path that could not be', () => updated({ a: [int(1)] }, { $pull: { 'a.b': int(1) } }), 28],
    ['$pop of a text', () => updated({ a: 'x' }, { $pop: { a: int(1) } }), 14],
    ['paths that collide, whatever is found', () => kindOfUpdate({ $set: { a: int(1) }, $inc: { 'a.b': int(1) } }), 40],
    [
      'an upsert that could have either of two values',
      () =>
        upsertedDocument({
          update: { $set: { b: int(1) } },
          filter: { a: { $all: [int(1), int(2)] } },
          arrayFilters: [],
          variables: {},
        }),
      54,
    ],
  ])('refuses %s', (_name, work, code) => {
    expect(codeOf(work)).toBe(code);
  });
});
