import { expect, it } from 'vitest';
import { codeOf, piped } from '../../support/evaluated.ts';

it.each<[string, unknown, number | null]>([
  ['a path', '$a', null],
  ['an expression', { $add: ['$a', 1] }, null],
  ['a document of fields', { a: '$a' }, 40_147],
  ['an empty document', {}, 40_147],
  ['a text', 'a', 40_148],
  ['a dollar alone', '$', 40_148],
  ['a number', 5, 40_149],
])('$sortByCount is refused, or is not, by %s', (_what, operand, code) => {
  expect(codeOf(() => piped([{ $sortByCount: operand }], [{ a: 1 }]))).toBe(code);
});

it.each<[string, unknown, number]>([
  ['what is no text', 5, 40_156],
  ['no name', '', 40_157],
  ['a name with a dollar', '$n', 40_158],
  ['a path', 'a.b', 40_160],
])('$count is refused by %s', (_what, operand, code) => {
  expect(codeOf(() => piped([{ $count: operand }], []))).toBe(code);
});
