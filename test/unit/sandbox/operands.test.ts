import { Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, evaluated, exact, piped } from '../../support/evaluated.ts';

const LIST = { input: [1], in: 1 };

describe('an expression', () => {
  it.each([
    ['$filter', { $filter: { input: [], cond: true, x: 1 } }, 28_647],
    ['$map', { $map: { ...LIST, x: 1 } }, 16_879],
    ['$reduce', { $reduce: { ...LIST, initialValue: 0, x: 1 } }, 40_076],
    ['$zip', { $zip: { inputs: [[1]], x: 1 } }, 34_464],
    ['$switch', { $switch: { branches: [{ case: true, then: 1 }], x: 1 } }, 40_067],
    ['a branch', { $switch: { branches: [{ case: true, then: 1, x: 1 }] } }, 40_063],
    ['$let', { $let: { vars: {}, in: 1, x: 1 } }, 16_875],
  ])('refuses an operand that %s does not have', (_name, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });

  it.each([
    ['a list that is not begun', { $reduce: LIST }, 40_078],
    ['values for a shorter list', { $zip: { inputs: [[1], []], defaults: [0, 0] } }, 34_466],
    ['too few such values', { $zip: { inputs: [[1], []], defaults: [0], useLongestLength: true } }, 34_467],
    ['a variable that begins with an underscore', { $map: { ...LIST, as: '_a' } }, 9],
    ['a variable that begins with a capital', { $let: { vars: { A: 1 }, in: 1 } }, 9],
    ['a place that is missing', { $indexOfArray: [[1], 1, '$none'] }, 40_096],
    ['a step that is missing', { $range: [0, 2, '$none'] }, 34_447],
  ])('refuses %s', (_name, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });

  it('cuts nothing from a list by a number that is missing', () => {
    expect(evaluated({ $slice: [[1, 2], 1, '$none'] })).toBe(exact(null));
    expect(evaluated({ $slice: [[1, 2], 1] })).toBe(exact([new Int32(1)]));
  });
});

describe('an expression of constants', () => {
  const FAILING = { $toInt: 'x' };
  const switched = (...branches: readonly Doc[]): Doc => ({ $switch: { branches, default: 9 } });
  const on = (expression: Doc, documents: readonly Doc[]): number | null =>
    codeOf(() => piped([{ $project: { x: expression } }], documents));

  it.each<[string, Doc, number]>([
    ['a branch of $cond that is not taken', { $cond: [true, 1, FAILING] }, 241],
    ['an operand of $and behind one that decides', { $and: [false, FAILING] }, 241],
    ['a number divided by the result of a $cond', { $divide: [1, { $cond: [true, 0, 1] }] }, 2],
    ['a number divided by the result of an $ifNull', { $divide: [1, { $ifNull: [null, 0] }] }, 2],
    ['a $switch without a branch that may be taken', { $switch: { branches: [{ case: false, then: 1 }] } }, 40_069],
    ['a default of $switch', { $switch: { branches: [{ case: true, then: 1 }], default: FAILING } }, 241],
    ['a case of $switch that comes to be asked', switched({ case: FAILING, then: 1 }), 241],
  ])('is refused before there is a document: %s', (_name, expression, code) => {
    expect(on(expression, [])).toBe(code);
  });

  it.each<[string, Doc, unknown]>([
    ['a branch that is known not to be taken', switched({ case: false, then: FAILING }), new Int32(9)],
    [
      'what is behind a branch that is known to be',
      switched({ case: true, then: 1 }, { case: FAILING, then: 2 }),
      new Int32(1),
    ],
  ])('is not evaluated in a $switch: %s', (_name, expression, value) => {
    expect(evaluated(expression)).toBe(exact(value));
  });
});

describe('a variable that nobody declared', () => {
  const none: readonly Doc[] = [];
  const joined = (name: string): Doc => ({
    $lookup: { from: 'c', let: { own: '$a' }, pipeline: [{ $match: { $expr: { $eq: ['$a', name] } } }], as: 'j' },
  });
  const counted = { $reduce: { input: '$l', initialValue: 0, in: { $add: ['$$value', '$$this'] } } };
  const within = { $map: { input: '$l', as: 'x', in: { $filter: { input: '$l', cond: { $lt: ['$$this', '$$x'] } } } } };

  it.each<[string, Doc]>([
    ['in a projection', { $project: { x: '$$nobody' } }],
    ['in a branch that is not taken', { $set: { x: { $cond: ['$a', { $let: { vars: {}, in: '$$nobody' } }, 1] } } }],
    ['in a filter', { $match: { _id: 0, $expr: { $eq: ['$a', '$$nobody'] } } }],
    ['in a pipeline of a join', joined('$$nobody')],
    ['in what stands beside the operator that declares it', { $set: { x: { $add: [counted, '$$value'] } } }],
    ['of another stage', { $set: { x: '$$KEEP' } }],
  ])('is refused before there is a document: %s', (_name, stage) => {
    expect(codeOf(() => piped([stage], none))).toBe(17_276);
  });

  it.each<[string, Doc]>([
    ['by a join', joined('$$own')],
    ['by a $reduce', { $set: { x: counted } }],
    ['by one operator within another', { $set: { x: within } }],
    ['by the server', { $set: { x: '$$NOW' } }],
    ['by a $redact', { $redact: '$$KEEP' }],
  ])('is not one that is declared %s', (_name, stage) => {
    expect(codeOf(() => piped([stage], none))).toBeNull();
  });
});

describe('a stage', () => {
  const bucketed = (operand: Doc): number | null =>
    codeOf(() => piped([{ $bucket: { groupBy: '$a', boundaries: [0, 10], ...operand } }], [{ a: 3 }]));

  it.each([
    ['boundaries in another order', { boundaries: [10, 0] }, 40_194],
    ['boundaries of two types', { boundaries: [0, 'x'] }, 40_193],
    ['one boundary', { boundaries: [0] }, 40_192],
    ['a boundary that is a field', { boundaries: ['$a', 10] }, 40_191],
    ['no list of boundaries', { boundaries: 0 }, 40_200],
    ['a rest within the boundaries', { default: 5 }, 40_199],
    ['a rest that is a field', { default: '$a' }, 40_195],
    ['a text to group by', { groupBy: 'a' }, 40_202],
    ['an output that is none', { output: 1 }, 40_196],
  ])('of buckets refuses %s', (_name, operand, code) => {
    expect(bucketed(operand)).toBe(code);
  });

  it('has buckets of boundaries that are reckoned, and of documents', () => {
    expect(bucketed({ boundaries: [{ $add: [0, 1] }, 10], default: { $literal: 'x' } })).toBeNull();
    expect(bucketed({ groupBy: { a: '$a' }, boundaries: [{ a: 0 }, { a: 9 }] })).toBeNull();
  });

  it.each([
    ['an index with a dollar', { includeArrayIndex: '$i' }, 28_822],
    ['a number that says whether to keep', { preserveNullAndEmptyArrays: 1 }, 28_809],
  ])('of unwound lists refuses %s', (_name, operand, code) => {
    expect(codeOf(() => piped([{ $unwind: { path: '$a', ...operand } }], [{ a: 3 }]))).toBe(code);
  });
});
