import { Double, Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import { codeOf, evaluated, exact, piped } from '../../support/evaluated.ts';

const METHOD = { method: 'approximate' };
const double = (value: number): Double => new Double(value);

function grouped(accumulator: unknown): string {
  const documents = [1, 3, 2].map((a) => ({ a: new Int32(a) }));
  return exact(piped([{ $group: { _id: null, r: accumulator } }], documents)[0]?.['r']);
}

describe('accumulators', () => {
  it.each([
    ['the first by an order', { $top: { output: '$a', sortBy: { a: 1 } } }, new Int32(1)],
    ['a share', { $percentile: { input: '$a', p: [0, 0.5, 1], ...METHOD } }, [double(1), double(2), double(3)]],
    ['the middle of nothing', { $median: { input: '$none', ...METHOD } }, null],
  ])('give %s', (_name, accumulator, value) => {
    expect(grouped(accumulator)).toBe(exact(value));
  });

  it.each([
    ['one of a number', { $top: { n: 1, output: '$a', sortBy: { a: 1 } } }, 5_788_002],
    ['several of no number', { $topN: { output: '$a', sortBy: { a: 1 } } }, 5_788_003],
    ['no output', { $bottom: { sortBy: { a: 1 } } }, 5_788_004],
    ['no order', { $bottomN: { n: 1, output: '$a' } }, 5_788_005],
    ['no input', { $firstN: { n: 2 } }, 5_787_907],
    ['no number', { $maxN: { input: '$a' } }, 5_787_906],
    ['something else', { $minN: { n: 1, input: '$a', x: 1 } }, 5_787_901],
    ['no method', { $median: { input: '$a' } }, 40_414],
    ['another method', { $median: { input: '$a', method: 'exact' } }, 2],
    ['shares of a middle', { $median: { input: '$a', p: [0.5], ...METHOD } }, 40_415],
    ['one share alone', { $percentile: { input: '$a', p: 0.5, ...METHOD } }, 7_750_301],
    ['a share that is no number', { $percentile: { input: '$a', p: ['x'], ...METHOD } }, 7_750_302],
    ['a share above the whole', { $percentile: { input: '$a', p: [2], ...METHOD } }, 7_750_303],
  ])('refuse %s', (_name, accumulator, code) => {
    expect(codeOf(() => grouped(accumulator))).toBe(code);
  });

  it('order documents by the least element of a list, as a sort does', () => {
    const documents = [{ x: [2, 9] }, { x: [5, 1] }];
    const top = { $top: { output: '$x', sortBy: { x: 1 } } };
    expect(piped([{ $group: { _id: null, r: top } }], documents)[0]?.['r']).toEqual([5, 1]);
  });

  it('take as many values as the key of their group says, and never as their documents say', () => {
    const documents = ['a', 'b', 'c'].map((v) => ({ k: 1, n: 2, v }));
    const values = (_id: unknown, accumulator: unknown): unknown =>
      piped([{ $group: { _id, r: accumulator } }], documents)[0]?.['r'];
    expect(values({ n: { $subtract: ['$n', 1] } }, { $firstN: { n: '$n', input: '$v' } })).toEqual(['a']);
    expect(values({ n: 2 }, { $bottomN: { n: '$n', output: '$v', sortBy: { v: 1 } } })).toEqual(['b', 'c']);
    expect(codeOf(() => values('$k', { $firstN: { n: '$n', input: '$v' } }))).toBe(5_787_902);
  });

  it.each([
    ['the middle of a list', { $median: { input: [1, 3, 2, 'x'], ...METHOD } }, double(2)],
    ['of one number', { $percentile: { input: 5, p: [0.5, 0.9], ...METHOD } }, [double(5), double(5)]],
    ['of no number', { $percentile: { input: 'x', p: [0.5], ...METHOD } }, [null]],
  ])('are expressions too: %s', (_name, expression, value) => {
    expect(evaluated(expression)).toBe(exact(value));
  });
});
