import { Int32 } from 'bson';
import { describe, expect, it } from 'vitest';
import { codeOf, evaluated, exact } from '../../support/evaluated.ts';

const int = (value: number): Int32 => new Int32(value);
const found = (match: string, idx: number, captures: readonly (string | null)[] = []): Record<string, unknown> => ({
  match,
  idx: int(idx),
  captures,
});

describe('looking for texts', () => {
  it.each([
    ['blanks that are not in ASCII are trimmed', { $trim: { input: '\0 a b\u00a0\u2003\n' } }, 'a b'],
    ['other spaces are kept', { $trim: { input: '\u3000a' } }, '\u3000a'],
    ['signs of two units are trimmed', { $ltrim: { input: '😀a😀', chars: '😀' } }, 'a😀'],
    ['nothing is trimmed by null', { $rtrim: { input: 'a', chars: null } }, null],
    [
      'a dollar stands for itself',
      { $replaceOne: { input: 'abb', find: 'b', replacement: { $literal: '$&' } } },
      'a$&b',
    ],
    ['nothing is found around each sign', { $replaceAll: { input: 'ab', find: '', replacement: 'x' } }, 'xaxbx'],
    [
      'nothing around signs of two bytes is replaced by nothing',
      { $replaceAll: { input: 'é', find: '', replacement: '' } },
      'é',
    ],
    ['nothing comes in place of null', { $replaceAll: { input: null, find: '', replacement: 'x' } }, null],
    ['places are counted by signs', { $indexOfCP: ['a😀b', 'b'] }, int(2)],
    ['places are counted by bytes', { $indexOfBytes: ['a😀b', 'b'] }, int(5)],
    ['nothing stands behind the end', { $indexOfCP: ['abc', '', 4] }, int(-1)],
    ['only what lies before the end is found', { $indexOfCP: ['abcb', 'b', 2, 3] }, int(-1)],
    [
      'a match tells its place by signs',
      { $regexFind: { input: 'a😀bc', regex: '(b)(x)?' } },
      found('b', 2, ['b', null]),
    ],
    ['what matches nothing ends', { $regexFindAll: { input: 'ab', regex: '' } }, [found('', 0), found('', 1)]],
    ['an empty text has one such match', { $regexFindAll: { input: '', regex: 'x*' } }, [found('', 0)]],
    [
      'all matches tell their places',
      { $regexFindAll: { input: 'é1é2', regex: 'é(\\d)' } },
      [found('é1', 0, ['1']), found('é2', 2, ['2'])],
    ],
    ["expressions are Perl's", { $regexMatch: { input: 'ab', regex: '(?i)A b', options: 'x' } }, true],
    ['null does not match', { $regexMatch: { input: null, regex: 'a' } }, false],
    ['null has no matches', { $regexFindAll: { input: 'a', regex: '$none' } }, []],
  ])('%s', (_name, expression, value) => {
    expect(evaluated(expression)).toBe(exact(value));
  });

  it.each([
    ['a number that is trimmed', { $trim: { input: 5 } }, 50_699],
    ['signs that are no text', { $trim: { input: 'a', chars: 5 } }, 50_700],
    ['an operand of another name', { $trim: { input: 'a', char: ' ' } }, 50_694],
    ['nothing to be trimmed', { $trim: {} }, 50_695],
    ['a text alone', { $trim: 'a' }, 50_696],
    ['a number in which is replaced, also by null', { $replaceAll: { input: 5, find: null, replacement: '' } }, 51_746],
    ['nothing within a sign of two bytes', { $replaceAll: { input: 'é', find: '', replacement: 'x' } }, 238],
    ['nothing to come in its place', { $replaceOne: { input: 'a', find: 'a' } }, 51_747],
    ['null that is looked for', { $indexOfCP: ['a', null] }, 40_094],
    ['a number of signs', { $indexOfCP: [5, 'a'] }, 40_093],
    ['a place before the beginning', { $indexOfBytes: ['a', 'a', -1] }, 40_097],
    ['a place that is missing', { $indexOfBytes: ['a', 'a', '$none'] }, 40_096],
    ['a number that is searched', { $regexMatch: { input: 5, regex: 'a' } }, 51_104],
    ['a number as expression', { $regexMatch: { input: 'a', regex: 5 } }, 51_105],
    ['options twice', { $regexMatch: { input: 'a', regex: /a/i, options: 'i' } }, 51_107],
    ['an option that there is not', { $regexMatch: { input: 'a', regex: 'a', options: 'g' } }, 51_108],
    ['half an expression', { $regexFind: { input: 'a', regex: '(' } }, 51_111],
    ['no expression', { $regexFindAll: { input: 'a' } }, 31_023],
  ])('is refused with %s', (_name, expression, code) => {
    expect(codeOf(() => evaluated(expression))).toBe(code);
  });
});
