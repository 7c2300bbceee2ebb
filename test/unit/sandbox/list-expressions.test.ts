import { Double, Int32, Long } from 'bson';
import { describe, expect, it } from 'vitest';
import type { Doc } from '#sandbox/semantics/values.ts';
import { codeOf, evaluated, exact, piped } from '../../support/evaluated.ts';

const TOO_LARGE = 2_147_483_648;

/** The code that an expression of a document's fields is refused with; null where it is not. */
const refusalOf = (expression: Doc, documents: readonly Doc[]): number | null =>
  codeOf(() => piped([{ $replaceWith: { value: expression } }], documents));

describe('an expression of lists', () => {
  it.each<[string, Doc, number]>([
    ['a third set', { $setDifference: [[1], [2], [3]] }, 16_020],
    ['one set to take from', { $setDifference: [[1]] }, 16_020],
    ['a first thing that is no set', { $setDifference: [1, [1]] }, 17_048],
    ['a second thing that is no set', { $setDifference: [[1], 1] }, 17_049],
    ['a third set of subsets', { $setIsSubset: [[1], [1], [2]] }, 16_020],
    ['a subset that is none', { $setIsSubset: [null, [1]] }, 17_046],
    ['a subset of what is none', { $setIsSubset: [[1], null] }, 17_042],
    ['one set that is equal', { $setEquals: [[1]] }, 17_045],
    ['an equal set that is known to be none', { $setEquals: [[1], 1] }, 5_887_502],
    ['a second list of truths', { $allElementsTrue: [[true], [false]] }, 16_020],
    ['a second list of any truth', { $anyElementTrue: [[true], [false]] }, 16_020],
    ['a list behind a document', { $arrayToObject: [[{ k: 'a', v: 1 }, ['b', 2]]] }, 40_391],
    ['a document behind a list', { $arrayToObject: [[['b', 2], { k: 'a', v: 1 }]] }, 40_396],
    ['a pair by other names', { $arrayToObject: [[{ x: 'a', v: 1 }]] }, 40_393],
    ['a key with a null sign in a list', { $arrayToObject: { $literal: [['b\0', 2]] } }, 4_940_400],
    ['a key with a null sign in a document', { $arrayToObject: { $literal: [{ k: 'b\0', v: 2 }] } }, 4_940_401],
    ['nothing to zip', { $zip: { inputs: [] } }, 34_465],
    [
      'a path for the values of shorter lists',
      { $zip: { inputs: [[1]], defaults: '$x', useLongestLength: true } },
      34_462,
    ],
    ['a range from a text', { $range: ['a', 1] }, 34_443],
    ['a range from a fraction', { $range: [0.5, 1] }, 34_444],
    ['a range to a text', { $range: [0, 'a'] }, 34_445],
    ['a range to more than 32 bits', { $range: [0, TOO_LARGE] }, 34_446],
    ['a range by a text', { $range: [0, 1, 'a'] }, 34_447],
    ['a range by a fraction', { $range: [0, 1, 1.5] }, 34_448],
    ['a range of more than a hundred megabytes', { $range: [0, 6_553_598] }, 146],
    ['a slice by a text', { $slice: [[1], 'a'] }, 28_725],
    ['a slice by a fraction', { $slice: [[1], 1.5] }, 28_726],
    ['a slice by more than 32 bits', { $slice: [[1], TOO_LARGE] }, 28_726],
    ['a slice of a text', { $slice: [[1], 0, 'a'] }, 28_727],
    ['a slice of a fraction', { $slice: [[1], 0, 1.5] }, 28_728],
    ['a place beyond 32 bits', { $indexOfArray: [[1], 1, TOO_LARGE] }, 40_096],
    ['a sort that is no document', { $sortArray: [1] }, 2_942_500],
    ['a sort with another operand', { $sortArray: { input: [], sortBy: 1, x: 1 } }, 2_942_501],
    ['a sort of nothing', { $sortArray: { sortBy: 1 } }, 2_942_502],
    ['a sort by nothing', { $sortArray: { input: [] } }, 2_942_503],
    ['a sort by no field', { $sortArray: { input: [], sortBy: {} } }, 2_942_505],
    ['a sort by another number', { $sortArray: { input: [], sortBy: 2 } }, 2_942_506],
    ['a sort by a text', { $sortArray: { input: [], sortBy: 'a' } }, 2_942_507],
  ])('refuses %s', (_what, expression, code) => {
    expect(refusalOf(expression, [{}])).toBe(code);
  });

  it('looks at a set that is known before there is a document, and numbers the other one anew', () => {
    expect(refusalOf({ $setIsSubset: ['$a', 1] }, [])).toBe(17_311);
    expect(refusalOf({ $setIsSubset: ['$a', [1]] }, [{ a: 1 }])).toBe(17_310);
    expect(refusalOf({ $setIsSubset: ['$a', '$a'] }, [{ a: 1 }])).toBe(17_046);
  });

  it('compares sets no further than to the first that differs', () => {
    expect(evaluated({ $setEquals: ['$a', [1], '$none'] }, { a: [2] })).toBe(exact(false));
    expect(evaluated({ $setEquals: ['$a', '$a'] }, { a: [1, 1] })).toBe(exact(true));
  });

  it('keeps of equal values of two types those of the smaller set', () => {
    const [one, two] = [
      [new Int32(1), new Int32(2)],
      [new Double(1), new Double(3)],
    ];
    expect(evaluated({ $setIntersection: ['$a', '$b'] }, { a: one, b: [Long.fromNumber(1)] })).toBe(
      exact([Long.fromNumber(1)]),
    );
    expect(evaluated({ $setIntersection: ['$a', '$b'] }, { a: one, b: two })).toBe(exact([new Int32(1)]));
  });

  it('zips with values for shorter lists, also with none of them', () => {
    const zipped = (defaults: unknown[]): string =>
      evaluated({ $zip: { inputs: [['a'], ['b', 'c']], defaults, useLongestLength: true } });
    expect(zipped([])).toBe(
      exact([
        ['a', 'b'],
        [null, 'c'],
      ]),
    );
    expect(zipped(['x', 'y'])).toBe(
      exact([
        ['a', 'b'],
        ['x', 'c'],
      ]),
    );
  });

  it('sorts documents by lists in them as whole values, and looks into none on the way', () => {
    const sorted = (list: readonly unknown[], sortBy: unknown): string =>
      evaluated({ $sortArray: { input: '$list', sortBy } }, { list });
    const [one, two, seven] = [{ x: [5, 1] }, { x: [2, 9] }, { x: 7 }];
    expect(sorted([one, two, seven], { x: 1 })).toBe(exact([seven, two, one]));
    expect(sorted([two, seven, one], { x: -1 })).toBe(exact([one, two, seven]));
    expect(sorted([two, one], { 'x.1': 1 })).toBe(exact([one, two]));
    const [below, within] = [{ a: { b: 1 } }, { a: [{ b: 2 }] }];
    expect(sorted([below, within], { 'a.b': 1 })).toBe(exact([within, below]));
  });

  it('sorts documents by a field of a document in them', () => {
    const list = [{ a: { b: 'y' } }, { a: { b: 'x' } }];
    expect(evaluated({ $sortArray: { input: '$list', sortBy: { 'a.b': 1 } } }, { list })).toBe(
      exact(list.toReversed()),
    );
  });
});
